#pragma once

#include "stacks_options.hpp"
#include "stacks_states.hpp"

#include <fathom/profile/profile_names.hpp>

namespace stacks {

/// Names by /proc/kallsyms, and by the ELF symbols of files where the library can read these. Stacks off CPU have their
/// state as the innermost name where `states` are given.
fathom::NamedProfile name(const fathom::Profile& profile, const Options& options, const States* states = nullptr);

}  // namespace stacks
