#include "journal_file.hpp"

#include "text.hpp"

#include <fathom/base/error.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

namespace fathom::tracefs {

namespace {

constexpr const char* kName = "top-level.journal";
constexpr std::string_view kDirectoryHint = "the journal's directory is a parameter: name one that you can write to";

std::string file_path(const std::string& directory) {
  return directory + '/' + kName;
}

[[noreturn]] void refuse(int error, std::string_view path, std::string_view hint) {
  throw Error(error, "trust", path, hint);
}

// Only what belongs to us and can be written by nobody else may tell us what to write into tracefs.
void check_ownership(const struct stat& found, const std::string& path) {
  if (found.st_uid != ::geteuid() || (found.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    refuse(EPERM, path, "it belongs to another user or others can write to it: remove it");
}

// Empty if it is not there.
UniqueFd open_directory(const std::string& directory, JournalFile::Missing missing) {
  if (missing == JournalFile::Missing::create && ::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    throw Error(errno, "create", directory, kDirectoryHint);
  UniqueFd fd{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!fd) {
    const int error = errno;
    if (error == ENOENT)
      return {};
    if (error == ELOOP || error == ENOTDIR)
      refuse(error, directory, "it is a symbolic link or no directory: remove it");
    throw Error(error, "open", directory, kDirectoryHint);
  }
  struct stat found{};
  if (::fstat(fd.get(), &found) != 0)
    throw Error(errno, "look at", directory);
  check_ownership(found, directory);
  return fd;
}

// Empty if it is not there.
UniqueFd open_file(int directory_fd, const std::string& path, JournalFile::Missing missing) {
  const int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
  UniqueFd fd{::openat(directory_fd, kName, missing == JournalFile::Missing::create ? flags | O_CREAT : flags, 0600)};
  if (!fd) {
    const int error = errno;
    if (error == ENOENT)
      return {};
    if (error == ELOOP)
      refuse(error, path, "it is a symbolic link: remove it");
    throw Error(error, "open", path, kDirectoryHint);
  }
  struct stat found{};
  if (::fstat(fd.get(), &found) != 0)
    throw Error(errno, "look at", path);
  if (!S_ISREG(found.st_mode))
    refuse(EINVAL, path, "it is no regular file: remove it");
  check_ownership(found, path);
  return fd;
}

// Whoever ends removes the file while holding it; then the one that we have locked is not the one that others see.
bool is_current(int directory_fd, int fd) {
  struct stat opened{};
  struct stat named{};
  return ::fstat(fd, &opened) == 0 && ::fstatat(directory_fd, kName, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

std::string read_all(int fd, const std::string& path) {
  std::string text;
  std::array<char, 16384> buffer{};
  while (true) {
    const ssize_t count = ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(text.size()));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      throw Error(errno, "read", path);
    if (count == 0)
      return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

std::uint64_t fnv1a(std::string_view a, std::string_view b) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const std::string_view part : {a, b}) {
    for (const char c : part)
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    hash = (hash ^ part.size()) * 0x100000001b3U;  // so that moving the cut between the two is seen
  }
  return hash;
}

std::string encoded(const JournalRecord& record) {
  return std::to_string(record.path.size()) + ' ' + std::to_string(record.value.size()) + ' ' +
         std::to_string(fnv1a(record.path, record.value)) + '\n' + record.path + record.value + '\n';
}

// Takes the first record off `text`; empty if that is not whole.
std::optional<JournalRecord> decode(std::string_view& text) {
  const auto line_end = text.find('\n');
  if (line_end == std::string_view::npos)
    return std::nullopt;
  const auto words = words_of(text.substr(0, line_end));
  if (words.size() != 3)
    return std::nullopt;
  const auto path_size = parse_number<std::size_t>(words[0]);
  const auto value_size = parse_number<std::size_t>(words[1]);
  const auto checksum = parse_number<std::uint64_t>(words[2]);
  std::string_view rest = text.substr(line_end + 1);
  if (!path_size || !value_size || !checksum || *path_size >= rest.size() || *value_size >= rest.size() - *path_size)
    return std::nullopt;
  const std::string_view path = rest.substr(0, *path_size);
  const std::string_view value = rest.substr(*path_size, *value_size);
  rest.remove_prefix(*path_size + *value_size);
  if (!rest.starts_with('\n') || fnv1a(path, value) != *checksum)
    return std::nullopt;
  text = rest.substr(1);
  return JournalRecord{std::string(path), std::string(value)};
}

// 4711 6e6a9a3e-6f6c-4d2b-a3e1-3f1f3c2f3f3a
struct OwnerLine {
  int pid = 0;
  std::string_view boot_id;
};

OwnerLine parse_owner(std::string_view value) {
  const auto words = words_of(value);
  if (words.size() != 2)
    return {};
  return {parse_number<int>(words[0]).value_or(0), words[1]};
}

}  // namespace

JournalFile::JournalFile(UniqueFd directory_fd, UniqueFd fd, std::string directory, std::string path)
    : directory_fd_(std::move(directory_fd)),
      fd_(std::move(fd)),
      directory_(std::move(directory)),
      path_(std::move(path)) {
  const std::string whole = read_all(fd_.get(), path_);
  std::string_view text = whole;
  while (decode(text)) {
  }
  size_ = whole.size() - text.size();
}

JournalFile::~JournalFile() = default;

std::optional<JournalFile> JournalFile::lock(const std::string& directory, Missing missing) {
  const std::string path = file_path(directory);
  // Each turn but the last was lost to a session that ended just then and took file and directory away.
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    UniqueFd directory_fd = open_directory(directory, missing);
    UniqueFd fd = directory_fd ? open_file(directory_fd.get(), path, missing) : UniqueFd{};
    if (!fd) {
      if (missing == Missing::leave)
        return std::nullopt;
      continue;
    }
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK)
        return std::nullopt;
      throw Error(errno, "lock", path);
    }
    if (is_current(directory_fd.get(), fd.get()))
      return JournalFile(std::move(directory_fd), std::move(fd), directory, path);
  }
  throw Error(EAGAIN, "lock", path, "it is made and removed all the time");
}

int JournalFile::holder(const std::string& directory) {
  const UniqueFd directory_fd = open_directory(directory, Missing::leave);
  const UniqueFd fd = directory_fd ? open_file(directory_fd.get(), file_path(directory), Missing::leave) : UniqueFd{};
  if (!fd)
    return 0;
  const std::string whole = read_all(fd.get(), file_path(directory));
  std::string_view text = whole;
  int pid = 0;
  while (const auto record = decode(text)) {
    if (record->path.empty())
      pid = parse_owner(record->value).pid;
  }
  return pid;
}

LeftOver JournalFile::left_over(std::string_view boot_id) const {
  const std::string whole = read_all(fd_.get(), path_);
  std::string_view text = whole;
  LeftOver left;
  int pid = 0;
  bool same_boot = false;
  while (auto record = decode(text)) {
    if (record->path.empty()) {
      const OwnerLine owner = parse_owner(record->value);
      pid = owner.pid;
      same_boot = owner.boot_id == boot_id;
    } else if (same_boot) {
      left.pid = pid;
      left.records.push_back(std::move(*record));
    }
  }
  return left;
}

void JournalFile::write_owner(int pid, std::string_view boot_id) {
  append({"", std::to_string(pid) + ' ' + std::string(boot_id)});
}

void JournalFile::append(const JournalRecord& record) {
  const std::string bytes = encoded(record);
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count =
        ::pwrite(fd_.get(), bytes.data() + written, bytes.size() - written, static_cast<off_t>(size_ + written));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0) {
      const int error = errno;
      // Best effort: what is not whole is not believed anyway.
      static_cast<void>(::ftruncate(fd_.get(), static_cast<off_t>(size_)) == 0);
      throw Error(error, "save the old value of " + record.path + " in", path_,
                  error == ENOSPC || error == EDQUOT ? "the disk is full: make room, or name another directory" : "");
    }
    written += static_cast<std::size_t>(count);
  }
  size_ += bytes.size();
}

void JournalFile::clear() {
  if (::ftruncate(fd_.get(), 0) != 0)
    throw Error(errno, "empty", path_);
  size_ = 0;
}

void JournalFile::remove() noexcept {
  static_cast<void>(::unlinkat(directory_fd_.get(), kName, 0) == 0);
  static_cast<void>(::rmdir(directory_.c_str()) == 0);
}

}  // namespace fathom::tracefs
