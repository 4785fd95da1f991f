#include "ksym_search.hpp"

#include <fathom/base/nearest_names.hpp>

#include <charconv>
#include <string_view>

namespace ksym {

namespace {

using fathom::KallsymsIndex;
using fathom::Symbol;

std::optional<std::uint64_t> parse_address(std::string_view text) {
  constexpr std::size_t kLeast = 8;
  const bool marked = text.starts_with("0x") || text.starts_with("0X");
  if (marked)
    text.remove_prefix(2);
  else if (text.size() < kLeast)
    return std::nullopt;
  std::uint64_t address = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, address, 16);
  return error == std::errc{} && stop == end ? std::optional(address) : std::nullopt;
}

bool wanted(const Options& options, const Symbol& symbol) {
  if (!options.types.empty() && options.types.find(symbol.type().letter()) == std::string::npos)
    return false;
  if (options.section && to_string(symbol.type().section()) != *options.section)
    return false;
  if (!options.module)
    return true;
  return *options.module == "kernel" ? symbol.module().empty() : symbol.module() == *options.module;
}

std::vector<std::string> nearest_names(const KallsymsIndex& symbols, const Options& options, const std::string& query) {
  fathom::NearestNames nearest(query);
  for (const Symbol symbol : symbols) {
    if (wanted(options, symbol))
      nearest.offer(symbol.name());
  }
  return nearest.names();
}

}  // namespace

KallsymsIndex load(const Options& options) {
  return KallsymsIndex::load({.path = options.kallsyms,
                              .leave_out_labels = !options.labels,
                              .allow_hidden = options.kallsyms != fathom::KallsymsOptions{}.path});
}

Answer answer(const KallsymsIndex& symbols, const Options& options, const std::string& query) {
  Answer answer{query, {}, {}};
  const auto take = [&](auto&& range) {
    for (const Symbol symbol : range) {
      if (wanted(options, symbol))
        answer.matches.push_back({symbol, {}});
    }
  };
  take(symbols.named(query));  // a name first, whatever else it looks like
  if (!answer.matches.empty())
    return answer;
  if (const auto address = parse_address(query)) {
    if (const auto hit = symbols.find(*address); hit && wanted(options, *hit))
      answer.matches.push_back({*hit, hit->offset()});
    return answer;
  }
  if (query.find_first_of("*?[") != std::string::npos)
    take(symbols.matching(query));
  if (answer.matches.empty())
    answer.nearest = nearest_names(symbols, options, query);
  return answer;
}

}  // namespace ksym
