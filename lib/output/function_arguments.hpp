#pragma once

#include <fathom/base/text_buffer.hpp>
#include <fathom/btf/btf.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace fathom::output {

/// Linux records so many argument registers (FTRACE_REGS_MAX_ARGS).
inline constexpr std::size_t kRecordedArguments = 6;

/// Adds a call's arguments in brackets, by the function's prototype; nothing between the brackets where the types have
/// none.
void append_arguments(const Btf* types, std::string_view function, std::span<const std::uint64_t> registers,
                      TextBuffer& out);

}  // namespace fathom::output
