#include <fathom/base/error.hpp>
#include <fathom/tracefs/page_files.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

namespace fathom {

int PageFiles::file(unsigned cpu) {
  UniqueFd& fd = files_[cpu];
  if (!fd) {
    const std::string name = path(cpu);
    fd.reset(::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) {
      const int error = errno;
      files_.erase(cpu);
      throw Error(error, "create", name,
                  error == EEXIST ? "what is there stays: remove it, or choose another name" : "");
    }
  }
  return fd.get();
}

std::vector<unsigned> PageFiles::cpus() const {
  std::vector<unsigned> cpus;
  cpus.reserve(files_.size());
  for (const auto& [cpu, fd] : files_)
    cpus.push_back(cpu);
  return cpus;
}

void PageFiles::remove() {
  int first_error = 0;
  std::string first_path;
  for (const auto& [cpu, fd] : std::exchange(files_, {})) {
    std::string name = path(cpu);
    if (::unlink(name.c_str()) == 0 || first_error != 0)
      continue;
    first_error = errno;
    first_path = std::move(name);
  }
  if (first_error != 0)
    throw Error(first_error, "remove", first_path);
}

}  // namespace fathom
