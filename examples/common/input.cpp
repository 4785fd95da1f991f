#include "common/input.hpp"

#include <fathom/base/error.hpp>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace examples {

namespace {

constexpr std::size_t kChunkSize = 256UL * 1024;

}  // namespace

Input::Input(const std::string& path, int stop)
    : name_(path == "-" ? "standard input" : path), fd_(STDIN_FILENO), stop_(stop), buffer_(kChunkSize) {
  if (path == "-")
    return;
  file_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file_) {
    const int error = errno;
    throw fathom::Error(error, "open", path, error == ENOENT ? "check the name; `-` is standard input" : "");
  }
  fd_ = file_.get();
}

std::string_view Input::next() {
  while (true) {
    std::array<pollfd, 2> ready{{{fd_, POLLIN, 0}, {stop_, POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR)
      throw fathom::Error(errno, "wait for", name_);
    if (ready[1].revents != 0)
      return {};
    if (ready[0].revents == 0)
      continue;
    const ssize_t size = ::read(fd_, buffer_.data(), buffer_.size());
    if (size >= 0)
      return {buffer_.data(), static_cast<std::size_t>(size)};
    const int error = errno;
    if (error != EINTR && error != EAGAIN)
      throw fathom::Error(error, "read", name_,
                          error == EISDIR  ? "name a file in it"
                          : error == EBADF ? "it is closed"
                                           : "");
  }
}

}  // namespace examples
