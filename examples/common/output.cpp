#include "common/output.hpp"

#include <fathom/base/error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <streambuf>
#include <string_view>
#include <utility>
#include <vector>

namespace examples {

class Output::Buffer : public std::streambuf {
 public:
  // `replace`: what a regular file holds goes when the first data comes. `made`: it was not there before.
  Buffer(fathom::UniqueFd fd, std::string name, bool replace, bool made)
      : fd_(std::move(fd)),
        name_(std::move(name)),
        replace_(replace && is_regular(status())),
        made_(made),
        bytes_(kSize) {
    setp(bytes_.data(), bytes_.data() + bytes_.size());
  }
  ~Buffer() override {
    struct stat named{};
    // Nobody wrote, nobody closed: the program failed, and leaves no empty file behind.
    if (made_ && replace_ && ::stat(name_.c_str(), &named) == 0 && would_overwrite(named))
      ::unlink(name_.c_str());
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  int fd() const { return fd_.get(); }
  bool would_overwrite(const struct stat& input) const {
    const struct stat own = status();
    return replace_ && own.st_dev == input.st_dev && own.st_ino == input.st_ino;
  }

 protected:
  int_type overflow(int_type c) override {
    sync();
    if (!traits_type::eq_int_type(c, traits_type::eof()))
      sputc(traits_type::to_char_type(c));
    return traits_type::not_eof(c);
  }

  std::streamsize xsputn(const char* text, std::streamsize size) override {
    if (size >= epptr() - pptr()) {
      sync();
      if (size >= epptr() - pptr()) {
        write({text, static_cast<std::size_t>(size)});
        return size;
      }
    }
    return std::streambuf::xsputn(text, size);
  }

  int sync() override {
    const std::string_view waiting(pbase(), static_cast<std::size_t>(pptr() - pbase()));
    setp(bytes_.data(), bytes_.data() + bytes_.size());  // first: what can't be written is not tried twice
    write(waiting);
    return 0;
  }

 private:
  static constexpr std::size_t kSize = 64UL * 1024;

  static bool is_regular(const struct stat& status) { return S_ISREG(status.st_mode); }

  struct stat status() const {
    struct stat status{};
    if (::fstat(fd_.get(), &status) != 0)
      throw fathom::Error(errno, "write to", name_);
    return status;
  }

  void write(std::string_view text) {
    if (std::exchange(replace_, false) && ::ftruncate(fd_.get(), 0) != 0)
      throw fathom::Error(errno, "empty", name_, "name another file with -o");
    while (!text.empty()) {
      const ssize_t written = ::write(fd_.get(), text.data(), text.size());
      if (written >= 0) {
        text.remove_prefix(static_cast<std::size_t>(written));
        continue;
      }
      const int error = errno;
      if (error != EINTR)
        throw fathom::Error(error, "write to", name_,
                            error == ENOSPC  ? "make room, or write elsewhere"
                            : error == EBADF ? "it is closed"
                                             : "");
    }
  }

  fathom::UniqueFd fd_;
  std::string name_;
  bool replace_;
  bool made_;
  std::vector<char> bytes_;
};

Output::Output(fathom::UniqueFd fd, std::string name, bool replace, bool made)
    : buffer_(std::make_unique<Buffer>(std::move(fd), std::move(name), replace, made)),
      stream_(std::make_unique<std::ostream>(buffer_.get())) {
  stream_->exceptions(std::ios::badbit);  // lets through what the buffer throws
}

Output::~Output() = default;
Output::Output(Output&&) noexcept = default;
Output& Output::operator=(Output&&) noexcept = default;

namespace {

fathom::UniqueFd duplicate(int fd, const std::string& name) {
  fathom::UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy)
    throw fathom::Error(errno, "write to", name);
  return copy;
}

}  // namespace

Output Output::file(const std::string& path) {
  if (path == "-")
    return standard_output();
  constexpr mode_t kMode = 0666;
  fathom::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode));
  const bool made = static_cast<bool>(fd);
  // Also where the name is of a link whose file is not there.
  if (!made && errno == EEXIST)
    fd.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, kMode));
  if (!fd)
    throw fathom::Error(errno, "write to", path, "name another file with -o");
  return {std::move(fd), path, true, made};
}

Output Output::standard_output() {
  return {duplicate(STDOUT_FILENO, "standard output"), "standard output", false, false};
}

Output Output::standard_error() {
  return {duplicate(STDERR_FILENO, "standard error"), "standard error", false, false};
}

std::ostream& Output::stream() {
  return *stream_;
}

bool Output::is_terminal() const {
  return ::isatty(buffer_->fd()) == 1;
}

bool Output::would_overwrite(const std::string& input) const {
  struct stat status{};
  const int result = input == "-" ? ::fstat(STDIN_FILENO, &status) : ::stat(input.c_str(), &status);
  return result == 0 && buffer_->would_overwrite(status);
}

void Output::close() {
  stream_->flush();
}

bool wants_color(Color color, const Output& output) {
  if (color != Color::automatic)
    return color == Color::always;
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here sets variables
    return std::string_view(value == nullptr ? "" : value);
  };
  return variable("NO_COLOR").empty() && variable("TERM") != "dumb" && output.is_terminal();
}

}  // namespace examples
