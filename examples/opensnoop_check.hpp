#pragma once

#include "opensnoop_options.hpp"

namespace opensnoop_example {

/// Lets a child open 50 paths, and one whose name is in a page that nobody has touched, and compares what is recorded
/// with that list. The exit status: 0 if it is the same, in order.
int check(const Options& options);

}  // namespace opensnoop_example
