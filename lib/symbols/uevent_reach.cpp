#include "uevent_reach.hpp"

#include <fathom/base/unique_fd.hpp>

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>

namespace fathom::symbols {

namespace {

// PROC_USER_INIT_INO (include/linux/proc_ns.h): the number that the initial user namespace has on every kernel.
constexpr ino_t kInitialUserNamespace = 0xEFFFFFFD;

}  // namespace

std::optional<bool> gets_uevents(const std::string& net_namespace) {
  const UniqueFd network(::open(net_namespace.c_str(), O_RDONLY | O_CLOEXEC));
  if (!network)
    return std::nullopt;
  const UniqueFd owner(::ioctl(network.get(), NS_GET_USERNS));
  if (!owner) {
    // Whoever is inside a user namespace may not look at those outside, and then nothing is known.
    return std::nullopt;
  }
  struct stat status{};
  if (::fstat(owner.get(), &status) != 0)
    return std::nullopt;
  return status.st_ino == kInitialUserNamespace;
}

}  // namespace fathom::symbols
