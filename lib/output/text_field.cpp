#include "text_field.hpp"

#include <array>
#include <charconv>

namespace fathom::output {

namespace {

constexpr std::size_t kMaxDigits = 20;

std::string_view digits_of(std::array<char, kMaxDigits>& into, std::uint64_t number) {
  const char* const end = std::to_chars(into.data(), into.data() + into.size(), number).ptr;
  return {into.data(), static_cast<std::size_t>(end - into.data())};
}

}  // namespace

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, kMaxDigits> buffer;
  out += digits_of(buffer, number);
}

void append_number(std::string& out, std::uint64_t number, std::size_t width) {
  std::array<char, kMaxDigits> buffer;
  append_right(out, digits_of(buffer, number), width);
}

void append_microseconds(std::string& out, Duration duration, std::size_t width) {
  const bool negative = duration.count() < 0;
  const auto count = static_cast<std::uint64_t>(duration.count());
  const std::uint64_t nanoseconds = negative ? ~count + 1 : count;
  std::array<char, kMaxDigits + 5> buffer;
  char* p = buffer.data();
  if (negative)
    *p++ = '-';
  p = std::to_chars(p, p + kMaxDigits, nanoseconds / 1000).ptr;
  const auto rest = static_cast<unsigned>(nanoseconds % 1000);
  *p++ = '.';
  *p++ = static_cast<char>('0' + rest / 100);
  *p++ = static_cast<char>('0' + rest / 10 % 10);
  *p++ = static_cast<char>('0' + rest % 10);
  append_right(out, {buffer.data(), static_cast<std::size_t>(p - buffer.data())}, width);
}

void append_left(std::string& out, std::string_view text, std::size_t width) {
  out += text;
  if (text.size() < width)
    out.append(width - text.size(), ' ');
}

void append_right(std::string& out, std::string_view text, std::size_t width) {
  if (text.size() < width)
    out.append(width - text.size(), ' ');
  out += text;
}

void append_printable(std::string& out, std::string_view text) {
  const std::size_t start = out.size();
  out += text;
  for (std::size_t i = start; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    if (byte < ' ' || byte == 0x7f)
      out[i] = byte == '\n' || byte == '\t' ? ' ' : '?';
  }
}

void append_function(std::string& out, std::string_view name, std::string_view module) {
  if (name.empty())
    out += "(unknown)";
  else
    append_printable(out, name);
  if (module.empty())
    return;
  out += " [";
  append_printable(out, module);
  out += ']';
}

void append_task(std::string& out, const Task& task) {
  append_printable(out, task.comm);
  if (task.pid < 0)
    out += '-';
  out += '-';
  append_number(out, static_cast<std::uint64_t>(task.pid < 0 ? -std::int64_t{task.pid} : std::int64_t{task.pid}));
}

void append_count(std::string& out, std::uint64_t count, std::string_view singular, std::string_view plural) {
  append_number(out, count);
  out += ' ';
  out += count == 1 ? singular : plural;
}

}  // namespace fathom::output
