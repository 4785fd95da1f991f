#include "deaf_cpus.hpp"

#include "slowest_clock.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>

namespace fathom::perf {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPause{1};

struct Asked {
  ListeningCpu cpu;
  std::optional<std::uint64_t> time_enabled;

  [[nodiscard]] bool moved() const {
    const auto now = cpu.time_enabled();
    return now && now != time_enabled;
  }
};

}  // namespace

CpuSet deaf_cpus(std::vector<ListeningCpu> cpus) {
  std::vector<Asked> silent;
  silent.reserve(cpus.size());
  for (ListeningCpu& cpu : cpus) {
    const auto enabled = cpu.time_enabled();
    silent.push_back({.cpu = std::move(cpu), .time_enabled = enabled});
  }
  const auto until = steady_clock::now() + kLongestStandstill;
  for (;;) {
    std::erase_if(silent, [](const Asked& asked) { return asked.moved(); });
    if (silent.empty() || steady_clock::now() > until)
      break;
    std::this_thread::sleep_for(kPause);
  }
  CpuSet deaf;
  for (const Asked& asked : silent)
    deaf.insert(asked.cpu.cpu);
  return deaf;
}

}  // namespace fathom::perf
