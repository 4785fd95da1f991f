// Prints the rate of this machine's time stamp counter in kHz.
// QEMU's emulation hands the host's counter to the guest. A guest that must find the rate by itself, against an
// emulated timer on a loaded host, was seen to be wrong by a factor of 8; so vm-run tells it.
#include <chrono>
#include <cstdio>
#include <thread>
#include <x86intrin.h>

namespace {

using Clock = std::chrono::steady_clock;

struct Sample {
  unsigned long long ticks;
  Clock::time_point time;
  Clock::duration uncertainty;
};

/// The counter read between two looks at the clock: how far these are apart bounds the error.
Sample sample() {
  const auto before = Clock::now();
  const auto ticks = __rdtsc();
  const auto after = Clock::now();
  return {ticks, before + (after - before) / 2, after - before};
}

}  // namespace

int main() {
  double best_khz = 0;
  auto best_uncertainty = Clock::duration::max();
  for (int round = 0; round < 4; ++round) {
    const auto begin = sample();
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    const auto end = sample();
    if (begin.uncertainty + end.uncertainty < best_uncertainty) {
      best_uncertainty = begin.uncertainty + end.uncertainty;
      const std::chrono::duration<double, std::milli> elapsed = end.time - begin.time;
      best_khz = static_cast<double>(end.ticks - begin.ticks) / elapsed.count();
    }
  }
  std::printf("%.0f\n", best_khz);
}
