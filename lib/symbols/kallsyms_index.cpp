#include "kallsyms_parser.hpp"
#include "kallsyms_table.hpp"

#include <fathom/symbols/kallsyms_index.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace fathom {

using detail::AddressIndex;
using detail::KallsymsTable;
using detail::SymbolEntry;

KallsymsIndex::KallsymsIndex() : KallsymsIndex(parse({})) {}

KallsymsIndex::KallsymsIndex(std::shared_ptr<const KallsymsTable> table) noexcept : table_(std::move(table)) {}

KallsymsIndex KallsymsIndex::parse(std::string_view text, const KallsymsOptions& options) {
  detail::KallsymsParser parser(options.leave_out_labels);
  parser.feed(text);
  return KallsymsIndex(parser.finish());
}

std::optional<SymbolHit> KallsymsIndex::find(std::uint64_t address) const& noexcept {
  const AddressIndex::Place place = table_->addresses.find(address);
  if (place.value > AddressIndex::kMaxPlace)
    return std::nullopt;
  return SymbolHit(Symbol(table_.get(), place.value), place.offset);
}

std::optional<SymbolHit> KallsymsIndex::find_return_address(std::uint64_t pc) const& noexcept {
  auto hit = pc == 0 ? std::nullopt : find(pc - 1);
  if (hit)
    ++hit->offset_;
  return hit;
}

SymbolRange KallsymsIndex::aliases(std::uint64_t address) const& noexcept {
  if (visibility() == KallsymsVisibility::hidden)
    return {};
  const auto found =
      std::equal_range(table_->symbols.begin(), table_->symbols.end(), SymbolEntry(address, 0, 0, '?', false, 0),
                       [](const SymbolEntry& a, const SymbolEntry& b) { return a.address() < b.address(); });
  return places(static_cast<std::size_t>(found.first - table_->symbols.begin()),
                static_cast<std::size_t>(found.second - table_->symbols.begin()));
}

SymbolRange KallsymsIndex::between(std::uint64_t from, std::uint64_t to) const& noexcept {
  if (visibility() == KallsymsVisibility::hidden || to <= from)
    return {};
  const auto first_from = [this](std::uint64_t address) {
    const auto* const found = std::ranges::lower_bound(table_->symbols, address, {}, &SymbolEntry::address);
    return static_cast<std::size_t>(found - table_->symbols.begin());
  };
  return places(first_from(from), first_from(to));
}

SymbolRange KallsymsIndex::named(std::string_view name) const& {
  detail::NameIndex::Found found;
  if (!table_->by_name().find(*table_, name, found))
    return {};
  if (found.list.empty())
    return places(found.first, found.first + 1UL);
  return listed(found.list);
}

OnlySymbol KallsymsIndex::only(std::string_view name) const& {
  const SymbolRange all = named(name);
  if (all.size() == 1)
    return {all.front(), 1};
  return {std::nullopt, all.size()};
}

SymbolRange KallsymsIndex::prefixed(std::string_view prefix) const& {
  const auto head = [this, prefix](std::uint32_t place) {
    return table_->name_of(table_->symbols[place]).substr(0, prefix.size());
  };
  const auto found = std::ranges::equal_range(table_->name_order(), prefix, {}, head);
  return listed({found.begin(), found.end()});
}

SymbolRange KallsymsIndex::symbols() const& noexcept {
  return places(0, table_->symbols.size());
}

std::span<const KallsymsModule> KallsymsIndex::modules() const& noexcept {
  return table_->modules;
}

KallsymsVisibility KallsymsIndex::visibility() const noexcept {
  return table_->visibility;
}

const ParseStats& KallsymsIndex::stats() const& noexcept {
  return table_->stats;
}

std::size_t KallsymsIndex::allocated_bytes() const noexcept {
  return table_->allocated_bytes();
}

SymbolRange KallsymsIndex::places(std::size_t first, std::size_t last) const noexcept {
  return {{table_.get(), nullptr, first}, {table_.get(), nullptr, last}};
}

SymbolRange KallsymsIndex::listed(std::span<const std::uint32_t> list) const noexcept {
  return {{table_.get(), list.data(), 0}, {table_.get(), list.data(), list.size()}};
}

}  // namespace fathom
