#pragma once

#include "stacks_options.hpp"

#include <fathom/profile/profile_names.hpp>

#include <cstdint>
#include <functional>
#include <string_view>

namespace stacks {

/// What both programs do: opens the output, records, and writes. Gives the exit status.
int run(std::string_view program, const Options& options, const std::function<fathom::Profile()>& record);

/// The functions of this name, in all stacks.
struct FunctionWeight {
  std::uint64_t total = 0;  ///< of stacks in which it is
  std::uint64_t self = 0;   ///< of these, where it is innermost
};
FunctionWeight weight_of(const fathom::NamedProfile& named, std::string_view function, fathom::ProfileWeight weight);

}  // namespace stacks
