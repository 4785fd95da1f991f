#include "symbol_extent.hpp"

#include <algorithm>
#include <optional>

namespace fathom::detail {

namespace {

constexpr std::uint64_t kPage = 4096;  // the smallest of any architecture
constexpr std::uint64_t kMaxProgram = 1UL << 20U;

bool executable(const SymbolEntry& symbol) noexcept {
  return SymbolType(symbol.letter()).executable();
}

// Not behind `length` bytes, nor behind the next symbol.
SymbolExtent at_most(std::uint64_t end, const SymbolEntry* next) noexcept {
  if (next != nullptr && (end == 0 || next->address() < end))
    end = next->address();
  return {end, false};
}

std::uint64_t page_end(std::uint64_t address) noexcept {
  return (address | (kPage - 1)) + 1;
}

// An end that would lie behind the highest address is none.
std::uint64_t end_after(std::uint64_t address, std::uint64_t length) noexcept {
  return address + length < address ? 0 : address + length;
}

SymbolExtent extent_in_kernel(const KallsymsTable& table, const SymbolEntry& symbol, const SymbolEntry* next) noexcept {
  const std::uint64_t address = symbol.address();
  const bool next_is_kernel = next != nullptr && table.owner_of(*next).origin == SymbolOrigin::kernel;
  if (table.image.empty())
    return next_is_kernel ? SymbolExtent{next->address(), true} : at_most(page_end(address), next);
  std::uint64_t end = 0;
  for (const AddressRange& range : table.image) {
    if (range.begin <= address && address < range.end)
      end = std::max(end, range.end);
  }
  if (end == 0)
    return at_most(end_after(address, 1), next);
  if (next == nullptr || next->address() > end)
    return {end, true};
  return {next->address(), next_is_kernel};
}

// Of those at one address: a place before a value, and either before what was left out.
unsigned rank_of(const SymbolEntry& symbol) noexcept {
  return symbol.left_out() ? 0 : is_absolute(symbol) ? 1 : 2;
}

}  // namespace

bool is_absolute(const SymbolEntry& symbol) noexcept {
  return symbol.letter() == 'A' || symbol.letter() == 'a';
}

SymbolExtent extent_of(const KallsymsTable& table, const SymbolEntry& symbol, const SymbolEntry* next) noexcept {
  const std::uint64_t address = symbol.address();
  if (is_absolute(symbol))
    return at_most(end_after(address, 1), next);
  switch (table.owner_of(symbol).origin) {
    case SymbolOrigin::kernel:
      return extent_in_kernel(table, symbol, next);
    case SymbolOrigin::module:
    case SymbolOrigin::module_init:
      if (next != nullptr && next->owner() == symbol.owner() && !is_absolute(*next) &&
          executable(*next) == executable(symbol))
        return {next->address(), true};
      return at_most(page_end(address), next);
    case SymbolOrigin::bpf_program:
      return at_most(end_after(address, kMaxProgram), next);
    case SymbolOrigin::bpf_trampoline:
    case SymbolOrigin::bpf_dispatcher:
    case SymbolOrigin::bpf_struct_ops:
    case SymbolOrigin::ftrace_trampoline:
    case SymbolOrigin::kprobe_page:
      break;
  }
  return at_most(end_after(address, kPage), next);
}

void index_addresses(KallsymsTable& table) {
  AddressIndex::Builder builder(table.symbols.size());
  std::uint32_t kept = 0;
  const SymbolEntry* open = nullptr;  // the last one that answers for its address, or that bounds and was left out
  std::optional<SymbolEntry> last;
  // Called with what begins next: says where the one before it ends, if that is sooner.
  const auto close = [&](const SymbolEntry* next) {
    if (!last || last->left_out())
      return true;
    const SymbolExtent extent = extent_of(table, *last, next);
    if (extent.end != 0 && (next == nullptr || extent.end < next->address()))
      builder.add(extent.end, extent.known ? AddressIndex::kEnd : AddressIndex::kEndAtMost);
    return extent.known;
  };
  for (std::size_t i = 0; i < table.symbols.size();) {
    // All of one address. The first of the highest rank answers; what was left out still ends the one before.
    const std::uint64_t address = table.symbols[i].address();
    std::optional<std::uint32_t> place;
    open = nullptr;
    for (; i < table.symbols.size() && table.symbols[i].address() == address; ++i) {
      const SymbolEntry& symbol = table.symbols[i];
      if (!symbol.mapping() && (open == nullptr || rank_of(symbol) > rank_of(*open))) {
        open = &symbol;
        place = symbol.left_out() ? std::nullopt : std::optional(kept);
      }
      kept += symbol.left_out() ? 0U : 1U;
    }
    if (open == nullptr)
      continue;
    const bool known = close(open);
    builder.add(address, place ? *place : known ? AddressIndex::kEnd : AddressIndex::kEndAtMost);
    last = *open;
  }
  close(nullptr);
  table.addresses = std::move(builder).finish();
}

}  // namespace fathom::detail
