#include "report_input.hpp"

#ifdef REPORT_READS_ZSTD
#include <fathom/output/zstd_codec.hpp>
#endif

namespace report {

namespace {

std::unique_ptr<const fathom::Codec> zstd() {
#ifdef REPORT_READS_ZSTD
  return std::make_unique<fathom::ZstdCodec>();
#else
  return nullptr;
#endif
}

}  // namespace

Input::Input(const std::string& path)
    : mapped_(path),
      codec_(zstd()),
      file_(mapped_.bytes(), {.path = path, .codec = codec_.get()}),
      formats_(file_.formats()),
      symbols_(fathom::KallsymsIndex::parse(file_.kallsyms())) {}

std::vector<Input::Source> Input::sources() {
  std::vector<Source> sources;
  for (const fathom::TraceDatBuffer& buffer : file_.buffers()) {
    for (const fathom::TraceDatCpu& cpu : buffer.cpus)
      sources.push_back({&buffer, cpu.cpu, file_.pages(buffer, cpu)});
  }
  return sources;
}

}  // namespace report
