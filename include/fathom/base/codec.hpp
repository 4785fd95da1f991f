#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace fathom {

/// Compresses blocks of bytes and brings them back: what rooms without third-party code take where a file format
/// knows compression.
///
///     const ZstdCodec zstd;                                   // output/zstd_codec.hpp, component fathom::output
///     std::vector<std::byte> packed;
///     zstd.compress(pages, packed);
///     std::vector<std::byte> back(pages.size());
///     zstd.decompress(packed, back);                          // true
///
/// Calls are independent of each other. Whether an object may be shared between threads, its class says.
class Codec {
 public:
  Codec() = default;
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;
  virtual ~Codec() = default;

  /// As it stands in files: `zstd`.
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// Of the implementation: `1.5.4`. Files name it; nobody depends on it.
  [[nodiscard]] virtual std::string_view version() const noexcept = 0;
  /// Makes `packed` the compressed form of `bytes`. Throws std::bad_alloc, or Error where the implementation fails.
  virtual void compress(std::span<const std::byte> bytes, std::vector<std::byte>& packed) const = 0;
  /// Fills `bytes` with what was compressed. False if `packed` is damaged or was not exactly as many bytes; then
  /// `bytes` may hold anything. Never writes outside of them.
  [[nodiscard]] virtual bool decompress(std::span<const std::byte> packed, std::span<std::byte> bytes) const = 0;
};

}  // namespace fathom
