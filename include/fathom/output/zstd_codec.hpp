#pragma once

#include <fathom/base/codec.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace fathom {

/// zstd, as trace-cmd compresses a trace.dat since its version 3.
///
///     const ZstdCodec zstd;
///     TraceDatReader file(bytes, {.path = path, .codec = &zstd});
///
/// Of the component fathom::output, which needs libzstd. Keeps nothing between calls: safe to share between threads.
class ZstdCodec final : public Codec {
 public:
  /// `level` as zstd counts: 1 is fast, 3 its default, 19 is slow. Others are taken as the nearest one.
  explicit ZstdCodec(int level = 3) noexcept : level_(level) {}

  /// `zstd`.
  [[nodiscard]] std::string_view name() const noexcept override { return "zstd"; }
  /// Of libzstd.
  [[nodiscard]] std::string_view version() const noexcept override;
  /// One frame.
  void compress(std::span<const std::byte> bytes, std::vector<std::byte>& packed) const override;
  /// One frame or several.
  [[nodiscard]] bool decompress(std::span<const std::byte> packed, std::span<std::byte> bytes) const override;

 private:
  int level_;
};

}  // namespace fathom
