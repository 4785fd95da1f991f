#include "debuginfod_find.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/process/child.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

namespace fathom::detail {

namespace {

using Clock = std::chrono::steady_clock;

bool ended_before(const Child& child, Clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd ended{child.pidfd(), POLLIN, 0};
    const int ready = ::poll(&ended, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0)
      return true;
    if (ready == 0 || errno != EINTR)
      return false;
  }
}

std::string text_of(const UniqueFd& file) {
  std::array<char, 8192> buffer{};
  const ssize_t got = ::pread(file.get(), buffer.data(), buffer.size(), 0);
  std::string text(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  while (text.ends_with('\n'))
    text.pop_back();
  return text;
}

}  // namespace

DebuginfodFind::Answer DebuginfodFind::debuginfo(const std::string& build_id) {
  if (options_->debuginfod_urls->empty())
    return {};
  if (!gave_up_.empty())
    return {{}, gave_up_};
  const UniqueFd out(::memfd_create("debuginfod-find", MFD_CLOEXEC));
  const UniqueFd err(::memfd_create("debuginfod-find", MFD_CLOEXEC));
  const UniqueFd in(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!out || !err || !in)
    return {{}, "debuginfod was not asked: no descriptor is free"};

  const std::string seconds = std::to_string(options_->debuginfod_timeout.count());
  ChildOptions how{.environment = {{"DEBUGINFOD_URLS", *options_->debuginfod_urls},
                                   {"DEBUGINFOD_TIMEOUT", seconds},
                                   {"DEBUGINFOD_MAXTIME", seconds},
                                   {"DEBUGINFOD_PROGRESS", ""}},
                   .stdin_fd = in.get(),
                   .stdout_fd = out.get(),
                   .stderr_fd = err.get(),
                   .new_process_group = true};
  if (!options_->debuginfod_cache.empty())
    how.environment.emplace_back("DEBUGINFOD_CACHE_PATH", options_->debuginfod_cache);
  try {
    Child child({options_->debuginfod_find, "debuginfo", build_id}, how);
    child.resume();
    if (!ended_before(child, Clock::now() + options_->debuginfod_timeout + std::chrono::seconds(1))) {
      child.kill(SIGKILL);
      gave_up_ = "debuginfod did not answer within " + seconds + " s, and is not asked again";
      return {{}, gave_up_};
    }
    if (child.wait().shell_code() == 0)
      return {text_of(out), {}};
    return {{}, "debuginfod: " + text_of(err)};
  } catch (const Error& error) {
    gave_up_ = std::string("debuginfod cannot be asked: ") + error.what();
    return {{}, gave_up_};
  }
}

}  // namespace fathom::detail
