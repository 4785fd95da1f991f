#include "common/mapped_file.hpp"

#include "common/program.hpp"

#include <fathom/base/error.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace examples {

fathom::UniqueFd open_file(const std::string& path) {
  fathom::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file)
    throw fathom::Error(errno, "open", path);
  return file;
}

namespace {

// Made before the handler is there, which only reads it.
std::string& cut_message() {
  static std::string message;
  return message;
}

}  // namespace

void end_where_a_file_is_cut(std::string_view program) {
  cut_message() = std::string(program) + ": a file became shorter while it was read\n";
  struct sigaction action{};
  action.sa_handler = [](int) {
    const std::string& message = cut_message();
    static_cast<void>(::write(STDERR_FILENO, message.data(), message.size()) == 0);  // nobody is there to tell
    ::_exit(kFailure);
  };
  ::sigaction(SIGBUS, &action, nullptr);
}

MappedFile::MappedFile(const std::string& path) : MappedFile(open_file(path).get(), path) {}

MappedFile::MappedFile(int file, const std::string& name) {
  struct stat about{};
  if (::fstat(file, &about) != 0)
    throw fathom::Error(errno, "open", name);
  if (!S_ISREG(about.st_mode))
    throw fathom::Error(std::errc::invalid_argument, "map", name, "it is no regular file");
  size_ = static_cast<std::size_t>(about.st_size);
  if (size_ == 0)
    return;
  void* const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
  if (mapped == MAP_FAILED)  // NOLINT: the system's constant
    throw fathom::Error(errno, "map", name);
  data_ = static_cast<const std::byte*>(mapped);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr)
    ::munmap(const_cast<std::byte*>(data_), size_);  // NOLINT: munmap wants it so
}

}  // namespace examples
