#include "pid_namespace.hpp"

#include <sys/stat.h>

namespace fathom::profile {

namespace {

constexpr std::uint32_t kInitial = 0xefff'fffc;  // include/linux/proc_ns.h, PROC_PID_INIT_INO

}  // namespace

std::uint32_t own_pid_namespace(const std::string& proc) {
  struct stat status{};
  if (::stat((proc + "/self/ns/pid").c_str(), &status) != 0)
    return 0;
  const auto inode = static_cast<std::uint32_t>(status.st_ino);
  return inode == kInitial ? 0 : inode;
}

}  // namespace fathom::profile
