#pragma once

#include <string>
#include <string_view>

namespace examples {

/// The text with each byte below a blank, and 0x7f, written as \xNN: a name out of a file shall not steer the terminal.
/// For text that people read; JSON has its own way.
std::string printable(std::string_view text);

}  // namespace examples
