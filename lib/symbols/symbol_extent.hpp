#pragma once

#include "kallsyms_table.hpp"
#include "symbol_entry.hpp"

#include <cstdint>

namespace fathom::detail {

/// How far a symbol reaches.
struct SymbolExtent {
  std::uint64_t end = 0;  // the first address that is not its own any more; 0 where there is none above it
  bool known = false;     // whether the symbol really ends there; else it ends there at the latest
};

/// Whether it is a value rather than a place.
[[nodiscard]] bool is_absolute(const SymbolEntry& symbol) noexcept;

/// `next` is the next symbol with another address that is no mapping symbol, or null. KallsymsIndex states the rules.
[[nodiscard]] SymbolExtent extent_of(const KallsymsTable& table, const SymbolEntry& symbol,
                                     const SymbolEntry* next) noexcept;

/// Makes the table's index by address, of symbols that are in order. Those that were left out still bound others, and
/// are about to be dropped: they do not count in the places of the index.
void index_addresses(KallsymsTable& table);

}  // namespace fathom::detail
