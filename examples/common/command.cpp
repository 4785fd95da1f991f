#include "common/command.hpp"

#include "common/program.hpp"

#include <fathom/base/error.hpp>

#include <poll.h>

#include <chrono>
#include <csignal>
#include <system_error>

namespace examples {

namespace {

using namespace std::chrono_literals;

constexpr int kSignalBase = 128;  // as shells have it
// How long a command has to end by itself (the terminal's Ctrl-C reached it, too), and after the signal that we send.
constexpr std::chrono::milliseconds kPatience = 200ms;
constexpr std::chrono::milliseconds kGrace = 2s;

bool ended_within(fathom::Child& child, std::chrono::milliseconds time) {
  pollfd ended{child.pidfd(), POLLIN, 0};
  static_cast<void>(::poll(&ended, 1, static_cast<int>(time.count())));
  return child.try_wait().has_value();
}

}  // namespace

int end_command(fathom::Child& child, std::optional<int> stop_signal) {
  if (child.try_wait())
    return child.wait().shell_code();
  if (stop_signal && ended_within(child, kPatience))
    return child.wait().shell_code();
  const int signal = stop_signal.value_or(SIGTERM);
  child.kill(signal);
  if (!ended_within(child, kGrace)) {
    child.kill(SIGKILL);
    child.wait();
    return stop_signal ? kSignalBase + signal : 0;
  }
  const fathom::ExitStatus status = child.wait();
  if (!stop_signal && status.signal == signal)
    return 0;  // by --duration, as it was told
  return status.shell_code();
}

void resume(fathom::Child& child) {
  try {
    child.resume();
  } catch (const fathom::Error& e) {
    throw CommandError(e.what(), e.code() != std::errc::no_such_file_or_directory);
  }
}

}  // namespace examples
