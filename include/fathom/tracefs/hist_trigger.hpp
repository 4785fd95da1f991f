#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// How a histogram shows a field. A key may have any but percent and graph, a value hex, percent and graph.
enum class HistModifier : std::uint8_t {
  none,
  hex,         ///< .hex: in hexadecimal
  sym,         ///< .sym: an address as a symbol
  sym_offset,  ///< .sym-offset: an address as a symbol and offset
  execname,    ///< .execname: common_pid as the program's name
  syscall,     ///< .syscall: a system call's number as its name
  log2,        ///< .log2: the power of two that is not below it
  buckets,     ///< .buckets=N: in steps of N
  usecs,       ///< .usecs: common_timestamp in microseconds
  percent,     ///< .percent: its share of the sum (Linux 6.2)
  graph,       ///< .graph: a bar (Linux 6.2)
  stacktrace,  ///< .stacktrace: a field that holds a call stack (Linux 6.3)
};

/// As the kernel spells it, without the dot: `sym-offset`; empty for none.
[[nodiscard]] std::string_view to_string(HistModifier modifier) noexcept;
/// The reverse; empty for a name that is none of the above.
[[nodiscard]] std::optional<HistModifier> parse_hist_modifier(std::string_view name) noexcept;

/// A field of the event, or an expression over fields, variables and numbers (`common_timestamp.usecs-$ts0`).
struct HistField {
  std::string name;                            ///< of a field of the event, or `hitcount`
  HistModifier modifier = HistModifier::none;  ///< how it is shown
  std::uint64_t bucket_size = 0;               ///< of HistModifier::buckets

  /// `bytes_req.buckets=32`.
  [[nodiscard]] std::string str() const;

  friend bool operator==(const HistField&, const HistField&) = default;
};

/// The reverse of HistField::str.
[[nodiscard]] HistField parse_hist_field(std::string_view text);

/// By which key or value the entries are sorted: the field's name without modifier, or `hitcount`.
struct HistSort {
  std::string field;        ///< a key or value of the trigger
  bool descending = false;  ///< highest first

  friend bool operator==(const HistSort&, const HistSort&) = default;
};

/// A value that is remembered by key, for other histograms to use: `ts0=common_timestamp.usecs`.
struct HistVariable {
  std::string name;        ///< without the `$`
  std::string expression;  ///< what is assigned to it

  friend bool operator==(const HistVariable&, const HistVariable&) = default;
};

/// What a histogram shall count: the description of a `hist:` trigger.
///
///     HistTrigger sizes{.keys = {{"bytes_req", HistModifier::log2}}, .values = {{"bytes_alloc"}},
///                       .sort = {{"bytes_alloc", true}}, .filter = "bytes_req > 64"};
///     Histogram histogram{events.event("kmem:kmalloc"), sizes};
///     sizes.definition();  // "hist:keys=bytes_req.log2:vals=bytes_alloc:sort=bytes_alloc.descending if bytes_req >
///     64"
///
/// A plain value; the kernel checks it when it is installed. The number of hits (`hitcount`) is always counted.
struct HistTrigger {
  std::vector<HistField> keys;            ///< 1 to 3; {"common_stacktrace"} ("stacktrace" before Linux 6.3)
  std::vector<HistField> values{};        ///< what is summed up beside hitcount: at most 2
  std::vector<HistVariable> variables{};  ///< what is remembered
  std::vector<HistSort> sort{};           ///< at most 2; by hitcount if there is none
  std::optional<std::uint32_t> size{};  ///< of the table, in entries: a power of two from 128 to 131072, 2048 if absent
  std::string name{};                   ///< histograms of the same name, on several events, share one table
  std::string clock{};                  ///< for common_timestamp; the kernel takes `global` if empty
  std::vector<std::string> actions{};   ///< `onmatch(sched.sched_waking).wakeup_latency($lat,next_pid)`
  std::string filter{};                 ///< only events that pass this
  bool paused = false;                  ///< does not count until it is told to

  /// What is written to the `trigger` file to install it.
  [[nodiscard]] std::string definition() const { return definition(paused ? "pause" : ""); }
  /// The same as a command to the histogram that is installed: `pause`, `continue`, `clear`; without one, what is
  /// written behind a `!` to take it away.
  [[nodiscard]] std::string definition(std::string_view command) const;

  friend bool operator==(const HistTrigger&, const HistTrigger&) = default;
};

}  // namespace fathom
