#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// One switch of `trace_options` and the directory `options/`.
struct TraceOption {
  std::string name;  ///< as the kernel spells it, without the leading `no`: `funcgraph-abstime`
  bool on = false;   ///< whether it is set

  friend bool operator==(const TraceOption&, const TraceOption&) = default;
};

/// The switches of the function_graph tracer.
enum class FuncgraphOption : std::uint8_t {
  overrun,     ///< funcgraph-overrun: a line about lost entries after each exit
  cpu,         ///< funcgraph-cpu: the CPU column
  overhead,    ///< funcgraph-overhead: the mark for long calls
  proc,        ///< funcgraph-proc: the task column
  duration,    ///< funcgraph-duration: the duration column
  abstime,     ///< funcgraph-abstime: the time column
  irqs,        ///< funcgraph-irqs: functions of hardware interrupts too
  tail,        ///< funcgraph-tail: the name at each closing brace
  retval,      ///< funcgraph-retval: return values (Linux 6.5, CONFIG_FUNCTION_GRAPH_RETVAL)
  retval_hex,  ///< funcgraph-retval-hex: these always in hexadecimal
  retaddr,     ///< funcgraph-retaddr: the caller (Linux 6.13, CONFIG_FUNCTION_GRAPH_RETADDR)
  args,        ///< funcgraph-args: arguments (Linux 6.15, CONFIG_FUNCTION_TRACE_ARGS)
  sleep_time,  ///< sleep-time: durations include the time off the CPU
  graph_time,  ///< graph-time: the function profiler counts nested calls too
};

/// As the kernel spells it: `funcgraph-retval-hex`, `sleep-time`.
[[nodiscard]] std::string_view to_string(FuncgraphOption option) noexcept;
/// The reverse; empty for a name that is none of the above.
[[nodiscard]] std::optional<FuncgraphOption> parse_funcgraph_option(std::string_view name) noexcept;
/// All of them, in the order of the enumerators.
[[nodiscard]] std::vector<FuncgraphOption> all_funcgraph_options();

/// The text of the file `trace_options`, one name a line; `no` in front means off. Every option is on unless its name
/// begins with `no`, which no option's own name does.
[[nodiscard]] std::vector<TraceOption> parse_trace_options(std::string_view text);

}  // namespace fathom
