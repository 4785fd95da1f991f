#include "bpf_support.hpp"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <thread>

namespace fathom::live {

namespace {

template <class Next>
std::set<std::uint32_t> ids(Next next) {
  std::set<std::uint32_t> found;
  for (std::uint32_t id = 0; next(id, &id) == 0;)
    found.insert(id);
  return found;
}

std::set<std::string> descriptors() {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
    if (!target.ends_with("/fd"))  // the one that lists
      found.insert(entry.path().filename().string() + ' ' + target);
  }
  return found;
}

template <class T>
std::set<T> added(const std::set<T>& before, const std::set<T>& after) {
  std::set<T> difference;
  std::ranges::set_difference(after, before, std::inserter(difference, difference.end()));
  return difference;
}

}  // namespace

BpfThings bpf_things() {
  return {ids(bpf_prog_get_next_id), ids(bpf_map_get_next_id), ids(bpf_link_get_next_id), descriptors()};
}

void BpfTest::SetUp() {
  before_ = bpf_things();
}

void BpfTest::TearDown() {
  EXPECT_EQ(descriptors(), before_.descriptors);
  BpfThings now;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  do {
    now = bpf_things();
    if (added(before_.programs, now.programs).empty() && added(before_.maps, now.maps).empty() &&
        added(before_.links, now.links).empty())
      return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  } while (std::chrono::steady_clock::now() < end);
  EXPECT_EQ(added(before_.programs, now.programs), std::set<std::uint32_t>());
  EXPECT_EQ(added(before_.maps, now.maps), std::set<std::uint32_t>());
  EXPECT_EQ(added(before_.links, now.links), std::set<std::uint32_t>());
}

bool in_child(const std::function<bool()>& work) {
  const pid_t pid = ::fork();
  if (pid == 0)
    std::_Exit(work() ? 0 : 1);
  int status = -1;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Worker::Worker(unsigned calls) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "pipe2");
  pid_ = ::fork();
  if (pid_ == 0) {
    ::close(pipe[1]);
    char byte = 0;
    if (::read(pipe[0], &byte, 1) == 1) {
      for (unsigned i = 0; i < calls; ++i)
        ::syscall(SYS_getppid);
    }
    std::_Exit(0);
  }
  ::close(pipe[0]);
  start_ = pipe[1];
}

Worker::~Worker() {
  if (start_ >= 0)
    ::close(start_);
  if (pid_ > 0)
    ::waitpid(pid_, nullptr, 0);
}

void Worker::run() {
  EXPECT_EQ(::write(start_, "x", 1), 1);
  ::close(start_);
  start_ = -1;
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace fathom::live
