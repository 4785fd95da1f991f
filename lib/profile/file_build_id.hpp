#pragma once

#include "address_spaces.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace fathom::profile {

/// The GNU build id in the notes of an ELF file's segments, in hex digits; empty where there is none, or no ELF. Any
/// bytes will do.
[[nodiscard]] std::string parse_build_id(std::span<const std::byte> file);

/// The same of a file that a live process has mapped, by what it has mapped and not by a name that may be another
/// file's by now. Empty also if it cannot be read.
[[nodiscard]] std::string read_build_id(std::uint32_t pid, const CodeMapping& mapping, const std::string& proc);

}  // namespace fathom::profile
