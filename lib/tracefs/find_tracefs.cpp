#include "file_hints.hpp"
#include "text.hpp"

#include <fathom/base/error.hpp>
#include <fathom/tracefs/find_tracefs.hpp>

#include <sys/mount.h>

#include <cerrno>
#include <fstream>
#include <iterator>

namespace fathom {

namespace {

bool is_octal(char digit) {
  return digit >= '0' && digit <= '7';
}

// The kernel writes blank, tab, newline and backslash in a path as \040 \011 \012 \134.
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
        is_octal(text[i + 3])) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

// 24 1 0:12 / /sys/kernel/tracing rw,nosuid,nodev,noexec,relatime shared:9 - tracefs tracefs rw
std::optional<std::string> parse_mountinfo(std::string_view text) {
  constexpr std::size_t kRootField = 3;
  constexpr std::size_t kMountPointField = 4;
  constexpr std::size_t kFirstOptionalField = 6;
  std::optional<std::string> tracefs;
  std::optional<std::string> debugfs;
  for (const std::string_view line : tracefs::lines_of(text)) {
    const auto fields = tracefs::words_of(line);
    std::size_t separator = kFirstOptionalField;
    while (separator < fields.size() && fields[separator] != "-")
      ++separator;
    // A bind mount of a part of it is not the root that we want.
    if (separator + 1 >= fields.size() || fields[kRootField] != "/")
      continue;
    if (fields[separator + 1] == "tracefs")
      tracefs = unescaped(fields[kMountPointField]);
    else if (fields[separator + 1] == "debugfs")
      debugfs = unescaped(fields[kMountPointField]) + "/tracing";
  }
  return tracefs ? tracefs : debugfs;
}

std::optional<std::string> find_tracefs(const std::string& mountinfo) {
  errno = 0;
  std::ifstream file(mountinfo);
  if (!file) {
    const int error = errno == 0 ? EIO : errno;
    throw Error(error, "look for tracefs in", mountinfo, "is /proc mounted?");
  }
  return parse_mountinfo(std::string(std::istreambuf_iterator<char>(file), {}));
}

void mount_tracefs(const std::string& path) {
  if (::mount("nodev", path.c_str(), "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0)
    return;
  const int error = errno;
  std::string_view hint;
  if (error == EPERM || error == EACCES)
    hint = "mounting takes CAP_SYS_ADMIN: run as root";
  else if (error == EBUSY)
    hint = "something is mounted there already";
  else if (error == ENODEV)
    hint = "this kernel has no tracefs: CONFIG_TRACING, Linux 4.1";
  else if (error == ENOENT)
    hint = "there is no such directory; the kernel makes /sys/kernel/tracing when /sys is mounted";
  throw Error(error, "mount tracefs at", path, hint);
}

}  // namespace fathom
