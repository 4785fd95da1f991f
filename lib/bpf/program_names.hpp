#pragma once

#include <cstdint>
#include <string>

namespace fathom::bpf {

/// The program of this id as an error calls it: "'filter' (id 12)", or "the program of id 12" where this thread may not
/// look or it is gone.
[[nodiscard]] std::string program_text(std::uint32_t id);

}  // namespace fathom::bpf
