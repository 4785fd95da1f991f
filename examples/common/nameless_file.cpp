#include "common/nameless_file.hpp"

#include <fathom/base/error.hpp>

#include <fcntl.h>
#include <stdlib.h>  // NOLINT(*-deprecated-headers,modernize-*): mkostemp() is not of the standard
#include <unistd.h>

#include <cerrno>

namespace examples {

fathom::UniqueFd temporary_file(const std::string& directory, unsigned mode, const std::string& hint,
                                std::string& name) {
  name.clear();
  fathom::UniqueFd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode));
  int error = errno;
  if (!file && (error == EOPNOTSUPP || error == EISDIR)) {  // says the file system; a kernel that knows no such files
    std::string pattern = directory + "/.fathom-XXXXXX";
    file.reset(::mkostemp(pattern.data(), O_CLOEXEC));
    error = errno;
    name = file ? pattern : std::string{};
  }
  if (!file)
    throw fathom::Error(error, "make a file in", directory, hint);
  return file;
}

fathom::UniqueFd nameless_file(const std::string& directory, unsigned mode, const std::string& hint) {
  std::string name;
  fathom::UniqueFd file = temporary_file(directory, mode, hint, name);
  if (!name.empty())
    ::unlink(name.c_str());
  return file;
}

bool give_name(int file, const std::string& path) {
  const std::string open_file = "/proc/self/fd/" + std::to_string(file);
  if (::linkat(AT_FDCWD, open_file.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0)
    return true;
  if (errno == EEXIST)
    return false;
  throw fathom::Error(errno, "give a name to", path);
}

}  // namespace examples
