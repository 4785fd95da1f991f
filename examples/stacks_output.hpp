#pragma once

#include "stacks_options.hpp"

#include <fathom/profile/profile_names.hpp>

#include <ostream>
#include <string>

namespace stacks {

/// Names the stacks and writes them as the options ask: folded lines, a table of functions, or JSON.
void write(std::ostream& out, const fathom::Profile& profile, const Options& options);

/// How much is in the profile, and what is not, for people.
std::string account(const fathom::Profile& profile);

/// The functions of this name, in all stacks.
struct FunctionWeight {
  std::uint64_t total = 0;  ///< of stacks in which it is
  std::uint64_t self = 0;   ///< of these, where it is innermost
};
FunctionWeight weight_of(const fathom::NamedProfile& named, std::string_view function, fathom::ProfileWeight weight);

}  // namespace stacks
