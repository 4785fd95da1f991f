#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fathom::tracedat {

/// Reads numbers, texts and stretches, one behind the other. The first one that is not there whole makes the cursor
/// fail: from then on it gives zeros and nothing, and stays where it is.
class ByteCursor {
 public:
  ByteCursor(std::span<const std::byte> bytes, bool swap) : bytes_(bytes), swap_(swap) {}

  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  /// Up to a NUL, which is read too.
  std::string_view string();
  /// So many bytes.
  std::span<const std::byte> take(std::uint64_t size);
  /// The same as text.
  std::string_view text(std::uint64_t size);
  /// Whether these bytes come next; only then are they read.
  bool accept(std::string_view expected);

  /// Says that what comes next is not what it should be.
  void fail() noexcept { failed_ = true; }
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  /// How far it came.
  [[nodiscard]] std::size_t at() const noexcept { return at_; }
  [[nodiscard]] std::size_t left() const noexcept { return bytes_.size() - at_; }

 private:
  template <class Number>
  Number number();

  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  bool swap_;
  bool failed_ = false;
};

/// Bytes as the characters that they are.
[[nodiscard]] std::string_view text_of(std::span<const std::byte> bytes) noexcept;

}  // namespace fathom::tracedat
