#pragma once

#include <fathom/base/unique_fd.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

namespace fathom {

/// A source of text: what is written to it comes out of drain().
class PipeSource {
 public:
  PipeSource() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
      throw std::system_error(errno, std::generic_category(), "pipe2");
    read_ = UniqueFd(ends[0]);
    write_ = UniqueFd(ends[1]);
  }

  void write(std::string_view text) const {
    if (::write(write_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      throw std::system_error(errno, std::generic_category(), "write");
  }
  [[nodiscard]] int native_handle() const noexcept { return read_.get(); }
  [[nodiscard]] std::string drain() const {
    std::string text(4096, '\0');
    const ssize_t size = ::read(read_.get(), text.data(), text.size());
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }

 private:
  UniqueFd read_;
  UniqueFd write_;
};

}  // namespace fathom
