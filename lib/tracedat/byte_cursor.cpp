#include "byte_cursor.hpp"

#include <fathom/rawtrace/detail/raw_bytes.hpp>

namespace fathom::tracedat {

template <class Number>
Number ByteCursor::number() {
  const auto bytes = take(sizeof(Number));
  return failed_ ? Number{} : detail::load<Number>(bytes.data(), swap_);
}

std::uint16_t ByteCursor::u16() {
  return number<std::uint16_t>();
}
std::uint32_t ByteCursor::u32() {
  return number<std::uint32_t>();
}
std::uint64_t ByteCursor::u64() {
  return number<std::uint64_t>();
}

std::string_view ByteCursor::string() {
  const std::string_view rest = text_of(bytes_.subspan(at_));
  const auto end = rest.find('\0');
  if (failed_ || end == std::string_view::npos) {
    failed_ = true;
    return {};
  }
  at_ += end + 1;
  return rest.substr(0, end);
}

std::span<const std::byte> ByteCursor::take(std::uint64_t size) {
  if (failed_ || size > left()) {
    failed_ = true;
    return {};
  }
  const auto taken = bytes_.subspan(at_, size);
  at_ += taken.size();
  return taken;
}

std::string_view ByteCursor::text(std::uint64_t size) {
  return text_of(take(size));
}

bool ByteCursor::accept(std::string_view expected) {
  if (failed_ || !text_of(bytes_.subspan(at_)).starts_with(expected))
    return false;
  at_ += expected.size();
  return true;
}

std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};  // NOLINT: any bytes may be looked at as char
}

}  // namespace fathom::tracedat
