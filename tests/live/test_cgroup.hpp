#pragma once

#include <fathom/bpf/cgroup.hpp>

#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace fathom::live {

/// A cgroup of a test's own, below the root of version 2 or another of the test's, removed again at the end. Where none
/// are mounted, they are mounted in a mount namespace of this process alone.
class TestCgroup {
 public:
  explicit TestCgroup(std::string_view name, const TestCgroup* parent = nullptr);
  ~TestCgroup();
  TestCgroup(const TestCgroup&) = delete;
  TestCgroup& operator=(const TestCgroup&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// It, as the library has it.
  [[nodiscard]] const Cgroup& cgroup() const noexcept { return *cgroup_; }
  /// Of version 2, perf_event is in every cgroup; but the kernel brings it into those below the root with the first
  /// change of the root's controllers only, which every init system makes (kernel/cgroup/cgroup.c,
  /// cgroup_refresh_subtree_ss_mask): in a virtual machine of ours, that has none, this does.
  void bring_perf_event_in() const;
  /// Removes it now.
  void remove();

  /// What `work` returns in a child of ours that is in this cgroup, and in a network namespace with nothing but
  /// loopback. Empty if the child could not be brought there, or died.
  template <class Work>
  [[nodiscard]] auto run(Work work) const {
    using Result = std::invoke_result_t<Work>;
    static_assert(std::is_trivially_copyable_v<Result>);
    Result result{};
    const bool done = run_child(
        [&](std::span<char> memory) {
          const Result value = work();
          std::memcpy(memory.data(), &value, sizeof(value));
        },
        std::span(reinterpret_cast<char*>(&result), sizeof(result)));
    return done ? std::optional<Result>(result) : std::nullopt;
  }

 private:
  [[nodiscard]] bool run_child(const std::function<void(std::span<char>)>& work, std::span<char> result) const;

  std::string path_;
  std::optional<Cgroup> cgroup_;
};

}  // namespace fathom::live
