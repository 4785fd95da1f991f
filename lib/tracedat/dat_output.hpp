#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::tracedat {

/// Numbers and texts in a byte order, as bytes.
class ByteBuilder {
 public:
  explicit ByteBuilder(std::endian order) : order_(order) {}

  ByteBuilder& u16(std::uint16_t value) { return number(value, sizeof value); }
  ByteBuilder& u32(std::uint32_t value) { return number(value, sizeof value); }
  ByteBuilder& u64(std::uint64_t value) { return number(value, sizeof value); }
  ByteBuilder& bytes(std::span<const std::byte> bytes);
  ByteBuilder& text(std::string_view text);
  /// With a NUL behind it.
  ByteBuilder& string(std::string_view text);

  [[nodiscard]] const std::vector<std::byte>& built() const noexcept { return built_; }

 private:
  ByteBuilder& number(std::uint64_t value, std::size_t size);

  std::endian order_;
  std::vector<std::byte> built_;
};

/// A file as it is written: counts where it is, and can write again what was written. Throws Error where the stream
/// fails.
class DatOutput {
 public:
  /// `path` is for messages.
  DatOutput(std::ostream& out, std::string path);

  void write(std::span<const std::byte> bytes);
  void write(const ByteBuilder& bytes) { write(bytes.built()); }
  /// Zeros up to the next multiple.
  void align(std::uint64_t to);
  /// Writes in the middle of what was written.
  void rewrite(std::uint64_t at, const ByteBuilder& bytes);
  void flush();

  [[nodiscard]] std::uint64_t at() const noexcept { return at_; }

 private:
  void check() const;

  std::ostream* out_;
  std::string path_;
  std::uint64_t start_ = 0;  // where in the stream the file begins
  std::uint64_t at_ = 0;
};

}  // namespace fathom::tracedat
