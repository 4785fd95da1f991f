#pragma once

#include <fathom/profile/profile_names.hpp>

namespace stacks {

/// Names by /proc/kallsyms, and by the ELF symbols of files where the library can read these.
fathom::NamedProfile name(const fathom::Profile& profile, bool threads, bool inlined);

}  // namespace stacks
