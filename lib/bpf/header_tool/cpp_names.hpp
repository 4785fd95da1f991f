#pragma once

#include <string>
#include <string_view>

namespace fathom::bpf {

/// The name, with a '_' behind it if C++, a macro of the C library or the generated header itself has it for something
/// else.
[[nodiscard]] std::string safe_name(std::string_view name);

/// Throws std::invalid_argument, saying what to do, if no namespace can have this name: a word of C or C++, a macro, or
/// a function or variable of the C library that is in use here, whose declaration would be a second meaning.
void check_namespace(const std::string& name);

}  // namespace fathom::bpf
