#include "text_field.hpp"

#include <array>
#include <charconv>

namespace fathom::output {

namespace {

constexpr std::size_t kMaxDigits = 20;

class Digits {
 public:
  explicit Digits(std::uint64_t number) noexcept
      : end_(std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr) {}
  [[nodiscard]] std::string_view view() const noexcept {
    return {text_.data(), static_cast<std::size_t>(end_ - text_.data())};
  }

 private:
  std::array<char, kMaxDigits> text_{};
  const char* end_;
};

class Microseconds {
 public:
  explicit Microseconds(Duration duration) noexcept : end_(text_.data()) {
    const bool negative = duration.count() < 0;
    const auto count = static_cast<std::uint64_t>(duration.count());
    const std::uint64_t nanoseconds = negative ? ~count + 1 : count;
    if (negative)
      *end_++ = '-';
    end_ = std::to_chars(end_, end_ + kMaxDigits, nanoseconds / 1000).ptr;
    const auto rest = static_cast<unsigned>(nanoseconds % 1000);
    *end_++ = '.';
    *end_++ = static_cast<char>('0' + rest / 100);
    *end_++ = static_cast<char>('0' + rest / 10 % 10);
    *end_++ = static_cast<char>('0' + rest % 10);
  }
  [[nodiscard]] std::string_view view() const noexcept {
    return {text_.data(), static_cast<std::size_t>(end_ - text_.data())};
  }

 private:
  std::array<char, kMaxDigits + 5> text_{};
  char* end_;
};

}  // namespace

void append_number(std::string& out, std::uint64_t number) {
  out += Digits(number).view();
}

void append_microseconds(std::string& out, Duration duration) {
  out += Microseconds(duration).view();
}

void append_column(std::string& out, std::string_view text, std::size_t width) {
  out.append(text.size() < width ? width - text.size() : 1, ' ');
  out += text;
}

void append_number_column(std::string& out, std::uint64_t number, std::size_t width) {
  append_column(out, Digits(number).view(), width);
}

void append_microseconds_column(std::string& out, Duration duration, std::size_t width) {
  append_column(out, Microseconds(duration).view(), width);
}

void append_left(std::string& out, std::string_view text, std::size_t width) {
  out += text;
  if (text.size() < width)
    out.append(width - text.size(), ' ');
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
