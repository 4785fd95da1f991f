#include "common/output.hpp"

#include <fathom/base/error.hpp>

#include <fcntl.h>
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
  Buffer(fathom::UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)), bytes_(kSize) {
    setp(bytes_.data(), bytes_.data() + bytes_.size());
  }

  int fd() const { return fd_.get(); }

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

  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(fd_.get(), text.data(), text.size());
      if (written >= 0) {
        text.remove_prefix(static_cast<std::size_t>(written));
        continue;
      }
      const int error = errno;
      if (error != EINTR)
        throw fathom::Error(error, "write to", name_, error == ENOSPC ? "make room, or write elsewhere with -o" : "");
    }
  }

  fathom::UniqueFd fd_;
  std::string name_;
  std::vector<char> bytes_;
};

Output::Output(fathom::UniqueFd fd, std::string name)
    : buffer_(std::make_unique<Buffer>(std::move(fd), std::move(name))),
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
    throw fathom::Error(errno, "write to", name, "it is closed");
  return copy;
}

}  // namespace

Output Output::file(const std::string& path) {
  if (path == "-")
    return standard_output();
  constexpr mode_t kMode = 0666;
  fathom::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode));
  if (!fd)
    throw fathom::Error(errno, "write to", path, "name another file with -o");
  return {std::move(fd), path};
}

Output Output::standard_output() {
  return {duplicate(STDOUT_FILENO, "standard output"), "standard output"};
}

Output Output::standard_error() {
  return {duplicate(STDERR_FILENO, "standard error"), "standard error"};
}

std::ostream& Output::stream() {
  return *stream_;
}

bool Output::is_terminal() const {
  return ::isatty(buffer_->fd()) == 1;
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
