#include "stacks_subject.hpp"

#include "common/program.hpp"

#include <fathom/base/error.hpp>

#include <poll.h>

#include <array>
#include <chrono>
#include <csignal>
#include <system_error>

namespace stacks {

Subject::Subject(const Options& options) : duration_(options.duration), pid_(options.pid) {
  over_.add(stop_.native_handle());
  if (!options.command.empty()) {
    child_.emplace(options.command);
    pid_ = child_->pid();
    over_.add(child_->pidfd());
  } else if (pid_ != 0) {
    process_.emplace(std::vector<int>{pid_});
    over_.add(process_->native_handle());
  }
  // Each thread takes descriptors. Not before the command is made, which would inherit it.
  examples::use_all_descriptors();
}

std::optional<int> Subject::pid() const {
  return pid_ == 0 ? std::nullopt : std::optional(pid_);
}

void Subject::begin() {
  if (duration_)
    over_.add_timer(*duration_);
  if (!child_)
    return;
  try {
    child_->resume();
  } catch (const fathom::Error& e) {
    throw examples::CommandError(e.what(), e.code() != std::errc::no_such_file_or_directory);
  }
}

bool Subject::wait(int handle) {
  constexpr int kSecond = 1000;
  std::array<pollfd, 2> ready{{{over_.native_handle(), POLLIN, 0}, {handle, POLLIN, 0}}};
  ::poll(ready.data(), ready.size(), kSecond);
  return !stop_.received() && (ready[0].revents & POLLIN) == 0;
}

void Subject::end() {
  constexpr int kGraceMilliseconds = 2000;
  if (!child_ || child_->try_wait())
    return;
  child_->kill(SIGTERM);
  pollfd ended{child_->pidfd(), POLLIN, 0};
  if (::poll(&ended, 1, kGraceMilliseconds) <= 0)
    child_->kill(SIGKILL);
  child_->wait();
}

}  // namespace stacks
