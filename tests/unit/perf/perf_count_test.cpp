#include <fathom/perf/perf_count.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace fathom {
namespace {

TEST(PerfCount, IsScaledByTheTimeThatItRan) {
  struct Case {
    std::uint64_t value;
    std::int64_t enabled;
    std::int64_t running;
    std::optional<std::uint64_t> scaled;
  };
  const std::vector<Case> cases = {
      {0, 0, 0, std::nullopt},
      {5, 100, 0, std::nullopt},
      {5, 100, 100, 5},
      {5, 100, 50, 10},
      {1, 300, 200, 2},  // 1.5, rounded
      {7, 3, 2, 11},     // 10.5
      {0, 100, 1, 0},
      {1'000'000'000'000, 9'000'000'000'000'000'000, 4'500'000'000'000'000'000, 2'000'000'000'000},
      {9'000'000'000'000'000'000, 2'000'000'000, 1'000'000'000, 18'000'000'000'000'000'000U},
  };
  for (const Case& tried : cases) {
    const PerfCount count{.value = tried.value, .enabled = Duration(tried.enabled), .running = Duration(tried.running)};
    EXPECT_EQ(count.scaled(), tried.scaled) << tried.value << ' ' << tried.enabled << ' ' << tried.running;
  }
}

TEST(PerfCount, IsAddedUp) {
  PerfCount sum{.value = 1, .enabled = Duration(2), .running = Duration(3)};
  sum += {.value = 10, .enabled = Duration(20), .running = Duration(30)};
  EXPECT_EQ(sum, (PerfCount{.value = 11, .enabled = Duration(22), .running = Duration(33)}));
}

}  // namespace
}  // namespace fathom
