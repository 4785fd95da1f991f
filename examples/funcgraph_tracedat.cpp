#include "funcgraph_tracedat.hpp"

#include "funcgraph_pages.hpp"

#include <fathom/base/error.hpp>
#include <fathom/tracedat/trace_dat_reader.hpp>
#include <fathom/tracefs/ring_buffer_stats.hpp>

#ifdef FUNCGRAPH_READS_ZSTD
#include <fathom/output/zstd_codec.hpp>
#endif

#include <algorithm>
#include <cstdint>
#include <memory>
#include <system_error>
#include <vector>

namespace funcgraph {

namespace {

std::unique_ptr<const fathom::Codec> zstd() {
#ifdef FUNCGRAPH_READS_ZSTD
  return std::make_unique<fathom::ZstdCodec>();
#else
  return nullptr;
#endif
}

// What the kernel counted, where the file says it: some marks in pages have no number.
std::uint64_t lost_events(const fathom::TraceDatReader& file) {
  std::uint64_t lost = 0;
  for (const fathom::TraceDatOption& option : file.options()) {
    if (option.id == static_cast<std::uint16_t>(fathom::TraceDatOptionId::cpu_stat))
      lost += fathom::parse_ring_buffer_stats(option.text()).lost();
  }
  return lost;
}

void add_skipped(fathom::ParseStats& to, const fathom::ParseStats& more) {
  to.records += more.skipped_records();
  for (std::size_t i = 0; i < to.skipped_records_by_reason.size(); ++i)
    to.skipped_records_by_reason[i] += more.skipped_records_by_reason[i];
}

}  // namespace

bool is_trace_dat(std::string_view start) {
  return start.starts_with("\x17\x08\x44tracing");
}

void read_trace_dat(std::span<const std::byte> bytes, const std::string& path, Trace& trace) {
  const auto codec = zstd();
  fathom::TraceDatReader file(bytes, {.path = path, .codec = codec.get()});
  // Which options the text would have been printed with a trace.dat does not say: those that the kernel begins with.
  const PageSources sources{file.formats(),
                            fathom::KallsymsIndex::parse(file.kallsyms()),
                            fathom::PrintkFormats::parse(file.printk_formats()),
                            {}};
  const auto has_pages = [](const fathom::TraceDatBuffer& buffer) {
    return std::ranges::any_of(buffer.cpus, [](const fathom::TraceDatCpu& cpu) { return cpu.size != 0; });
  };
  const auto buffer = std::ranges::find_if(file.buffers(), has_pages);
  if (buffer != file.buffers().end()) {
    std::vector<fathom::TraceDatBytes> kept;
    std::vector<CpuPages> pages;
    for (const fathom::TraceDatCpu& cpu : buffer->cpus)
      pages.push_back({cpu.cpu, kept.emplace_back(file.pages(*buffer, cpu)).bytes()});
    decode_pages(sources, file.task_names(), pages, file.layout(*buffer), trace);
  }
  add_skipped(trace.stats, file.stats());
  if (const std::uint64_t lost = lost_events(file); lost > trace.stats.lost_events) {
    trace.stats.losses = std::max<std::uint64_t>(trace.stats.losses, 1);
    trace.stats.lost_events = lost;
  }
  trace.forest.finish();
  if (trace.forest.calls() == 0)
    throw fathom::Error(std::errc::invalid_argument, "find function_graph events in", path,
                        "record with function_graph: record -p function_graph");
}

}  // namespace funcgraph
