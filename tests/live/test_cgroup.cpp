#include "test_cgroup.hpp"

#include "this_process.hpp"

#include <fathom/base/unique_fd.hpp>

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

namespace fathom::live {

namespace {

void check(bool fine, const std::string& action) {
  if (!fine)
    throw std::system_error(errno, std::generic_category(), action);
}

std::string mounted_cgroups() {
  if (const auto place = Cgroup::mount_point())
    return *place;
  check(::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0,
        "make a mount namespace");
  check(::mount("none", "/mnt", "cgroup2", 0, nullptr) == 0, "mount cgroup2");
  return "/mnt";
}

bool join(const std::string& path) {
  const UniqueFd procs(::open((path + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  return ::write(procs.get(), "0", 1) == 1;
}

// A new network namespace has a loopback that is down.
bool own_network() {
  if (::unshare(CLONE_NEWNET) != 0)
    return false;
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

}  // namespace

TestCgroup::TestCgroup(std::string_view name, const TestCgroup* parent)
    : path_((parent != nullptr ? parent->path() : mounted_cgroups()) + "/fathom_" + std::string(name) + '_' +
            std::to_string(::getpid())) {
  check(::mkdir(path_.c_str(), 0755) == 0, "make " + path_);
  cgroup_.emplace(path_);
}

TestCgroup::~TestCgroup() {
  try {
    remove();
  } catch (const std::exception&) {
    // The next test of this name will say so.
  }
}

void TestCgroup::bring_perf_event_in() const {
  if (!in_vm())
    return;
  const std::string control = path_.substr(0, path_.rfind('/')) + "/cgroup.subtree_control";
  for (const char* change : {"+pids", "-pids"}) {
    std::ofstream file(control);
    file << change << std::flush;
    check(file.good(), "write " + control);
  }
}

void TestCgroup::remove() {
  if (path_.empty())
    return;
  // The kernel counts a child for a moment after it has ended.
  for (int attempt = 0; ::rmdir(path_.c_str()) != 0; ++attempt) {
    check(errno == EBUSY && attempt < 100, "remove " + path_);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  path_.clear();
}

bool TestCgroup::run_child(const std::function<void(std::span<char>)>& work, std::span<char> result) const {
  std::array<int, 2> pipe{};
  check(::pipe2(pipe.data(), O_CLOEXEC) == 0, "make a pipe");
  const UniqueFd out(pipe[0]);
  UniqueFd in(pipe[1]);
  const pid_t pid = ::fork();
  check(pid >= 0, "fork");
  if (pid == 0) {
    ::alarm(60);
    // The network first: bringing up loopback takes a socket, which is none of the test's business.
    if (!own_network() || !join(path_))
      std::_Exit(1);
    std::vector<char> memory(result.size());
    work(memory);
    const bool written = ::write(in.get(), memory.data(), memory.size()) == static_cast<ssize_t>(memory.size());
    std::_Exit(written ? 0 : 1);
  }
  in.reset();
  const bool read = ::read(out.get(), result.data(), result.size()) == static_cast<ssize_t>(result.size());
  int status = -1;
  ::waitpid(pid, &status, 0);
  return read && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace fathom::live
