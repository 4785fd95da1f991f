#include "unit/tracedat/run_length_codec.hpp"

#include <fathom/base/error.hpp>
#include <fathom/rawtrace/event_merger.hpp>
#include <fathom/tracedat/trace_dat_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

namespace {

struct Sink {
  std::uint64_t sum = 0;
  void on(const fathom::RawRecord& record) {
    for (const std::byte b : record.bytes())
      sum += static_cast<std::uint64_t>(b);
  }
};

void require(bool so) {
  if (!so)
    std::abort();
}

void add(std::uint64_t& sum, std::string_view text) {
  for (const char c : text)
    sum += static_cast<unsigned char>(c);
}

}  // namespace

// Bytes as a trace.dat: an error, or texts, options and pages that lie in the file or were decompressed within the
// limit, and an account that adds up.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLimit = std::size_t{1} << 16U;
  const fathom::test::RunLengthCodec codec;
  try {
    fathom::TraceDatReader file(std::as_bytes(std::span(data, size)),
                                {.path = {}, .codec = &codec, .max_decompressed = kLimit});
    Sink sink;
    for (const auto text : {file.header_page(), file.header_event(), file.kallsyms(), file.printk_formats(),
                            file.cmdlines(), file.trace_clock(), file.section_name(size / 2)})
      add(sink.sum, text);
    for (const fathom::TraceDatFormat& format : file.format_texts()) {
      add(sink.sum, format.system);
      add(sink.sum, format.text);
    }
    for (const fathom::TraceDatOption& option : file.options())
      add(sink.sum, option.text());
    require(file.options().size() <= size / 6 && file.format_texts().size() <= size / 8);
    std::size_t stored = 0;
    for (const fathom::TraceDatBuffer& buffer : file.buffers()) {
      std::vector<fathom::TraceDatBytes> pages;
      fathom::EventMerger merger(file.layout(buffer));
      for (const fathom::TraceDatCpu& cpu : buffer.cpus) {
        stored += cpu.size;
        merger.add(cpu.cpu, pages.emplace_back(file.pages(buffer, cpu)).bytes());
        require(pages.back().bytes().size() <= (buffer.compressed ? kLimit : cpu.size));
      }
      merger.drain(sink);
      add(sink.sum, file.text(buffer).text());
    }
    require(stored <= size);  // no byte of the file belongs to two CPUs
    const fathom::ParseStats& stats = file.stats();
    require(stats.bytes == stats.parsed_bytes + stats.skipped_bytes);
    require(stats.records == stats.parsed_records + stats.skipped_records());
    volatile std::uint64_t kept = sink.sum;
    static_cast<void>(kept);
  } catch (const fathom::Error&) {
  }
  return 0;
}
