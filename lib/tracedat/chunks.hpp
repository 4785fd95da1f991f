#pragma once

#include <fathom/base/codec.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace fathom::tracedat {

/// What came out of compressed bytes.
struct Decompressed {
  std::vector<std::byte> bytes;  ///< what was whole
  std::size_t used = 0;          ///< of the compressed bytes, so many
  std::size_t spoilt = 0;        ///< so much room was filled for a block that was not whole
  bool whole = false;            ///< nothing was cut or damaged, or larger than allowed
};

/// A compressed section: 32 bits of compressed size, 32 bits of size, and the compressed bytes.
[[nodiscard]] Decompressed decompress_block(const Codec& codec, std::span<const std::byte> packed, bool swap,
                                            std::uint64_t limit);
/// Compressed pages: 32 bits that say how many such blocks follow.
[[nodiscard]] Decompressed decompress_chunks(const Codec& codec, std::span<const std::byte> packed, bool swap,
                                             std::uint64_t limit);

}  // namespace fathom::tracedat
