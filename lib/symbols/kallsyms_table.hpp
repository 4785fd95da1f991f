#pragma once

#include "address_index.hpp"
#include "name_index.hpp"
#include "raw_array.hpp"
#include "symbol_entry.hpp"

#include <fathom/base/parse_stats.hpp>
#include <fathom/symbols/kallsyms_index.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::detail {

/// Who symbols belong to. The first of a table is the kernel.
struct SymbolOwner {
  std::string name;
  SymbolOrigin origin = SymbolOrigin::kernel;
};

/// From here on, and before there.
struct AddressRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// What a KallsymsIndex shares with its copies: symbols in order of address, names one behind the other, the index by
/// address, and two that are made when they are first asked for.
struct KallsymsTable {
  ParseStats stats;
  KallsymsVisibility visibility = KallsymsVisibility::full;
  RawArray<SymbolEntry> symbols;
  RawArray<char> names;
  std::vector<SymbolOwner> owners;
  std::vector<KallsymsModule> modules;
  std::vector<AddressRange> image;  // where the kernel looks for its own symbols; empty where the file does not tell
  AddressIndex addresses;

  [[nodiscard]] std::string_view name_of(const SymbolEntry& symbol) const noexcept {
    return {names.data() + symbol.name(), symbol.length()};
  }
  [[nodiscard]] const SymbolOwner& owner_of(const SymbolEntry& symbol) const noexcept { return owners[symbol.owner()]; }

  /// The index by name, which the first call makes. Safe from all threads.
  [[nodiscard]] const NameIndex& by_name() const {
    if (!by_name_ready_.load(std::memory_order_acquire))
      index_names();
    return by_name_;
  }
  /// The places of all symbols in order of name; likewise.
  [[nodiscard]] std::span<const std::uint32_t> name_order() const;
  [[nodiscard]] std::size_t allocated_bytes() const noexcept;

 private:
  void index_names() const;

  mutable std::once_flag by_name_once_;
  mutable std::atomic<bool> by_name_ready_ = false;  // asked first, since call_once costs as much as a look-up
  mutable NameIndex by_name_;
  mutable std::once_flag name_order_once_;
  mutable std::vector<std::uint32_t> name_order_;
  mutable std::atomic<std::size_t> lazy_bytes_ = 0;
};

}  // namespace fathom::detail
