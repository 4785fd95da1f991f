#pragma once

#include <fathom/event/function_table.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace fathom::detail {

/// Which function of a FunctionTable an address is, so that each address is looked up once. Not for use by itself.
class FunctionCache {
 public:
  /// The function at this address; `name(address)` interns it if it is new.
  template <class Name>
  FunctionId get(std::uint64_t address, Name&& name) {
    std::size_t at = slot_of(address);
    while (slots_[at].id != FunctionId::unknown) {
      if (slots_[at].address == address) [[likely]]
        return slots_[at].id;
      at = (at + 1) & (slots_.size() - 1);
    }
    const FunctionId id = std::forward<Name>(name)(address);
    slots_[at] = {address, id};
    if (++used_ * 2 > slots_.size())
      grow();
    return id;
  }

  /// How an address without a name is printed: `0xffffffffc0123456`.
  static FunctionId intern_nameless(FunctionTable& functions, std::uint64_t address) {
    std::array<char, 18> text{'0', 'x'};
    char* const first = text.data() + 2;
    const auto [end, error] = std::to_chars(first, first + 16, address, 16);
    return functions.intern({text.data(), static_cast<std::size_t>(end - text.data())});
  }

 private:
  struct Slot {
    std::uint64_t address = 0;
    FunctionId id = FunctionId::unknown;  // free
  };

  // Functions begin at multiples of 16: the product's upper bits know all of the address.
  [[nodiscard]] std::size_t slot_of(std::uint64_t address) const noexcept {
    return (address * 0x9e37'79b9'7f4a'7c15U >> 32U) & (slots_.size() - 1);
  }
  void grow() {
    const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
    for (const Slot& slot : old) {
      if (slot.id == FunctionId::unknown)
        continue;
      std::size_t at = slot_of(slot.address);
      while (slots_[at].id != FunctionId::unknown)
        at = (at + 1) & (slots_.size() - 1);
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_ = std::vector<Slot>(1024);
  std::size_t used_ = 0;
};

}  // namespace fathom::detail
