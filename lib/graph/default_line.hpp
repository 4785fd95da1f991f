#pragma once

#include <fathom/event/events.hpp>

#include <string_view>

namespace fathom::detail {

/// Takes a line in ftrace's default format, or in its latency-format form, apart:
///
///              tw-168     [000] d..2.    24.008501: <stack trace>
///         tw-181       0dn..5.. 3095us : <stack trace>
///
/// False if it is neither. Views into the line.
[[nodiscard]] bool decode_default_line(std::string_view line, TextRecord& out) noexcept;

}  // namespace fathom::detail
