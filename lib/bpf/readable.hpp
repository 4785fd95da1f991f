#pragma once

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_map.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace fathom::bpf {

/// Until when to wait; with no timeout, for ever.
class Deadline {
 public:
  explicit Deadline(std::optional<std::chrono::nanoseconds> timeout);

  /// What is left, not negative; empty for ever.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> left() const;

 private:
  std::optional<std::chrono::steady_clock::time_point> end_;
};

/// An epoll descriptor for a reader of `map`. Throws BpfError.
[[nodiscard]] UniqueFd make_epoll(const BpfMap& map);
/// Makes `epoll` readable whenever `fd` has one of these events: EPOLLIN, EPOLLOUT. Throws BpfError.
void add_to_epoll(const UniqueFd& epoll, std::uint32_t events, int fd, const BpfMap& map);
/// Waits until `fd` is readable; false when the time is over, or when a signal handler has run. Throws BpfError.
[[nodiscard]] bool wait_readable(const UniqueFd& fd, const Deadline& deadline, const BpfMap& map);

}  // namespace fathom::bpf
