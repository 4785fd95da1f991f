#include <fathom/base/error.hpp>
#include <fathom/output/zstd_codec.hpp>

#include <zstd.h>

#include <algorithm>

namespace fathom {

std::string_view ZstdCodec::version() const noexcept {
  return ZSTD_versionString();
}

void ZstdCodec::compress(std::span<const std::byte> bytes, std::vector<std::byte>& packed) const {
  packed.resize(ZSTD_compressBound(bytes.size()));
  const int level = std::clamp(level_, ZSTD_minCLevel(), ZSTD_maxCLevel());
  const std::size_t size = ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), level);
  if (ZSTD_isError(size) != 0)
    throw Error(std::errc::not_enough_memory, "compress with zstd", {}, ZSTD_getErrorName(size));
  packed.resize(size);
}

bool ZstdCodec::decompress(std::span<const std::byte> packed, std::span<std::byte> bytes) const {
  const std::size_t size = ZSTD_decompress(bytes.data(), bytes.size(), packed.data(), packed.size());
  return ZSTD_isError(size) == 0 && size == bytes.size();
}

}  // namespace fathom
