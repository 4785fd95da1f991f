#pragma once

#include <fathom/symbols/kallsyms_index.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace report {

/// Names of functions, each address looked up once: what a line costs least time with.
class FunctionNames {
 public:
  /// The symbols must outlive it.
  explicit FunctionNames(const fathom::KallsymsIndex& symbols) : symbols_(&symbols), slots_(kFirstSize) {}

  /// Empty where nobody knows the address.
  std::string_view find(std::uint64_t address) {
    std::size_t at = place(address);
    while (slots_[at].used) {
      if (slots_[at].address == address) [[likely]]
        return slots_[at].name;
      at = (at + 1) & (slots_.size() - 1);
    }
    return add(address);
  }

 private:
  static constexpr std::size_t kFirstSize = 4096;  // sizes are powers of two
  struct Slot {
    std::uint64_t address = 0;
    std::string_view name;
    bool used = false;
  };

  std::size_t place(std::uint64_t address) const {
    return (address * 0x9e3779b97f4a7c15U >> 32U) & (slots_.size() - 1);
  }
  std::string_view add(std::uint64_t address);
  void put(const Slot& slot);

  const fathom::KallsymsIndex* symbols_;
  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace report
