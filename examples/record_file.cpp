#include "record_file.hpp"

#include "common/mapped_file.hpp"
#include "common/optional_file.hpp"

#include <fathom/base/error.hpp>
#include <fathom/tracedat/trace_dat_writer.hpp>
#include <fathom/tracefs/raw_formats.hpp>

#ifdef RECORD_WRITES_ZSTD
#include <fathom/output/zstd_codec.hpp>
#endif

#include <fmt/core.h>

#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace record {

namespace {

std::string kallsyms() {
  std::ifstream in("/proc/kallsyms", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string machine() {
  utsname name{};
  if (::uname(&name) != 0)
    return {};
  return std::string(name.sysname) + ' ' + name.nodename + ' ' + name.release + ' ' + name.machine;
}

std::unique_ptr<const fathom::Codec> codec(bool wanted) {
  if (!wanted)
    return nullptr;
#ifdef RECORD_WRITES_ZSTD
  return std::make_unique<fathom::ZstdCodec>();
#else
  throw fathom::UnsupportedError("zstd", {}, "this program was built without fathom::output");
#endif
}

// What a CPU's file `stats` would say had it counted from the start of the recording, under the line that trace-cmd
// puts over it.
std::string stats_text(const fathom::RecordedCpu& cpu) {
  return fmt::format("CPU: {}\nentries: {}\noverrun: {}\ncommit overrun: {}\ndropped events: {}\nread events: {}\n",
                     cpu.cpu, cpu.entries, cpu.overrun, cpu.commit_overrun, cpu.dropped_events, cpu.read_events);
}

}  // namespace

std::uint64_t write_file(const Options& options, const fathom::TraceArray& array, const fathom::Recorder& recorder,
                         const fathom::Recording& counts, const examples::PageSpool& spool,
                         examples::Replacement& file) {
  fathom::TraceFiles& files = *array.files();
  const std::string header_page = files.read(array.path("events/header_page"));
  const std::string header_event = files.read(array.path("events/header_event"));
  const std::vector<fathom::FormatText> formats = fathom::read_format_texts(array);
  const std::string symbols = kallsyms();
  const std::string printk_formats = examples::read_if_there(files, "printk_formats");
  const std::string cmdlines = examples::read_if_there(files, "saved_cmdlines");
  const std::string uname = machine();

  fathom::TraceDatParts parts;
  parts.long_size = sizeof(long);
  parts.header_page = header_page;
  parts.header_event = header_event;
  for (const fathom::FormatText& format : formats)
    parts.formats.push_back({format.system, format.text});
  parts.kallsyms = symbols;
  parts.printk_formats = printk_formats;
  parts.cmdlines = cmdlines;
  parts.uname = uname;
  parts.cpus = 1;
  for (const unsigned cpu : recorder.cpus().cpus())
    parts.cpus = std::max(parts.cpus, cpu + 1);
  const std::size_t page_size = recorder.layout().page_size();
  parts.buffers = {{"", "local", static_cast<std::uint32_t>(page_size)}};
  std::deque<std::string> stats;
  for (const fathom::RecordedCpu& cpu : counts.cpus) {
    const std::string& text = stats.emplace_back(stats_text(cpu));
    parts.options.push_back({static_cast<std::uint16_t>(fathom::TraceDatOptionId::cpu_stat),
                             std::as_bytes(std::span(text.c_str(), text.size() + 1))});
  }

  const auto with = codec(options.compress);
  errno = 0;
  std::fstream out(file.stream_path(), std::ios::in | std::ios::out | std::ios::binary);
  if (!out)
    throw fathom::Error(errno, "write", options.output);
  fathom::TraceDatWriter writer(out, parts, {.version = options.version, .codec = with.get(), .path = options.output});
  for (const auto& [cpu, pages] : spool.files()) {
    const examples::MappedFile recorded(pages.get(), spool.path(cpu));
    // Where there was no more room, a page may be there in part.
    const std::size_t whole = recorded.bytes().size() / page_size * page_size;
    writer.begin(0, cpu);
    writer.write(recorded.bytes().first(whole));
  }
  writer.finish();
  const auto size = static_cast<std::uint64_t>(out.tellp());
  file.commit();
  return size;
}

}  // namespace record
