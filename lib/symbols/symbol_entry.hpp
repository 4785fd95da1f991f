#pragma once

#include <cstddef>
#include <cstdint>

namespace fathom::detail {

/// A symbol as the table holds it, in sixteen bytes.
class SymbolEntry {
 public:
  static constexpr std::size_t kMaxName = 511;          // KSYM_NAME_LEN - 1 since Linux 6.1
  static constexpr std::size_t kMaxOwners = 1U << 16U;  // as many as the field numbers

  SymbolEntry() = default;
  /// A `length` of 0 says that the symbol was left out, and only its address still counts.
  SymbolEntry(std::uint64_t address, std::uint32_t name, std::size_t length, char letter, bool mapping,
              std::uint32_t owner) noexcept
      : address_(address),
        name_(name),
        packed_(static_cast<std::uint32_t>(length) | code_of(letter) << kLetterAt | (mapping ? 1U : 0U) << kMappingAt |
                owner << kOwnerAt) {}

  [[nodiscard]] std::uint64_t address() const noexcept { return address_; }
  /// Where the name begins in the table's names.
  [[nodiscard]] std::uint32_t name() const noexcept { return name_; }
  [[nodiscard]] std::size_t length() const noexcept { return packed_ & 0x1ffU; }
  [[nodiscard]] bool left_out() const noexcept { return length() == 0; }
  /// Whether it is a mapping symbol of an assembler.
  [[nodiscard]] bool mapping() const noexcept { return (packed_ >> kMappingAt & 1U) != 0; }
  /// Its place in the table's owners.
  [[nodiscard]] std::uint32_t owner() const noexcept { return packed_ >> kOwnerAt; }
  void set_owner(std::uint32_t owner) noexcept { packed_ = (packed_ & ((1U << kOwnerAt) - 1)) | owner << kOwnerAt; }
  [[nodiscard]] char letter() const noexcept {
    const std::uint32_t code = packed_ >> kLetterAt & 0x3fU;
    return code == kQuestion ? '?' : code == kDash ? '-' : static_cast<char>(code + 'A');
  }

 private:
  static constexpr unsigned kLetterAt = 9;
  static constexpr unsigned kMappingAt = 15;
  static constexpr unsigned kOwnerAt = 16;
  static constexpr std::uint32_t kQuestion = 62;
  static constexpr std::uint32_t kDash = 63;

  static std::uint32_t code_of(char letter) noexcept {
    return letter == '?' ? kQuestion : letter == '-' ? kDash : static_cast<std::uint32_t>(letter - 'A');
  }

  std::uint64_t address_;
  std::uint32_t name_;
  std::uint32_t packed_;
};
static_assert(sizeof(SymbolEntry) == 16);

}  // namespace fathom::detail
