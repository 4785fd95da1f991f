#pragma once

#include <fathom/base/trace_clock.hpp>
#include <fathom/rawtrace/format_registry.hpp>

#include <cstdint>
#include <string_view>

namespace fathom {

/// What the lines of `trace` look like, as `trace_options` says; the names are the kernel's, with `_` for `-`.
///
///     auto options = TraceTextOptions::parse(read("trace_options"), read("current_tracer"), read("trace_clock"));
///     options.funcgraph_proc = true;
///     TraceTextPrinter printer(formats, sources, options, write);
///
/// The defaults are the kernel's. A plain value.
struct TraceTextOptions {
  bool function_graph = false;           ///< `current_tracer` is function_graph: lines are those of the graph
  TraceClock clock = TraceClock::local;  ///< `trace_clock`: tells whether times are seconds
  bool context_info = true;              ///< task, CPU, flags and time before each line
  bool irq_info = true;                  ///< the flags' column of the default line
  bool record_tgid = false;              ///< the thread group's column of the default line
  bool latency_format = false;           ///< the flags' column in a graph; other lines stay as they are
  bool print_parent = true;              ///< `<-caller` of the function tracer
  bool sym_offset = false;               ///< `vfs_read+0x4/0x370`, of the function tracer and of stacks
  bool sym_addr = false;                 ///< ` <ffffffff81453924>` after these
  bool annotate = true;                  ///< `##### CPU 1 buffer started ####`, where the buffer was overrun
  bool verbose = false;                  ///< types in the lines of system calls
  bool hash_ptr = true;                  ///< pointers were printed as hashes, which the record does not hold
  bool bitmask_list = false;             ///< CPU masks as `0-3,5` (Linux 7.0)
  bool funcgraph_cpu = true;             ///< ` 0) `
  bool funcgraph_overhead = true;        ///< the mark before a long duration
  bool funcgraph_proc = false;           ///< `    ls-168     | `
  bool funcgraph_duration = true;        ///< `  1.234 us   |  `
  bool funcgraph_abstime = false;        ///< `  123.456789 |  `
  bool funcgraph_irqs = true;            ///< functions of hard interrupts, too
  bool funcgraph_tail = false;           ///< `} /* name */`
  bool funcgraph_overrun = false;        ///< ` (Overruns: 0)`
  bool funcgraph_retval = false;         ///< `/* ret=0x1 */` (Linux 6.5)
  bool funcgraph_retval_hex = false;     ///< in hexadecimal also for error codes
  bool funcgraph_retaddr = false;        ///< `/* <-caller+0x12/0x60 */` (Linux 6.13)

  /// From the texts of `trace_options` (one name a line, with `no` before it where it is off), `current_tracer` and
  /// `trace_clock` (all clocks, the chosen one in brackets). What they do not say stays at its default.
  [[nodiscard]] static TraceTextOptions parse(std::string_view trace_options, std::string_view current_tracer = {},
                                              std::string_view trace_clock = {});
};

/// In which way a kernel writes what kernels have written in several ways. The texts of the formats tell most of it.
///
///     auto dialect = TraceTextDialect::of(formats);
///     dialect.wide_pid = false;            // a 4.19 that pads pids to 5 columns: nothing in its formats tells
///
/// A plain value.
struct TraceTextDialect {
  bool wide_pid = true;         ///< `%-7d` for a pid, else `%-5d`: of() takes that for all before 4.10 (`raw_data`)
  bool migrate_disable = true;  ///< a fifth flag: the depth of migrate_disable() (Linux 5.15)
  bool preempt_lazy = false;    ///< seven flags: PREEMPT_RT of 6.1
  bool retval_named = true;     ///< `ret=0x1` (Linux 6.13), else `= 0x1`
  bool syscall_values = true;   ///< arguments of system calls as `0x1f` and `9` (Linux 6.19), else `1f`
  bool mark_lost = true;        ///< losses of unknown size have a line, too (Linux 5.10)

  /// As the formats' texts show.
  [[nodiscard]] static TraceTextDialect of(const FormatRegistry& formats);
};

}  // namespace fathom
