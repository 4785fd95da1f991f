#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace fathom {

/// Text that grows at its end and is used again and again: what the printers write into.
///
///     TextBuffer out;
///     out.append("pid="); out.decimal(42); out.append(' '); out.hex(0xbeef);
///     write(out.view());                                    // "pid=42 beef"
///     out.clear();                                          // keeps its memory
///
/// Nothing is allocated once it has been as long as it gets. Numbers are written by tables, without a locale. A view is
/// good until the buffer is appended to, cleared or destroyed. Only std::bad_alloc is thrown. One thread at a time.
class TextBuffer {
 public:
  TextBuffer() = default;
  /// Takes the text and the memory; the other one is empty then.
  TextBuffer(TextBuffer&& other) noexcept
      : data_(std::move(other.data_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  /// The same, in place of its own.
  TextBuffer& operator=(TextBuffer&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }
  TextBuffer(const TextBuffer&) = delete;
  TextBuffer& operator=(const TextBuffer&) = delete;
  ~TextBuffer() = default;

  /// Adds text.
  void append(std::string_view text) {
    char* const at = reserve(text.size());
    if (!text.empty())
      std::memcpy(at, text.data(), text.size());
    size_ += text.size();
  }
  /// Adds a character.
  void append(char character) {
    *reserve(1) = character;
    ++size_;
  }
  /// Adds a character so many times.
  void append(std::size_t count, char character) {
    if (count != 0)
      std::memset(reserve(count), static_cast<unsigned char>(character), count);
    size_ += count;
  }
  /// Adds a number.
  void decimal(std::uint64_t number) { commit(write_decimal(reserve(kMaxDigits), number)); }
  /// Adds a number, with its sign if it is below zero.
  void signed_decimal(std::int64_t number) {
    if (number < 0)
      append('-');
    decimal(number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number));
  }
  /// Adds a number at the right end of a column of `width`; a longer one makes the column wider.
  void decimal(std::uint64_t number, std::size_t width, char fill = ' ') {
    const std::size_t digits = decimal_digits(number);
    if (digits < width)
      append(width - digits, fill);
    decimal(number);
  }
  /// Adds a number in hexadecimal, lower case, without a prefix.
  void hex(std::uint64_t number) { commit(write_hex(reserve(kMaxDigits), number, hex_digits(number))); }
  /// Adds a number in hexadecimal with at least `width` digits; 16 at most.
  void hex(std::uint64_t number, std::size_t width) {
    commit(write_hex(reserve(kMaxDigits), number, std::max(hex_digits(number), std::min<std::size_t>(width, 16))));
  }
  /// Makes room for so many characters, to be written directly, before commit().
  [[nodiscard]] char* reserve(std::size_t room) {
    if (capacity_ - size_ < room) [[unlikely]]
      grow(room);
    return data_.get() + size_;
  }
  /// Says where what was written into the room ends.
  void commit(const char* end) noexcept { size_ = static_cast<std::size_t>(end - data_.get()); }

  /// All of it.
  [[nodiscard]] std::string_view view() const noexcept { return {data_.get(), size_}; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// Forgets what stands behind the first `size` characters; nothing where there are not so many.
  void truncate(std::size_t size) noexcept { size_ = std::min(size_, size); }
  /// Forgets all of it.
  void clear() noexcept { size_ = 0; }

  /// Of a number in decimal.
  [[nodiscard]] static std::size_t decimal_digits(std::uint64_t number) noexcept {
    std::size_t digits = 1;
    while (number >= 10000) {
      number /= 10000;
      digits += 4;
    }
    return digits + (number >= 10 ? 1U : 0U) + (number >= 100 ? 1U : 0U) + (number >= 1000 ? 1U : 0U);
  }
  /// Writes a number where there is room for it, 20 characters at most; gives its end.
  static char* write_decimal(char* at, std::uint64_t number) noexcept {
    char* const end = at + decimal_digits(number);
    write_digits(end, number);
    return end;
  }
  /// Writes a number with exactly `width` digits, those above cut off.
  static char* write_decimal(char* at, std::uint64_t number, std::size_t width) noexcept {
    for (std::size_t i = width; i > 0; --i) {
      at[i - 1] = static_cast<char>('0' + number % 10);
      number /= 10;
    }
    return at + width;
  }

 private:
  static constexpr std::size_t kMaxDigits = 20;  // 2^64 in decimal

  [[nodiscard]] static std::size_t hex_digits(std::uint64_t number) noexcept {
    return number == 0 ? 1 : (67U - static_cast<unsigned>(__builtin_clzll(number))) / 4U;
  }
  static char* write_hex(char* at, std::uint64_t number, std::size_t digits) noexcept {
    for (std::size_t i = digits; i > 0; --i) {
      at[i - 1] = "0123456789abcdef"[number & 0xfU];
      number >>= 4U;
    }
    return at + digits;
  }
  // Two digits at a time, from the end.
  static void write_digits(char* end, std::uint64_t number) noexcept {
    while (number >= 100) {
      end -= 2;
      std::memcpy(end, kPairs.data() + number % 100 * 2, 2);
      number /= 100;
    }
    if (number >= 10)
      std::memcpy(end - 2, kPairs.data() + number * 2, 2);
    else
      end[-1] = static_cast<char>('0' + number);
  }
  static constexpr std::array<char, 200> kPairs = [] {
    std::array<char, 200> pairs{};
    for (std::size_t i = 0; i < 100; ++i) {
      pairs[2 * i] = static_cast<char>('0' + i / 10);
      pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return pairs;
  }();

  void grow(std::size_t room) {
    const std::size_t capacity = std::max({size_ + room, capacity_ * 2, std::size_t{4096}});
    std::unique_ptr<char[]> data(new char[capacity]);  // NOLINT(*-avoid-c-arrays): not filled with zeros first
    if (size_ != 0)
      std::memcpy(data.get(), data_.get(), size_);
    data_ = std::move(data);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> data_;  // NOLINT(*-avoid-c-arrays)
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace fathom
