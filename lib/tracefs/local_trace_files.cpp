#include "file_hints.hpp"
#include "text.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/tracefs/trace_files.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace fathom {

namespace {

constexpr std::size_t kReadSize = 65536;
constexpr std::size_t kQuotedSize = 80;

// A text in a message: one line, and not the whole of a long one.
std::string quoted(std::string_view text) {
  const std::string_view shown = tracefs::trimmed(text);
  std::string quote = "'";
  quote += shown.substr(0, kQuotedSize);
  quote += shown.size() > kQuotedSize ? "...'" : "'";
  return quote;
}

// read() that a signal does not end.
ssize_t read_some(int fd, std::span<char> into) {
  ssize_t count = 0;
  do
    count = ::read(fd, into.data(), into.size());
  while (count < 0 && errno == EINTR);
  return count;
}

class LocalStream final : public TraceStream {
 public:
  LocalStream(UniqueFd fd, std::string full_path) : fd_(std::move(fd)), full_path_(std::move(full_path)) {}

  std::optional<std::size_t> read(std::span<char> into) override {
    const ssize_t count = read_some(fd_.get(), into);
    if (count >= 0)
      return static_cast<std::size_t>(count);
    const int error = errno;
    if (error == EAGAIN)
      return std::nullopt;
    throw Error(error, "read", full_path_, tracefs::file_hint(error, full_path_));
  }
  std::optional<std::size_t> splice(int pipe, std::size_t size) override {
    ssize_t count = 0;
    do
      count = ::splice(fd_.get(), nullptr, pipe, nullptr, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    while (count < 0 && errno == EINTR);
    if (count > 0)
      return static_cast<std::size_t>(count);
    const int error = errno;
    if (count == 0 || error == EAGAIN)
      return std::nullopt;
    throw Error(error, "splice", full_path_, tracefs::file_hint(error, full_path_));
  }
  [[nodiscard]] int native_handle() const noexcept override { return fd_.get(); }

 private:
  UniqueFd fd_;
  std::string full_path_;
};

class LocalTraceFiles final : public TraceFiles {
 public:
  explicit LocalTraceFiles(std::string root) : root_(std::move(root)) {}

  [[nodiscard]] const std::string& root() const noexcept override { return root_; }

  [[nodiscard]] bool exists(std::string_view path) override { return status(path).has_value(); }

  [[nodiscard]] bool is_directory(std::string_view path) override {
    const auto found = status(path);
    return found && S_ISDIR(found->st_mode);
  }

  [[nodiscard]] std::string read(std::string_view path) override {
    const UniqueFd fd = open(path, O_RDONLY, "open");
    std::string text;
    while (true) {
      const std::size_t filled = text.size();
      text.resize(filled + kReadSize);
      const ssize_t count = read_some(fd.get(), {text.data() + filled, kReadSize});
      if (count < 0)
        fail(errno, "read", path);
      text.resize(filled + static_cast<std::size_t>(count));
      if (count == 0)
        return text;
    }
  }

  void write_each(std::string_view path, WriteMode mode, std::span<const std::string> texts) override {
    const std::string action = texts.empty() ? "empty" : "write " + quoted(texts.front()) + " to";
    UniqueFd fd = open(path, O_WRONLY | (mode == WriteMode::truncate ? O_TRUNC : O_APPEND), action);
    for (const std::string& text : texts)
      write_text(fd.get(), path, text);
    // Some files act only now.
    if (::close(fd.release()) != 0)
      fail(errno, "close", path);
  }

  [[nodiscard]] std::vector<std::string> list(std::string_view path) override {
    const std::string full = full_path(path);
    DIR* const directory = ::opendir(full.c_str());
    if (directory == nullptr)
      fail(errno, "list", path);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(directory)) {
      const std::string_view name = static_cast<const char*>(entry->d_name);
      if (name != "." && name != "..")
        names.emplace_back(name);
    }
    const int error = errno;
    ::closedir(directory);
    if (error != 0)
      fail(error, "list", path);
    std::ranges::sort(names);
    return names;
  }

  void make_directory(std::string_view path) override {
    // The mode that the kernel gives its own: readable for the group that tracefs was mounted for.
    if (::mkdir(full_path(path).c_str(), 0750) != 0)
      fail(errno, "create", path);
  }

  void remove_directory(std::string_view path) override {
    if (::rmdir(full_path(path).c_str()) != 0)
      fail(errno, "remove", path);
  }

  [[nodiscard]] std::unique_ptr<TraceStream> open_stream(std::string_view path, bool non_blocking) override {
    return std::make_unique<LocalStream>(open(path, O_RDONLY | (non_blocking ? O_NONBLOCK : 0), "open"),
                                         full_path(path));
  }

 private:
  [[noreturn]] void fail(int error, std::string_view action, std::string_view path) const {
    throw Error(error, action, full_path(path), tracefs::file_hint(error, path));
  }

  [[nodiscard]] UniqueFd open(std::string_view path, int flags, std::string_view action) const {
    UniqueFd fd{::open(full_path(path).c_str(), flags | O_CLOEXEC)};
    if (!fd)
      fail(errno, action, path);
    return fd;
  }

  // Empty if there is no such file.
  [[nodiscard]] std::optional<struct stat> status(std::string_view path) const {
    struct stat found{};
    if (::stat(full_path(path).c_str(), &found) == 0)
      return found;
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR)
      return std::nullopt;
    fail(error, "look at", path);
  }

  void write_text(int fd, std::string_view path, std::string_view text) const {
    // The kernel takes word-wise files one word a call, so a short count is no error; the rest follows.
    for (std::string_view rest = text; !rest.empty();) {
      const ssize_t count = ::write(fd, rest.data(), rest.size());
      if (count < 0 && errno == EINTR)
        continue;
      if (count <= 0)
        fail(count < 0 ? errno : EIO, "write " + quoted(text) + " to", path);
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  std::string root_;
};

}  // namespace

std::shared_ptr<TraceFiles> local_trace_files(std::string root) {
  return std::make_shared<LocalTraceFiles>(std::move(root));
}

}  // namespace fathom
