#include "graph_line.hpp"

#include <bit>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <limits>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace fathom::detail {

namespace {

constexpr std::uint32_t kMaxCpu = 65535;
constexpr std::uint64_t kEightSpaces = 0x2020'2020'2020'2020U;
// What still is a time after it has become nanoseconds of 64 bits, with or without a sign.
constexpr std::uint64_t kMaxMicros = std::numeric_limits<std::int64_t>::max() / 1000 - 1;
constexpr std::uint64_t kMaxSeconds = kMaxMicros / 1'000'000;
constexpr std::size_t kProcWidth = 14;  // TRACE_GRAPH_PROCINFO_LENGTH
constexpr std::size_t kMaxProcWidth = 24;

std::uint64_t load8(const char* p) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, p, sizeof word);
  return word;
}

bool is_digit(char c) noexcept {
  return static_cast<unsigned char>(c - '0') < 10;
}

bool starts_with(const char* p, const char* end, std::string_view text) noexcept {
  return static_cast<std::size_t>(end - p) >= text.size() && std::memcmp(p, text.data(), text.size()) == 0;
}

const char* skip_spaces(const char* p, const char* end) noexcept {
#if defined(__SSE2__)
  // An indent is of any depth, so a loop's end is hard to foresee; most of them end within 32 bytes, without a branch.
  if (end - p >= 32) {
    const __m128i spaces = _mm_set1_epi8(' ');
    const auto mask_at = [spaces](const char* at) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, spaces)));
    };
    const unsigned other = ~(mask_at(p) | (mask_at(p + 16) << 16U));
    if (other != 0)
      return p + std::countr_zero(other);
    p += 32;
  }
#endif
  while (end - p >= 8) {
    const std::uint64_t other = load8(p) ^ kEightSpaces;
    if (other != 0) {
      if constexpr (std::endian::native == std::endian::little)
        return p + std::countr_zero(other) / 8;
      return p + std::countl_zero(other) / 8;
    }
    p += 8;
  }
  while (p != end && *p == ' ')
    ++p;
  return p;
}

// At most 19 digits, so that nothing overflows; a longer number is not one the kernel prints.
bool decode_number(const char*& p, const char* end, std::uint64_t& out) noexcept {
  const char* const first = p;
  std::uint64_t value = 0;
  while (p != end && is_digit(*p)) {
    value = value * 10 + static_cast<unsigned char>(*p - '0');
    ++p;
  }
  out = value;
  return p != first && p - first <= 19;
}

// "%5lu.%06lu |  "
bool decode_time(const char*& p, const char* end, std::uint64_t& out) noexcept {
  const char* q = skip_spaces(p, end);
  std::uint64_t seconds = 0;
  if (!decode_number(q, end, seconds) || seconds > kMaxSeconds || q == end || *q != '.')
    return false;
  const char* const fraction = ++q;
  std::uint64_t micros = 0;
  if (!decode_number(q, end, micros) || q - fraction != 6 || !starts_with(q, end, " |  "))
    return false;
  p = q + 4;
  out = seconds * 1'000'000'000U + micros * 1000U;
  return true;
}

// "%9llu us |  "
bool decode_relative_time(const char*& p, const char* end, std::uint64_t& out) noexcept {
  const char* q = skip_spaces(p, end);
  std::uint64_t micros = 0;
  if (!decode_number(q, end, micros) || micros > kMaxMicros || !starts_with(q, end, " us |  "))
    return false;
  p = q + 7;
  out = micros * 1000U;
  return true;
}

// " %*d) "
bool decode_cpu(const char*& p, const char* end, std::uint32_t& out) noexcept {
  if (end - p >= 4 && p[0] == ' ' && is_digit(p[1]) && p[2] == ')' && p[3] == ' ') {
    out = static_cast<unsigned char>(p[1] - '0');
    p += 4;
    return true;
  }
  if (p == end || *p != ' ')
    return false;
  const char* q = skip_spaces(p, end);
  std::uint64_t number = 0;
  if (!decode_number(q, end, number) || number > kMaxCpu || !starts_with(q, end, ") "))
    return false;
  p = q + 2;
  out = static_cast<std::uint32_t>(number);
  return true;
}

// " d..1. | "; up to 4.15 " d..1" with nothing behind
bool decode_flags_column(const char*& p, const char* end, LatencyFlags& out) noexcept {
  if (p == end || *p != ' ')
    return false;
  const char* const first = p + 1;
  const char* q = first;
  while (q != end && *q != ' ')
    ++q;
  if (starts_with(q, end, " | ") && decode_latency_flags({first, static_cast<std::size_t>(q - first)}, out)) {
    p = q + 3;
    return true;
  }
  if (end - first < 4 || !decode_latency_flags({first, 4}, out))
    return false;
  p = first + 4;
  return true;
}

