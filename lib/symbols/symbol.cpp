#include "kallsyms_table.hpp"
#include "mapping_symbol.hpp"
#include "symbol_extent.hpp"

#include <fathom/symbols/symbol.hpp>

namespace fathom {

std::uint64_t Symbol::address() const noexcept {
  return table_->symbols[index_].address();
}

std::optional<std::uint64_t> Symbol::size() const noexcept {
  using detail::AddressIndex;
  const detail::SymbolEntry& symbol = table_->symbols[index_];
  if (symbol.mapping() || detail::is_absolute(symbol))
    return std::nullopt;
  const auto own = table_->addresses.find(symbol.address());
  if (own.value > AddressIndex::kMaxPlace)
    return std::nullopt;
  const auto next = table_->addresses.next(symbol.address());
  if (!next || next->value == AddressIndex::kEndAtMost)
    return std::nullopt;
  if (next->value != AddressIndex::kEnd &&
      !detail::extent_of(*table_, table_->symbols[own.value], &table_->symbols[next->value]).known)
    return std::nullopt;
  return next->address - symbol.address();
}

std::string_view Symbol::name() const noexcept {
  return table_->name_of(table_->symbols[index_]);
}

std::string_view Symbol::module() const noexcept {
  return table_->owner_of(table_->symbols[index_]).name;
}

SymbolType Symbol::type() const noexcept {
  return SymbolType(table_->symbols[index_].letter());
}

SymbolOrigin Symbol::origin() const noexcept {
  return table_->owner_of(table_->symbols[index_]).origin;
}

bool Symbol::is_label() const noexcept {
  return fathom::is_label(name());
}

bool is_label(std::string_view name) noexcept {
  constexpr std::string_view kCfi = "__cfi_";
  if (name.starts_with(kCfi)) {
    // Clang's CFI of Linux 5.13 to 6.0 has functions of these names.
    const std::string_view rest = name.substr(kCfi.size());
    return rest != "check" && rest != "check_fail" && rest != "slowpath" && rest != "slowpath_diag";
  }
  return name.starts_with("__pfx_") || name.starts_with("__kcfi_typeid_") || detail::is_mapping_symbol(name);
}

}  // namespace fathom
