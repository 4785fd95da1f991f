#pragma once

#include <fathom/event/events.hpp>
#include <fathom/graph/detail/graph_text_reader.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace fathom::detail {

/// One function_graph line, taken apart. Views into the line. Fields that the layout or the body does not have are
/// stale: look at the `has_` flags and at the layout first.
struct GraphLine {
  enum class Kind : std::uint8_t { entry, leaf, exit, comment, irq_enter, irq_leave };

  // Not initialised: this is made once a line, and a line fills a few of them.
  Kind kind;
  bool has_duration;
  bool has_retval;
  bool has_name;
  std::uint32_t cpu;
  std::uint32_t depth;
  std::int32_t pid;
  std::uint32_t precision;
  std::uint64_t time;
  std::int64_t duration;
  std::uint64_t retval;
  LatencyFlags flags;
  std::string_view comm;
  std::string_view name;
  std::string_view module;
  std::string_view args;
  std::string_view caller;
  std::string_view text;  // a comment's, from behind its `/* ` to the end of the line
};

/// Takes a line with these columns apart. False if it does not have exactly this form; `out` is then garbage.
[[nodiscard]] bool decode_graph_line(std::string_view line, const GraphLayout& layout, GraphLine& out) noexcept;

/// Whether `name` and `module` are filled.
[[nodiscard]] inline bool has_function(const GraphLine& line) noexcept {
  using Kind = GraphLine::Kind;
  return line.kind == Kind::entry || line.kind == Kind::leaf || (line.kind == Kind::exit && line.has_name);
}

/// The columns that a graph line seems to have; empty if it is none.
[[nodiscard]] std::optional<GraphLayout> infer_graph_layout(std::string_view line) noexcept;

/// `    tw-168     ` padded to 14 columns or grown beyond, as the proc column and the switch banner print it. Advances
/// `rest` past it, to `separator`, which must follow.
[[nodiscard]] bool decode_proc(std::string_view& rest, std::string_view separator, Task& out) noexcept;

/// A function's name, without module, that the kernel could print. Anything else on a line's place for a name makes it
/// no graph line.
[[nodiscard]] bool is_function_name(std::string_view name) noexcept;

/// The columns of `d..1.` and its kin of 4, 5 or 7 letters.
[[nodiscard]] bool decode_latency_flags(std::string_view letters, LatencyFlags& out) noexcept;

}  // namespace fathom::detail
