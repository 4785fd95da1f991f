// ksym: whose address is this, and where is that name?
//
// Shows KallsymsIndex: look-ups by address, name and glob, aliases, modules, what a type letter means.

#include "common/output.hpp"
#include "common/printable.hpp"
#include "common/program.hpp"
#include "ksym_options.hpp"
#include "ksym_search.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <ostream>

namespace {

using namespace ksym;
using fathom::KallsymsIndex;
using fathom::Symbol;

constexpr std::string_view kName = "ksym";

std::string with_module(const Symbol& symbol) {
  std::string text(symbol.name());
  if (!symbol.module().empty())
    text += " [" + std::string(symbol.module()) + "]";
  return text;
}

std::vector<std::string> aliases_of(const KallsymsIndex& symbols, const Symbol& symbol) {
  std::vector<std::string> names;
  for (const Symbol alias : symbols.aliases(symbol.address())) {
    if (alias != symbol)
      names.push_back(with_module(alias));
  }
  return names;
}

// ffffffff81000110 0x1a5 T vfs_read+0x10 [module]  (code, global; also: ksys_read_alias)
void write_text(std::ostream& out, const KallsymsIndex& symbols, const Match& match) {
  const Symbol& symbol = match.symbol;
  const auto size = symbol.size();
  out << fmt::format("{:016x} {:>8} {} {}", symbol.address(), size ? fmt::format("0x{:x}", *size) : "-",
                     symbol.type().letter(), examples::printable(symbol.name()));
  if (match.offset.value_or(0) != 0)
    out << fmt::format("+0x{:x}", *match.offset);
  if (!symbol.module().empty())
    out << fmt::format(" [{}]", examples::printable(symbol.module()));
  out << fmt::format("  ({}", symbol.type().description(symbol.origin()));
  std::string_view before = "; also ";
  for (const std::string& alias : aliases_of(symbols, symbol)) {
    out << before << examples::printable(alias);
    before = ", ";
  }
  out << ")\n";
}

nlohmann::ordered_json json_of(const KallsymsIndex& symbols, const Match& match) {
  const Symbol& symbol = match.symbol;
  nlohmann::ordered_json json{{"address", fmt::format("0x{:x}", symbol.address())}, {"name", symbol.name()}};
  if (match.offset)
    json["offset"] = *match.offset;
  if (const auto size = symbol.size())
    json["size"] = *size;
  json["module"] = symbol.module();
  json["origin"] = to_string(symbol.origin());
  json["type"] = std::string(1, symbol.type().letter());
  json["section"] = to_string(symbol.type().section());
  json["scope"] = to_string(symbol.type().scope(symbol.origin()));
  json["description"] = symbol.type().description(symbol.origin());
  json["label"] = symbol.is_label();
  json["aliases"] = aliases_of(symbols, symbol);
  return json;
}

void write_json(std::ostream& out, const KallsymsIndex& symbols, const Answer& answer) {
  nlohmann::ordered_json json{{"query", answer.query}, {"symbols", nlohmann::json::array()}};
  for (const Match& match : answer.matches)
    json["symbols"].push_back(json_of(symbols, match));
  if (answer.matches.empty())
    json["nearest"] = answer.nearest;
  // A name may be of any bytes.
  out << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

std::string nothing_found(const Answer& answer) {
  std::string text = "no symbol for " + answer.query;
  std::string_view before = "; nearest: ";
  for (const std::string& name : answer.nearest) {
    text += before;
    text += name;
    before = ", ";
  }
  return text;
}

// What is worth a word on standard error: lines that were skipped, addresses that are hidden.
void tell_of_input(const KallsymsIndex& symbols, const Options& options) {
  const fathom::ParseStats& stats = symbols.stats();
  if (symbols.visibility() == fathom::KallsymsVisibility::hidden)
    examples::tell(kName, options.kallsyms + " hides its addresses");
  if (stats.first_bad)
    examples::tell(kName, fmt::format("{}: {} of {} lines skipped, the first is line {} ({})", options.kallsyms,
                                      stats.skipped_records(), stats.records, stats.first_bad->number,
                                      to_string(stats.first_bad->reason)));
}

int run(int argc, const char* const* argv) {
  const std::optional<Options> options = parse_options(argc, argv);
  if (!options)
    return 0;
  const KallsymsIndex symbols = load(*options);
  tell_of_input(symbols, *options);
  examples::Output output = examples::Output::standard_output();
  int status = 0;
  for (const std::string& query : options->queries) {
    const Answer found = answer(symbols, *options, query);
    if (options->json)
      write_json(output.stream(), symbols, found);
    else
      for (const Match& match : found.matches)
        write_text(output.stream(), symbols, match);
    if (found.matches.empty()) {
      examples::tell(kName, examples::printable(nothing_found(found)));
      status = examples::kFailure;
    }
  }
  output.close();
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program(kName, [&] { return run(argc, argv); });
}
