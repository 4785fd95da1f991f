#include "common/replacement.hpp"

#include "common/nameless_file.hpp"

#include <fathom/base/error.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>

namespace examples {

namespace {

constexpr const char* kHint = "name another file with -o";

// As the kernel follows them, and where the last one leads if nothing is there.
std::string followed(const std::string& path) {
  constexpr int kMostLinks = 40;  // the kernel's own limit
  std::filesystem::path at = path;
  std::error_code error;
  for (int i = 0; i < kMostLinks && std::filesystem::is_symlink(at, error); ++i) {
    const std::filesystem::path to = std::filesystem::read_symlink(at, error);
    at = to.is_absolute() ? to : at.parent_path() / to;
  }
  return at.string();
}

std::string directory_of(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  return directory.empty() ? "." : directory;
}

// Empty where nothing is there.
std::optional<struct stat> what_is_at(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0)
    return status;
  if (errno == ENOENT)
    return std::nullopt;
  throw fathom::Error(errno, "write", path, kHint);
}

constexpr unsigned kMode = 0666;
constexpr unsigned kAllModes = 07777;

// It can only be asked for by setting it.
mode_t own_umask() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

}  // namespace

Replacement::Replacement(const std::string& path) : path_(followed(path)), directory_(directory_of(path_)) {
  const auto old = what_is_at(path_);
  if (old && !S_ISREG(old->st_mode))
    throw fathom::Error(
        S_ISDIR(old->st_mode) ? EISDIR : EINVAL, "write", path,
        "it is no regular file, and parts of what is written are written again: name another file with -o");
  if (old && ::access(path_.c_str(), W_OK) != 0)
    throw fathom::Error(errno, "write", path, kHint);
  if (path_.empty() || path_.back() == '/')
    throw fathom::Error(EISDIR, "write", path, kHint);
  file_ = temporary_file(directory_, kMode, kHint, temporary_);
  if (old)
    static_cast<void>(::fchmod(file_.get(), old->st_mode & kAllModes));
  else if (!temporary_.empty())
    static_cast<void>(::fchmod(file_.get(), kMode & ~own_umask()));
}

Replacement::~Replacement() {
  if (!temporary_.empty())
    ::unlink(temporary_.c_str());
}

void Replacement::commit() {
  const std::string prefix = directory_ + "/.fathom-" + std::to_string(::getpid()) + '-';
  for (unsigned i = 0; temporary_.empty(); ++i) {
    const std::string name = prefix + std::to_string(i);
    if (give_name(file_.get(), name))
      temporary_ = name;
  }
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0)
    throw fathom::Error(errno, "write", path_, kHint);
  temporary_.clear();
}

}  // namespace examples
