#include "common/program.hpp"

#include <fathom/base/error.hpp>

#include <fmt/core.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>

namespace examples {

namespace {

// Files that are opened would get the number of a standard descriptor that the caller closed, and be read or written as
// such. /dev/null takes its place, opened the wrong way round, so that using it still fails.
void occupy_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF)
      static_cast<void>(::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY));  // the lowest free number: fd
  }
}

}  // namespace

void tell(std::string_view name, std::string_view text) noexcept {
  // Not fmt::print, which throws: if even this can't be written, there is nobody to tell.
  const auto size = [](std::string_view s) { return static_cast<int>(s.size()); };
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size stands before it
  static_cast<void>(std::fprintf(stderr, "%.*s: %.*s\n", size(name), name.data(), size(text), text.data()));
}

int run_program(std::string_view name, const std::function<int()>& body) {
  occupy_standard_descriptors();
  try {
    return body();
  } catch (const UsageError& e) {
    tell(name, e.what());
    tell(name, fmt::format("`{} --help` tells more", name));
    return kWrongUsage;
  } catch (const CommandError& e) {
    tell(name, e.what());
    return e.exit_status();
  } catch (const fathom::UnsupportedError& e) {
    tell(name, e.what());
    return kUnsupported;
  } catch (const std::bad_alloc&) {
    tell(name, "out of memory: trace less, or for a shorter time");
    return kFailure;
  } catch (const std::exception& e) {
    tell(name, e.what());
    return kFailure;
  }
}

void use_all_descriptors() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));  // where that is refused, what there is must do
}

std::string_view version() {
  return FATHOM_VERSION;
}

}  // namespace examples
