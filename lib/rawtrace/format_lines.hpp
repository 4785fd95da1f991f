#pragma once

#include <fathom/rawtrace/event_format.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace fathom::rawtrace {

/// Takes the first line off a text, without its newline; the last one may lack it.
[[nodiscard]] std::string_view take_line(std::string_view& text) noexcept;

/// A text without the blanks and tabs around it.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;

/// A decimal number and nothing else.
[[nodiscard]] std::optional<std::uint32_t> parse_number(std::string_view digits) noexcept;

/// One line of a `format` file or of `header_page`: "\tfield:pid_t pid;\toffset:12;\tsize:4;\tsigned:1;". Empty where
/// it is none. Before Linux 2.6.33 lines had no `signed`; that is taken as unsigned.
[[nodiscard]] std::optional<EventField> parse_field_line(std::string_view line, std::uint32_t long_size);

}  // namespace fathom::rawtrace
