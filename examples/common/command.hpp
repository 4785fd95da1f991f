#pragma once

#include <fathom/process/child.hpp>

#include <optional>

namespace examples {

/// Lets a command start. Throws CommandError where it can't be run.
void resume(fathom::Child& child);

/// Ends a command that still runs, by the signal that stopped us or else by SIGTERM, after two more seconds by SIGKILL,
/// and gives our exit status: the command's as a shell has it, 128 + n for the signal, and 0 where SIGTERM of ours did
/// it.
int end_command(fathom::Child& child, std::optional<int> stop_signal);

}  // namespace examples
