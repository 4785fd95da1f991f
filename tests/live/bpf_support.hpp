#pragma once

#include "held_child.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <set>
#include <string>

namespace fathom::live {

/// What there is of BPF in the kernel and of descriptors in this process.
struct BpfThings {
  std::set<std::uint32_t> programs;
  std::set<std::uint32_t> maps;
  std::set<std::uint32_t> links;
  std::set<std::string> descriptors;  // of this process: number and what it is
};

[[nodiscard]] BpfThings bpf_things();

/// A test that leaves nothing behind: as many descriptors as before, and none of the programs, maps and links that it
/// made, which the kernel frees late: two seconds are waited for that.
class BpfTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

 private:
  BpfThings before_;
};

/// Runs `work` in a child process and waits for it; true if it returned true. What it does is not seen by this process.
[[nodiscard]] bool in_child(const std::function<bool()>& work);

/// A process of our own that makes system calls when it is told to: what a program is to count.
class Worker {
 public:
  /// Waits to be told, and then calls getppid `calls` times.
  explicit Worker(unsigned calls);

  [[nodiscard]] int pid() const noexcept { return child_.pid(); }
  /// Tells it, and waits until it is done.
  void run();

 private:
  HeldChild child_;
};

}  // namespace fathom::live
