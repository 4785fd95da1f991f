#pragma once

#include <variant>

namespace fathom {

/// Every process, those that start later as well.
struct AnyTask {};

/// One process with all its threads.
struct OneProcess {
  int pid = 0;  ///< its process id; of this process: getpid()
};

/// Whose instructions a probe in user memory is put into.
///
///     uprobe.attach({"/usr/bin/bash", "readline"}, {.tasks = fathom::OneProcess{child.pid()}});
using TaskScope = std::variant<AnyTask, OneProcess>;

}  // namespace fathom
