#include "text.hpp"

#include <fathom/tracefs/trace_option.hpp>

#include <array>
#include <cstddef>

namespace fathom {

namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, 14> kFuncgraphNames = {
    "funcgraph-overrun", "funcgraph-cpu",  "funcgraph-overhead", "funcgraph-proc",   "funcgraph-duration",
    "funcgraph-abstime", "funcgraph-irqs", "funcgraph-tail",     "funcgraph-retval", "funcgraph-retval-hex",
    "funcgraph-retaddr", "funcgraph-args", "sleep-time",         "graph-time"};

}  // namespace

std::string_view to_string(FuncgraphOption option) noexcept {
  return kFuncgraphNames[static_cast<std::size_t>(option)];
}

std::optional<FuncgraphOption> parse_funcgraph_option(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kFuncgraphNames.size(); ++i) {
    if (kFuncgraphNames[i] == name)
      return static_cast<FuncgraphOption>(i);
  }
  return std::nullopt;
}

std::vector<FuncgraphOption> all_funcgraph_options() {
  std::vector<FuncgraphOption> options;
  options.reserve(kFuncgraphNames.size());
  for (std::size_t i = 0; i < kFuncgraphNames.size(); ++i)
    options.push_back(static_cast<FuncgraphOption>(i));
  return options;
}

// noprint-parent
// sym-offset
std::vector<TraceOption> parse_trace_options(std::string_view text) {
  std::vector<TraceOption> options;
  for (const std::string_view word : tracefs::words_of(text)) {
    const bool off = word.starts_with("no");
    options.push_back({std::string(off ? word.substr(2) : word), !off});
  }
  return options;
}

}  // namespace fathom
