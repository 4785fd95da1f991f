#include "unprivileged.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>

namespace fathom::live {

namespace {

constexpr unsigned kNobody = 65534;

std::string result_of(const std::function<std::string()>& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    return error.what();
  }
}

// The child's answer comes through a pipe: it shares nothing else with us that it could still write to.
std::string in_child(const std::function<bool()>& give_up_rights, const std::function<std::string()>& work) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error(errno, "make a pipe");
  const UniqueFd from(ends[0]);
  UniqueFd to(ends[1]);
  const pid_t child = ::fork();
  if (child < 0)
    throw Error(errno, "fork");
  if (child == 0) {
    const std::string said = give_up_rights() ? result_of(work) : "cannot give up rights";
    const ssize_t written = ::write(to.get(), said.data(), said.size());
    ::_exit(written == static_cast<ssize_t>(said.size()) ? 0 : 1);
  }
  to.reset();
  std::string said;
  std::array<char, 512> buffer{};
  for (ssize_t size = 0; (size = ::read(from.get(), buffer.data(), buffer.size())) > 0;)
    said.append(buffer.data(), static_cast<std::size_t>(size));
  ::waitpid(child, nullptr, 0);
  return said;
}

}  // namespace

std::string in_rootless_network(const std::function<std::string()>& work) {
  return in_child([] { return ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0; }, work);
}

std::string without_capabilities(std::initializer_list<unsigned> lost, const std::function<std::string()>& work) {
  const auto lose = [&] {
    __user_cap_header_struct header{};
    header.version = _LINUX_CAPABILITY_VERSION_3;
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
    if (::syscall(SYS_capget, &header, sets.data()) != 0)
      return false;
    for (const unsigned capability : lost)
      sets[capability / 32].effective &= ~(1U << capability % 32);
    return ::syscall(SYS_capset, &header, sets.data()) == 0;
  };
  return in_child(lose, work);
}

std::string as_nobody(const std::function<std::string()>& work) {
  return in_child([] { return ::setgid(kNobody) == 0 && ::setuid(kNobody) == 0; }, work);
}

}  // namespace fathom::live
