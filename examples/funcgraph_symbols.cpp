#include "funcgraph_symbols.hpp"

#include "common/program.hpp"

#include <fathom/base/error.hpp>

#include <fmt/core.h>

#include <charconv>
#include <cstdint>
#include <string_view>

namespace funcgraph {

namespace {

// The kernel prints "0xffffffffc0a01000" where it has no name, or no longer has one.
std::optional<std::uint64_t> address_of(std::string_view name) {
  std::uint64_t address = 0;
  if (!name.starts_with("0x"))
    return {};
  const auto [end, ec] = std::from_chars(name.data() + 2, name.data() + name.size(), address, 16);
  return ec == std::errc{} && end == name.data() + name.size() ? std::optional(address) : std::nullopt;
}

std::string kind_of(const fathom::Symbol& symbol) {
  return fmt::format("{} {}", symbol.type().letter(), fathom::to_string(symbol.origin()));
}

}  // namespace

Symbols Symbols::of_file(const std::string& path) {
  Symbols symbols;
  symbols.index_ = fathom::KallsymsIndex::load({.path = path});
  return symbols;
}

Symbols Symbols::of_this_kernel(bool quiet) {
  Symbols symbols;
  try {
    symbols.index_ = fathom::KallsymsIndex::load();
  } catch (const fathom::Error& e) {
    if (!quiet)
      examples::tell("funcgraph", fmt::format("the table does not say what the functions are: {}", e.what()));
  }
  return symbols;
}

std::vector<fathom::Symbol> Symbols::find(const fathom::FunctionStat& function) const {
  std::vector<fathom::Symbol> found;
  if (const auto address = address_of(function.name)) {
    if (const auto hit = index_.find(*address))
      found.push_back(*hit);
    return found;
  }
  for (const fathom::Symbol symbol : index_.named(function.name)) {
    if (symbol.module() == function.module && symbol.type().executable())
      found.push_back(symbol);
  }
  return found;
}

std::string Symbols::remark(const fathom::FunctionStat& function) const {
  const std::vector<fathom::Symbol> found = find(function);
  if (found.empty())
    return {};
  const fathom::Symbol& first = found.front();
  std::string text = kind_of(first);
  if (found.size() > 1)
    text += fmt::format(", one of {}", found.size());
  if (const auto address = address_of(function.name))
    text += fmt::format(", {}+{:#x}", first.name(), *address - first.address());
  return text;
}

}  // namespace funcgraph
