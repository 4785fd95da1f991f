#include "held_child.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace fathom::live {

HeldChild::HeldChild(const std::function<bool()>& work) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "pipe2");
  pid_ = ::fork();
  if (pid_ == 0) {
    ::close(pipe[1]);
    char byte = 0;
    std::_Exit(::read(pipe[0], &byte, 1) == 1 && work() ? 0 : 1);
  }
  ::close(pipe[0]);
  start_ = pipe[1];
}

HeldChild::~HeldChild() {
  if (start_ >= 0)
    ::close(start_);
  if (pid_ > 0)
    ::waitpid(pid_, nullptr, 0);
}

bool HeldChild::run() {
  const bool told = ::write(start_, "x", 1) == 1;
  ::close(start_);
  start_ = -1;
  int status = -1;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return told && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace fathom::live
