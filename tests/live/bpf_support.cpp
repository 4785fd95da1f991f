#include "bpf_support.hpp"

#include "this_process.hpp"

#include <bpf/bpf.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
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

template <class T>
std::set<T> added(const std::set<T>& before, const std::set<T>& after) {
  std::set<T> difference;
  std::ranges::set_difference(after, before, std::inserter(difference, difference.end()));
  return difference;
}

// Programs, maps and links that other processes have open: others may use BPF on this machine while a test runs.
void take_away_those_of_others(BpfThings& things) {
  std::error_code error;
  for (const auto& process : std::filesystem::directory_iterator("/proc", error)) {
    const std::string pid = process.path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos || pid == std::to_string(::getpid()))
      continue;
    for (const auto& descriptor : std::filesystem::directory_iterator(process.path() / "fdinfo", error)) {
      std::ifstream file(descriptor.path());
      for (std::string name; file >> name;) {
        std::uint32_t id = 0;
        if (name == "prog_id:" && file >> id)
          things.programs.erase(id);
        else if (name == "map_id:" && file >> id)
          things.maps.erase(id);
        else if (name == "link_id:" && file >> id)
          things.links.erase(id);
      }
    }
  }
}

BpfThings new_since(const BpfThings& before) {
  const BpfThings now = bpf_things();
  BpfThings news{
      added(before.programs, now.programs), added(before.maps, now.maps), added(before.links, now.links), {}};
  if (!news.programs.empty() || !news.maps.empty() || !news.links.empty())
    take_away_those_of_others(news);
  return news;
}

}  // namespace

BpfThings bpf_things() {
  return {ids(bpf_prog_get_next_id), ids(bpf_map_get_next_id), ids(bpf_link_get_next_id), open_descriptors()};
}

void BpfTest::SetUp() {
  before_ = bpf_things();
}

void BpfTest::TearDown() {
  EXPECT_EQ(open_descriptors(), before_.descriptors);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  BpfThings news = new_since(before_);
  while ((!news.programs.empty() || !news.maps.empty() || !news.links.empty()) &&
         std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    news = new_since(before_);
  }
  EXPECT_EQ(news.programs, std::set<std::uint32_t>());
  EXPECT_EQ(news.maps, std::set<std::uint32_t>());
  EXPECT_EQ(news.links, std::set<std::uint32_t>());
}

bool in_child(const std::function<bool()>& work) {
  const pid_t pid = ::fork();
  if (pid == 0)
    std::_Exit(work() ? 0 : 1);
  int status = -1;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Worker::Worker(unsigned calls)
    : child_([calls] {
        for (unsigned i = 0; i < calls; ++i)
          ::syscall(SYS_getppid);
        return true;
      }) {}

void Worker::run() {
  EXPECT_TRUE(child_.run());
}

}  // namespace fathom::live
