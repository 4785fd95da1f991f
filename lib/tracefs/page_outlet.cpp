#include "page_outlet.hpp"

#include <fathom/base/error.hpp>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

namespace fathom::tracefs {

namespace {

// Each buffer of a pipe holds one page of the ring buffer, without a copy.
constexpr int kPipeBytes = 1 << 20;

std::string descriptor(int fd) {
  return "descriptor " + std::to_string(fd);
}

}  // namespace

PageOutlet::PageOutlet() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    throw Error(errno, "make a pipe for pages");
  outlet_.reset(ends[0]);
  inlet_.reset(ends[1]);
  // Where the user's pipes are too many already it stays as small as it is.
  (void)::fcntl(inlet_.get(), F_SETPIPE_SZ, kPipeBytes);
  capacity_ = static_cast<std::size_t>(::fcntl(inlet_.get(), F_GETPIPE_SZ));
}

void PageOutlet::begin() noexcept {
  if (empty())
    given_ = 0;
}

void PageOutlet::note_filled(std::size_t bytes) noexcept {
  begin();
  piped_ += bytes;
}

bool PageOutlet::flush(int fd) {
  // The pipe's pages are in the rest where the file cannot be spliced into.
  return flush_rest(fd) && flush_pipe(fd) && flush_rest(fd);
}

bool PageOutlet::flush_pipe(int fd) {
  while (piped_ > 0) {
    const ssize_t count = ::splice(outlet_.get(), nullptr, fd, nullptr, piped_, SPLICE_F_MOVE);
    if (count > 0) {
      piped_ -= static_cast<std::size_t>(count);
      given_ += static_cast<std::size_t>(count);
      continue;
    }
    const int error = count == 0 ? EIO : errno;
    if (error == EAGAIN)
      return false;
    if (error == EINVAL)
      copy_out();  // the file cannot be spliced into
    else if (error != EINTR)
      throw Error(error, "move pages into", descriptor(fd));
  }
  return true;
}

bool PageOutlet::flush_rest(int fd) {
  std::size_t written = 0;
  int error = 0;
  while (written < rest_.size() && error == 0) {
    const ssize_t count = ::write(fd, rest_.data() + written, rest_.size() - written);
    if (count > 0)
      written += static_cast<std::size_t>(count);
    else if (count == 0 || errno != EINTR)
      error = count == 0 ? EIO : errno;
  }
  rest_.erase(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(written));
  given_ += written;
  if (error != 0 && error != EAGAIN)
    throw Error(error, "write pages into", descriptor(fd));
  return error == 0;
}

void PageOutlet::copy_out() {
  const std::size_t before = rest_.size();
  rest_.resize(before + piped_);
  const ssize_t count = ::read(outlet_.get(), rest_.data() + before, piped_);
  const int error = errno;
  rest_.resize(before + static_cast<std::size_t>(count > 0 ? count : 0));
  if (count <= 0)
    throw Error(count == 0 ? EIO : error, "read pages from a pipe");
  piped_ -= static_cast<std::size_t>(count);
}

void PageOutlet::put(std::span<const std::byte> bytes) {
  begin();
  rest_.assign(bytes.begin(), bytes.end());
}

std::vector<std::byte> PageOutlet::take_pages(std::size_t page_size) {
  while (piped_ > 0)
    copy_out();
  const std::size_t begun = given_ % page_size;
  const std::size_t kept = begun == 0 ? 0 : std::min(page_size - begun, rest_.size());
  const auto first = rest_.begin() + static_cast<std::ptrdiff_t>(kept);
  std::vector<std::byte> pages(first, rest_.end());
  rest_.erase(first, rest_.end());
  return pages;
}

void wait_writable(int fd) {
  pollfd waiting{fd, POLLOUT, 0};
  if (::poll(&waiting, 1, -1) < 0 && errno != EINTR)
    throw Error(errno, "wait for", descriptor(fd));
}

}  // namespace fathom::tracefs
