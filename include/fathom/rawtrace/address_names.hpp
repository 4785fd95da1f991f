#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fathom {

/// Names addresses: `find(address)` is empty, or points to what has a `name()` and a `module()`. KallsymsIndex does.
template <class Symbols>
concept AddressLookup = requires(const Symbols& symbols, std::uint64_t address) {
  static_cast<bool>(symbols.find(address));
  std::string_view(symbols.find(address)->name());
  std::string_view(symbols.find(address)->module());
};

/// A look-up of addresses, whatever its type: what printers are given.
///
///     const auto symbols = KallsymsIndex::load();
///     const AddressNames names(symbols);                    // which must outlive it
///     if (auto found = names.find(address)) std::cout << found->name << '+' << found->offset << '\n';
///     const AddressNames none;                              // knows no address
///
/// A view of two words; what find() gives is good as long as the symbols. As safe to share between threads as they.
class AddressNames {
 public:
  /// Where an address is.
  struct Found {
    std::string_view name;              ///< of the symbol
    std::string_view module;            ///< empty for the kernel's own
    std::uint64_t offset = 0;           ///< of the address in the symbol, in bytes
    std::optional<std::uint64_t> size;  ///< of the symbol, in bytes; absent where nobody knows
    std::uint64_t start = 0;            ///< the symbol's own address
  };

  /// Knows no address.
  AddressNames() = default;
  /// Asks these. Offsets and sizes are known where what find() gives has `offset()` and `size()`.
  template <AddressLookup Symbols>
  explicit AddressNames(const Symbols& symbols) noexcept : symbols_(&symbols), find_(&ask<Symbols>) {}
  template <AddressLookup Symbols>
  explicit AddressNames(const Symbols&& symbols) = delete;

  /// The symbol that an address belongs to; empty if there is none.
  [[nodiscard]] std::optional<Found> find(std::uint64_t address) const {
    return find_ == nullptr ? std::nullopt : find_(symbols_, address);
  }

 private:
  template <class Symbols>
  static std::optional<Found> ask(const void* symbols, std::uint64_t address) {
    const auto hit = static_cast<const Symbols*>(symbols)->find(address);
    if (!hit)
      return std::nullopt;
    Found found{hit->name(), hit->module(), 0, std::nullopt, address};
    if constexpr (requires { std::uint64_t{hit->offset()}; })
      found.offset = hit->offset();
    if constexpr (requires { std::optional<std::uint64_t>(hit->size()); })
      found.size = hit->size();
    found.start = address - found.offset;
    return found;
  }

  const void* symbols_ = nullptr;
  std::optional<Found> (*find_)(const void*, std::uint64_t) = nullptr;
};

}  // namespace fathom
