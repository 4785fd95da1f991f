#pragma once

#include <fathom/base/cpu_set.hpp>
#include <fathom/base/error.hpp>
#include <fathom/base/time.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace fathom::live {

/// Has each CPU work for two scheduler ticks now and then: where it has none for long, the kernel throttles timers.
class AwakeCpus {
 public:
  AwakeCpus();

 private:
  std::vector<std::jthread> threads_;
};

/// The same ticks without the library: perf_event_open(2) on each CPU, as long as this lives. What this machine can
/// give.
class RawTicks {
 public:
  explicit RawTicks(std::uint64_t period_ns);
  ~RawTicks();
  RawTicks(const RawTicks&) = delete;
  RawTicks& operator=(const RawTicks&) = delete;

  /// How many came.
  [[nodiscard]] std::uint64_t count() const;

 private:
  struct Cpu {
    int fd;
    void* ring;
  };
  std::vector<Cpu> cpus_;
};

/// A time as timers give it.
inline Timestamp on_clock(std::chrono::steady_clock::time_point time) {
  return {static_cast<std::uint64_t>(time.time_since_epoch().count())};
}

/// What the call throws; a failure if it throws nothing.
template <class Call>
Error thrown_by(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {0, "fail"};
}

}  // namespace fathom::live
