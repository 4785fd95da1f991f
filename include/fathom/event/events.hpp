#pragma once

#include <fathom/base/time.hpp>
#include <fathom/event/function_table.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

/// The plain values that every source of this library speaks in: parsers of text, decoders of raw pages, readers of
/// files.
///
/// What a source did not say is absent, never invented: default function_graph text has no time, and no task before a
/// CPU's first switch line. Every view in an event points into the source's own buffers and is good only
/// until the sink's `on()` returns: copy what you keep.
namespace fathom {

/// A task as ftrace names it: thread id and command. Text of function_graph keeps only the first 7 bytes of `comm`.
struct Task {
  std::int32_t pid = 0;   ///< the kernel's pid: a thread id. 0 is the idle task, of which every CPU has one
  std::string_view comm;  ///< `<idle>` for the idle task, `<...>` where the kernel had forgotten it
};

/// The columns that `latency-format` or `irq-info` adds, in the kernel's own letters (kernel/trace/trace_output.c,
/// trace_print_lat_fmt). NUL where the kernel has no such column.
struct LatencyFlags {
  char irqs = 0;                ///< `d` off, `b` bottom halves off, `D` both, `.` on
  char need_resched = 0;        ///< `N`, `n`, `p`, from 6.17 on also `l`, `L`, `b`, `B`
  char need_resched_lazy = 0;   ///< PREEMPT_RT of 6.1 only
  char context = 0;             ///< `h` hard irq, `s` soft irq, `H` hard inside soft, `z` NMI, `Z` NMI inside an irq
  char preempt_depth = 0;       ///< hexadecimal digit
  char preempt_lazy_depth = 0;  ///< PREEMPT_RT of 6.1 only
  char migrate_disable = 0;     ///< hexadecimal digit; since 5.15

  friend bool operator==(const LatencyFlags&, const LatencyFlags&) = default;
};

/// Where and when an event happened, as far as the source says.
struct EventContext {
  std::optional<std::uint32_t> cpu;   ///< the processor that recorded it
  std::optional<Timestamp> time;      ///< on the clock of the trace
  std::optional<Task> task;           ///< that was running
  std::optional<LatencyFlags> flags;  ///< only with `latency-format` or `irq-info`
};

/// A recording begins here, as the header of `trace` says. Where it comes in the midst, several were put one after the
/// other: what was open before it does not go on after it, and no CPU's task is known.
struct RecordingStart {};

/// A function was entered.
struct GraphEntry {
  EventContext context;                       ///< where and when it was entered
  FunctionId function = FunctionId::unknown;  ///< an id of the source's FunctionTable
  std::uint32_t depth = 0;                    ///< calls above it on its stack, as the kernel counted
  bool leaf = false;      ///< the source said in the same record that it calls nothing traced; its exit follows at once
  std::string_view args;  ///< as printed, without the parentheses: `lock=0xffff, type=1 [PIDTYPE_TGID]`
  std::string_view caller;                  ///< return address as printed by funcgraph-retaddr: `vfs_read+0x4/0x370`
  std::span<const std::uint64_t> raw_args;  ///< of raw records: the argument registers, to be rendered with BTF
  std::optional<std::uint64_t> return_address;  ///< of raw records: where `caller` is, as a number
};

/// A function returned.
struct GraphExit {
  EventContext context;  ///< where and when it returned
  FunctionId function =
      FunctionId::unknown;              ///< unknown where text prints only `}`: the innermost open call at `depth`
  std::uint32_t depth = 0;              ///< that of its GraphEntry
  bool leaf = false;                    ///< as in its GraphEntry
  std::optional<Duration> duration;     ///< from entry to return
  Duration precision{1};                ///< the true duration is less than this above `duration`: the print cuts digits
  std::optional<std::uint64_t> retval;  ///< the return register; a printed negative number in two's complement
  std::optional<std::uint64_t> overruns;  ///< what funcgraph-overrun says: calls that were too deep to record
};

/// On this CPU the trace goes on with another task. In text this is the banner between two tasks' lines; it is printed
/// when the task of the printed lines changes, so it is not a sched_switch event: it is absent if nothing of the other
/// was traced.
struct TaskChange {
  std::optional<std::uint32_t> cpu;  ///< the processor that changed
  Task previous;                     ///< whose lines end here
  Task next;                         ///< whose lines begin here
};

/// The kernel says that it dropped events of this CPU before the event that follows.
struct Loss {
  std::optional<std::uint32_t> cpu;     ///< whose events are gone
  std::optional<std::uint64_t> events;  ///< how many; absent where the kernel does not know
};

/// An event or a trace_marker inside a function graph, as text: `sched_wakeup: comm=...`, or the marker's message
/// alone.
struct GraphComment {
  EventContext context;   ///< where and when it was written
  std::string_view text;  ///< without the comment signs
};

/// An interrupt's entry or exit as function_graph marks it with an arrow (x86 before Linux 5.8, arm64).
struct IrqMark {
  EventContext context;   ///< where and when
  bool entering = false;  ///< false where the interrupt ends
};

/// A record in the default line format, such as the stack trace of an event in the midst of a graph: `text` is all that
/// follows the prefix, `<stack trace>`.
struct TextRecord {
  EventContext context;   ///< as the prefix gives it
  std::string_view text;  ///< what follows the prefix
};

/// One line of a stack trace, innermost first, after its TextRecord: `do_syscall_64`, `<ffffffff810>`,
/// `libc.so.6[+0x1]`.
struct StackFrame {
  std::string_view text;  ///< as printed, without the arrow
};

}  // namespace fathom
