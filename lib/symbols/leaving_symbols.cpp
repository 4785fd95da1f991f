#include "leaving_symbols.hpp"

#include <algorithm>
#include <iterator>

namespace fathom::symbols {

namespace {

constexpr unsigned kMostLooks = 5;

bool has_symbol(const KallsymsIndex& index, std::uint64_t address, const std::string& name) {
  return std::ranges::any_of(index.aliases(address), [&](const Symbol& symbol) { return symbol.name() == name; });
}

bool has_module(const KallsymsIndex& index, const std::string& name) {
  return std::ranges::any_of(index.modules(), [&](const KallsymsModule& module) { return module.name == name; });
}

// Forgets what is gone or was looked for often enough.
template <typename Leaving, typename Has>
void look(Leaving& leaving, Has has) {
  for (auto entry = leaving.begin(); entry != leaving.end();) {
    const bool stays = has(entry->first) && ++entry->second < kMostLooks;
    entry = stays ? std::next(entry) : leaving.erase(entry);
  }
}

}  // namespace

void LeavingSymbols::note(const SymbolChangeSummary& changes) {
  if (changes.lossy()) {
    ksymbols_.clear();
    modules_.clear();
  }
  for (const KsymbolEvent& event : changes.ksymbols) {
    std::pair key(event.address, event.name);
    if (event.unregistered)
      ksymbols_.insert_or_assign(std::move(key), 0U);
    else
      ksymbols_.erase(key);
  }
  for (const ModuleEvent& event : changes.modules) {
    if (event.action == ModuleEvent::Action::remove)
      modules_.insert_or_assign(event.module, 0U);
    else
      modules_.erase(event.module);
  }
}

bool LeavingSymbols::still_in(const KallsymsIndex& index) {
  look(ksymbols_, [&](const auto& key) { return has_symbol(index, key.first, key.second); });
  look(modules_, [&](const std::string& name) { return has_module(index, name); });
  return !ksymbols_.empty() || !modules_.empty();
}

}  // namespace fathom::symbols
