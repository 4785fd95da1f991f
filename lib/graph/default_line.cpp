#include "default_line.hpp"

#include "graph_line.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>

namespace fathom::detail {

namespace {

constexpr std::string_view kDigits = "0123456789";
// What still is a time after it has become nanoseconds of 64 bits.
constexpr std::uint64_t kMaxWholeMicros = std::numeric_limits<std::uint64_t>::max() / 1000 - 1;

void trim_left(std::string_view& text) noexcept {
  const std::size_t first = text.find_first_not_of(' ');
  text.remove_prefix(first == std::string_view::npos ? text.size() : first);
}

void trim_right(std::string_view& text) noexcept {
  text = text.substr(0, text.find_last_not_of(' ') + 1);
}

// The whole of `text` as a number.
template <class Number>
bool whole_number(std::string_view text, Number& out) noexcept {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  return ec == std::errc{} && end == text.data() + text.size();
}

// Takes the number that `text` starts with.
template <class Number>
bool take_number(std::string_view& text, Number& out) noexcept {
  const std::size_t size = std::min(text.find_first_not_of(kDigits), text.size());
  if (!whole_number(text.substr(0, size), out))
    return false;
  text.remove_prefix(size);
  return true;
}

// "   comm-123", "comm-123   (    123)", "comm-123 (-------)"
bool decode_task(std::string_view text, Task& out) noexcept {
  trim_right(text);
  if (text.ends_with(')')) {
    const std::size_t open = text.rfind('(');
    if (open == std::string_view::npos ||
        text.substr(open + 1, text.size() - open - 2).find_first_not_of(" -0123456789") != std::string_view::npos)
      return false;
    text = text.substr(0, open);
    trim_right(text);
  }
  trim_left(text);
  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos || !whole_number(text.substr(dash + 1), out.pid) || out.pid < 0)
    return false;
  out.comm = text.substr(0, dash);
  return true;
}

// "   24.008501: text" and, of clocks that do not count time, "  123456: text"
bool decode_stamp(std::string_view rest, TextRecord& out) noexcept {
  trim_left(rest);
  std::uint64_t whole = 0;
  if (!take_number(rest, whole))
    return false;
  Timestamp time{whole};
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    const std::size_t before = rest.size();
    std::uint64_t micros = 0;
    if (!take_number(rest, micros) || before - rest.size() != 6 || whole > kMaxWholeMicros / 1'000'000U)
      return false;
    time.nanoseconds = whole * 1'000'000'000U + micros * 1000U;
  }
  if (!rest.starts_with(": "))
    return false;
  out.context.time = time;
  out.text = rest.substr(2);
  return true;
}

// What follows "[000] ": the flags, if the irq-info option is on, and the time.
bool decode_flags_and_stamp(std::string_view rest, TextRecord& out) noexcept {
  const std::size_t space = rest.find(' ');
  LatencyFlags flags;
  if (space != std::string_view::npos && decode_latency_flags(rest.substr(0, space), flags) &&
      decode_stamp(rest.substr(space), out)) {
    out.context.flags = flags;
    return true;
  }
  out.context.flags.reset();
  return decode_stamp(rest, out);
}

bool decode_plain(std::string_view line, TextRecord& out) noexcept {
  // A command may hold " [0] " itself, so each place that looks like the CPU column is tried.
  for (std::size_t open = line.find(" ["); open != std::string_view::npos; open = line.find(" [", open + 1)) {
    std::string_view rest = line.substr(open + 2);
    std::uint32_t cpu = 0;
    Task task;
    if (!take_number(rest, cpu) || !rest.starts_with("] ") || !decode_task(line.substr(0, open), task) ||
        !decode_flags_and_stamp(rest.substr(2), out))
      continue;
    out.context.cpu = cpu;
    out.context.task = task;
    return true;
  }
  return false;
}

// "      tw-181       0dn..5.. 3095us : text"; the letter behind "us" marks the gap to the next record
bool decode_latency(std::string_view line, TextRecord& out) noexcept {
  for (std::size_t dash = line.find('-'); dash < 32; dash = line.find('-', dash + 1)) {
    std::string_view rest = line.substr(dash + 1);
    Task task;
    if (!take_number(rest, task.pid) || !rest.starts_with(' '))
      continue;
    trim_left(rest);
    std::uint32_t cpu = 0;
    if (!take_number(rest, cpu))
      continue;
    LatencyFlags flags;
    const std::size_t space = rest.find(' ');
    if (space == std::string_view::npos || !decode_latency_flags(rest.substr(0, space), flags))
      continue;
    rest.remove_prefix(space);
    trim_left(rest);
    std::uint64_t micros = 0;
    if (!take_number(rest, micros) || micros > kMaxWholeMicros || !rest.starts_with("us") || rest.size() < 5 ||
        rest.substr(3, 2) != ": ")
      continue;
    task.comm = line.substr(0, dash);
    trim_left(task.comm);
    out.context = {cpu, Timestamp{micros * 1000U}, task, flags};
    out.text = rest.substr(5);
    return true;
  }
  return false;
}

}  // namespace

bool decode_default_line(std::string_view line, TextRecord& out) noexcept {
  return decode_plain(line, out) || decode_latency(line, out);
}

}  // namespace fathom::detail