bool is_overhead_mark(char c) noexcept {
  switch (c) {
    case ' ':
    case '+':
    case '!':
    case '#':
    case '*':
    case '@':
    case '$':
      return true;
    default:
      return false;
  }
}

// The place of the first byte equal to `byte` in a word that was loaded from memory; 8 if there is none.
unsigned first_byte(std::uint64_t word, unsigned char byte) noexcept {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101U;
  const std::uint64_t other = word ^ (kOnes * byte);
  // Bytes above the first match may be marked wrongly by the borrow; the first never is.
  return static_cast<unsigned>(std::countr_zero((other - kOnes) & ~other & (kOnes * 0x80U))) / 8;
}

// The usual number, "1.829" to "2223.668", in a column of usual width: all of it at once. False means: read it slowly.
bool decode_short_duration(const char* p, GraphLine& out) noexcept {
  if constexpr (std::endian::native != std::endian::little)
    return false;
  const std::uint64_t word = load8(p + 2);
  const unsigned size = first_byte(word, ' ');
  const unsigned point = first_byte(word, '.');
  if (point == 0 || point > 4 || size != point + 4)
    return false;
  std::uint32_t unit = 0;
  std::memcpy(&unit, p + 2 + size, sizeof unit);
  if (unit != 0x2073'7520U /* " us " */ || (size < 8 && load8(p + 6) >> (size * 8) != kEightSpaces >> (size * 8)))
    return false;
  // The digits without the point, moved to the end of eight.
  const std::uint64_t low = (std::uint64_t{1} << (point * 8)) - 1;
  std::uint64_t digits = ((word & low) | ((word >> 8) & ~low)) << ((9 - size) * 8);
  digits ^= 0x3030'3030'3030'3030U << ((9 - size) * 8);
  if (((digits + 0x0606'0606'0606'0606U) & 0xf0f0'f0f0'f0f0'f0f0U) != 0 || (digits & 0xf0f0'f0f0'f0f0'f0f0U) != 0)
    return false;
  // Eight digits to a number: pairs, then fours, then all.
  digits = digits * 10 + (digits >> 8);
  digits = ((digits & 0x0000'00ff'0000'00ffU) * 0x000f'4240'0000'0064U +
            ((digits >> 16) & 0x0000'00ff'0000'00ffU) * 0x0000'2710'0000'0001U) >>
           32;
  out.has_duration = true;
  out.duration = static_cast<std::int64_t>(digits);
  out.precision = 1;
  return true;
}

// "+ 10.344 us   |  ", or 14 spaces and "|  "
bool decode_duration(const char*& p, const char* end, GraphLine& out) noexcept {
  constexpr std::ptrdiff_t kEmptyWidth = 14;
  if (end - p < kEmptyWidth + 3)
    return false;
  const bool usual_width = std::memcmp(p + kEmptyWidth, "|  ", 3) == 0;
  if (usual_width && load8(p) == kEightSpaces && load8(p + 6) == kEightSpaces) {
    out.has_duration = false;
    p += kEmptyWidth + 3;
    return true;
  }
  if (!is_overhead_mark(p[0]) || p[1] != ' ' || !is_digit(p[2]))
    return false;
  if (usual_width && decode_short_duration(p, out)) {
    p += kEmptyWidth + 3;
    return true;
  }
  const char* q = p + 2;
  std::uint64_t micros = 0;
  if (!decode_number(q, end, micros) || micros > kMaxMicros || q == end)
    return false;
  // Seven digits in all: the more stand before the point, the fewer behind it (trace_print_graph_duration).
  std::uint64_t nanos = micros * 1000U;
  std::uint32_t unit = 1000;
  if (*q == '.') {
    ++q;
    while (q != end && is_digit(*q) && unit > 1) {
      unit /= 10;
      nanos += std::uint64_t{static_cast<unsigned char>(*q - '0')} * unit;
      ++q;
    }
    if (unit == 1000)
      return false;
  }
  if (!starts_with(q, end, " us "))
    return false;
  q += 4;
  while (q != end && *q == ' ')
    ++q;
  if (!starts_with(q, end, "|  "))
    return false;
  p = q + 3;
  out.has_duration = true;
  out.duration = static_cast<std::int64_t>(nanos);
  out.precision = unit;
  return true;
}

// "0x1f", "-22", "0"
bool decode_retval(std::string_view text, GraphLine& out) noexcept {
  const char* first = text.data();
  const char* const last = first + text.size();
  std::from_chars_result result{};
  if (text.starts_with("0x")) {
    result = std::from_chars(first + 2, last, out.retval, 16);
  } else {
    std::int64_t value = 0;
    result = std::from_chars(first, last, value);
    out.retval = static_cast<std::uint64_t>(value);
  }
  out.has_retval = true;
  return result.ec == std::errc{} && result.ptr == last;
}

// "name", "name [module]"
bool decode_name(std::string_view text, GraphLine& out) noexcept {
  if (text.empty())
    return false;
  out.has_name = true;
  if (text.back() != ']') {
    out.name = text;
    out.module = {};
    return true;
  }
  const std::size_t bracket = text.rfind(" [");
  if (bracket == std::string_view::npos || bracket + 3 >= text.size())
    return false;
  out.name = text.substr(0, bracket);
  out.module = text.substr(bracket + 2, text.size() - bracket - 3);
  return is_function_name(out.module);
}

// What stands in the comment behind a call: "<-vfs_read+0x4/0x370", "<-vfs_read+0x4/0x370 ret=0x0", "ret=-22", and
// from 6.5 to 6.12 "= 0x0".
bool decode_call_remark(std::string_view remark, GraphLine& out) noexcept {
  if (remark.starts_with("<-")) {
    const std::size_t ret = remark.find(" ret=");
    out.caller = remark.substr(2, ret == std::string_view::npos ? ret : ret - 2);
    if (ret == std::string_view::npos)
      return !out.caller.empty();
    remark.remove_prefix(ret + 1);
  }
  if (remark.starts_with("ret="))
    return decode_retval(remark.substr(4), out);
  return remark.starts_with("= ") && decode_retval(remark.substr(2), out);
}

// "} /* name */", "} /* name [module] ret=-22 */", from 6.5 to 6.12 "} /* name = -22 */". Without the brace.
bool decode_exit(std::string_view rest, GraphLine& out) noexcept {
  out.kind = GraphLine::Kind::exit;
  out.has_name = false;
  if (rest.empty())
    return true;
  constexpr std::string_view kOpen = " /* ";
  constexpr std::string_view kClose = " */";
  if (!rest.starts_with(kOpen) || !rest.ends_with(kClose) || rest.size() < kOpen.size() + kClose.size())
    return false;
  std::string_view name = rest.substr(kOpen.size(), rest.size() - kOpen.size() - kClose.size());
  std::size_t value = name.find(" ret=");
  std::size_t value_start = 5;
  if (value == std::string_view::npos) {
    value = name.find(" = ");
    value_start = 3;
  }
  if (value != std::string_view::npos) {
    if (!decode_retval(name.substr(value + value_start), out))
      return false;
    name = name.substr(0, value);
  }
  return decode_name(name, out);
}

// "name();", "name [module](args) {", and what stands in a comment behind
bool decode_call(const char* p, const char* end, GraphLine& out) noexcept {
  if (end[-1] == '/') {
    const std::string_view line(p, static_cast<std::size_t>(end - p));
    const std::size_t open = line.rfind(" /* ");
    if (open == std::string_view::npos || open == 0 || !line.ends_with(" */") || line.size() < open + 7 ||
        !decode_call_remark(line.substr(open + 4, line.size() - open - 7), out))
      return false;
    end = p + open;
  }
  if (end[-1] == ';') {
    out.kind = GraphLine::Kind::leaf;
    end -= 1;
  } else if (end - p > 2 && end[-1] == '{' && end[-2] == ' ') {
    out.kind = GraphLine::Kind::entry;
    end -= 2;
  } else {
    return false;
  }
  if (end - p < 3 || end[-1] != ')')
    return false;
  if (end[-2] == '(') {
    out.args = {};
    return decode_name({p, static_cast<std::size_t>(end - 2 - p)}, out);
  }
  const void* const open = std::memchr(p, '(', static_cast<std::size_t>(end - p));
  if (open == nullptr)
    return false;
  const char* const args = static_cast<const char*>(open) + 1;
  out.args = {args, static_cast<std::size_t>(end - 1 - args)};
  return decode_name({p, static_cast<std::size_t>(args - 1 - p)}, out);
}

bool decode_irq_mark(const char* p, const char* end, GraphLine& out) noexcept {
  const std::string_view rest(p, static_cast<std::size_t>(end - p));
  if (rest.starts_with("==========>"))
    out.kind = GraphLine::Kind::irq_enter;
  else if (rest.starts_with("<=========="))
    out.kind = GraphLine::Kind::irq_leave;
  else
    return false;
  return rest.size() == 11 || rest.substr(11) == " |";
}

bool decode_body(const char* p, const char* end, GraphLine& out) noexcept {
  const char* const body = skip_spaces(p, end);
  if (body == end)
    return false;
  const auto indent = static_cast<std::size_t>(body - p);
  out.depth = static_cast<std::uint32_t>(indent / 2);
  out.has_retval = false;
  out.caller = {};
  switch (*body) {
    case '}':
      return indent % 2 == 0 && decode_exit({body + 1, static_cast<std::size_t>(end - body - 1)}, out);
    case '/':
      out.kind = GraphLine::Kind::comment;
      if (!starts_with(body, end, "/* "))
        return false;
      out.text = {body + 3, static_cast<std::size_t>(end - body - 3)};
      return true;
    case '=':
    case '<':
      return decode_irq_mark(body, end, out);
    default:
      return indent % 2 == 0 && decode_call(body, end, out);
  }
}

bool is_irq_mark_in_duration(const char* p, const char* end, GraphLine& out) noexcept {
  return starts_with(p, end, "  ") && decode_irq_mark(p + 2, end, out);
}

bool decode_proc_column(const char*& p, const char* end, GraphLine& out) noexcept {
  std::string_view rest(p, static_cast<std::size_t>(end - p));
  constexpr std::string_view kSeparator = " | ";
  Task task;
  if (!decode_proc(rest, kSeparator, task))
    return false;
  p = rest.data() + kSeparator.size();
  out.pid = task.pid;
  out.comm = task.comm;
  return true;
}

}  // namespace

bool decode_proc(std::string_view& rest, std::string_view separator, Task& out) noexcept {
  for (std::size_t width = kProcWidth; width <= kMaxProcWidth && width + separator.size() <= rest.size(); ++width) {
    if (rest.substr(width, separator.size()) != separator)
      continue;
    std::string_view proc = rest.substr(0, width);
    const std::size_t first = proc.find_first_not_of(' ');
    if (first == std::string_view::npos)
      return false;
    proc = proc.substr(first, proc.find_last_not_of(' ') - first + 1);
    const std::size_t dash = proc.rfind('-');
    if (dash == std::string_view::npos)
      return false;
    const char* const last = proc.data() + proc.size();
    const auto [stop, ec] = std::from_chars(proc.data() + dash + 1, last, out.pid);
    if (ec != std::errc{} || stop != last || out.pid < 0)
      return false;
    out.comm = proc.substr(0, dash);
    rest.remove_prefix(width);
    return out.comm.size() <= 16;
  }
  return false;
}

bool is_function_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 1024)
    return false;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7f)
      return false;
    switch (c) {
      case '(':
      case ')':
      case '{':
      case '}':
      case ';':
      case '|':
      case '/':
      case '"':
      case ',':
      case '=':
        return false;
      default:
        break;
    }
  }
  return name.front() != '-' && name.front() != '#';
}

bool decode_latency_flags(std::string_view letters, LatencyFlags& out) noexcept {
  for (const char c : letters) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '.' || c == '#';
    if (!letter)
      return false;
  }
  switch (letters.size()) {
    case 4:  // up to 5.14
      out = {letters[0], letters[1], 0, letters[2], letters[3], 0, 0};
      return true;
    case 5:
      out = {letters[0], letters[1], 0, letters[2], letters[3], 0, letters[4]};
      return true;
    case 7:  // PREEMPT_RT of 6.1
      out = {letters[0], letters[1], letters[2], letters[3], letters[4], letters[5], letters[6]};
      return true;
    default:
      return false;
  }
}

