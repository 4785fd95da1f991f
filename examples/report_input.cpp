#include "report_input.hpp"

#ifdef REPORT_READS_ZSTD
#include <fathom/output/zstd_codec.hpp>
#endif

#include <functional>

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
    : descriptor_(examples::open_file(path)),
      mapped_(descriptor_.get(), path),
      codec_(zstd()),
      file_(mapped_.bytes(), {.path = path, .codec = codec_.get()}),
      formats_(file_.formats()) {}

const fathom::KallsymsIndex& Input::symbols() {
  if (!symbols_)
    symbols_ = fathom::KallsymsIndex::parse(file_.kallsyms());
  return *symbols_;
}

std::vector<Input::Source> Input::sources() {
  std::vector<Source> sources;
  for (const fathom::TraceDatBuffer& buffer : file_.buffers()) {
    for (const fathom::TraceDatCpu& cpu : buffer.cpus)
      sources.push_back({&buffer, cpu.cpu, file_.pages(buffer, cpu)});
  }
  return sources;
}

std::optional<std::uint64_t> Input::place(std::span<const std::byte> pages) const {
  const std::span<const std::byte> file = mapped_.bytes();
  const std::less_equal<const std::byte*> not_behind;
  const bool within =
      not_behind(file.data(), pages.data()) && not_behind(pages.data() + pages.size(), file.data() + file.size());
  return within ? std::optional(static_cast<std::uint64_t>(pages.data() - file.data())) : std::nullopt;
}

}  // namespace report
