// tracedat_grow IN OUT BYTES: a trace.dat with the pages of IN again and again, each time later, until there are so
// many bytes of them; of version 7, not compressed. For comparisons that take longer than a program takes to start.
#include <fathom/output/zstd_codec.hpp>
#include <fathom/rawtrace/page_decoder.hpp>
#include <fathom/tracedat/trace_dat_reader.hpp>
#include <fathom/tracedat/trace_dat_writer.hpp>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Span {
  std::uint64_t first = ~std::uint64_t{0};
  std::uint64_t last = 0;
  void on(const fathom::RawRecord& record) {
    first = std::min(first, record.time);
    last = std::max(last, record.time);
  }
};

void grow(const std::string& from, const std::string& to, std::uint64_t bytes) {
  std::ifstream in(from, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const fathom::ZstdCodec zstd;
  fathom::TraceDatReader file(std::as_bytes(std::span(text)), {.path = from, .codec = &zstd});
  const fathom::TraceDatBuffer& buffer = file.buffers().at(0);
  if (file.byte_order() != std::endian::native)
    throw std::runtime_error("of another byte order");

  std::vector<fathom::TraceDatBytes> pages;
  std::uint64_t round = 0;
  Span span;
  for (const fathom::TraceDatCpu& cpu : buffer.cpus) {
    fathom::PageDecoder decoder(file.layout(buffer));
    decoder.feed(cpu.cpu, pages.emplace_back(file.pages(buffer, cpu)).bytes(), span);
    round += pages.back().bytes().size();
  }
  if (round == 0)
    throw std::runtime_error("has no pages");

  fathom::TraceDatParts parts;
  parts.header_page = file.header_page();
  parts.header_event = file.header_event();
  parts.formats = file.format_texts();
  parts.kallsyms = file.kallsyms();
  parts.printk_formats = file.printk_formats();
  parts.cmdlines = file.cmdlines();
  parts.cpus = file.cpu_count().value_or(1);
  parts.buffers = {{"", buffer.clock, buffer.page_size}};
  std::ofstream out(to, std::ios::binary);
  fathom::TraceDatWriter writer(out, parts);
  const std::uint64_t rounds = (bytes + round - 1) / round;
  const std::uint64_t step = span.last - span.first + 1000;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    writer.begin(0, buffer.cpus[i].cpu);
    std::vector<std::byte> later(pages[i].bytes().begin(), pages[i].bytes().end());
    for (std::uint64_t k = 0; k < rounds; ++k) {
      writer.write(later);
      for (std::size_t at = 0; at < later.size(); at += buffer.page_size) {
        std::uint64_t time = 0;
        std::memcpy(&time, &later[at], sizeof time);
        time += step;
        std::memcpy(&later[at], &time, sizeof time);
      }
    }
  }
  writer.finish();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 4)
      throw std::runtime_error("tracedat_grow IN OUT BYTES");
    grow(argv[1], argv[2], std::strtoull(argv[3], nullptr, 10));
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "tracedat_grow: " << e.what() << '\n';
    return 1;
  }
}