bool decode_graph_line(std::string_view line, const GraphLayout& layout, GraphLine& out) noexcept {
  const char* p = line.data();
  const char* const end = p + line.size();
  if (layout.time && !decode_time(p, end, out.time))
    return false;
  if (layout.relative_time && !decode_relative_time(p, end, out.time))
    return false;
  if (layout.cpu && !decode_cpu(p, end, out.cpu))
    return false;
  if (layout.proc && !decode_proc_column(p, end, out))
    return false;
  if (layout.flags && !decode_flags_column(p, end, out.flags))
    return false;
  out.has_duration = false;
  if (layout.duration && !decode_duration(p, end, out))
    return is_irq_mark_in_duration(p, end, out);
  return decode_body(p, end, out);
}

std::optional<GraphLayout> infer_graph_layout(std::string_view line) noexcept {
  const char* p = line.data();
  const char* const end = p + line.size();
  GraphLayout layout;
  GraphLine scratch;
  layout.time = decode_time(p, end, scratch.time);
  layout.relative_time = !layout.time && decode_relative_time(p, end, scratch.time);
  layout.cpu = decode_cpu(p, end, scratch.cpu);
  layout.proc = decode_proc_column(p, end, scratch);
  layout.flags = decode_flags_column(p, end, scratch.flags);
  layout.duration = decode_duration(p, end, scratch);
  if (!layout.duration && is_irq_mark_in_duration(p, end, scratch))
    layout.duration = true;
  if (!decode_graph_line(line, layout, scratch))
    return std::nullopt;
  if (has_function(scratch) && !is_function_name(scratch.name))
    return std::nullopt;
  return layout;
}

}  // namespace fathom::detail
