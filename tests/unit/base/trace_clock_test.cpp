#include <fathom/base/time.hpp>
#include <fathom/base/trace_clock.hpp>

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(TraceClock, NamesGoBothWays) {
  // The file trace_clock of Linux 6.17.
  for (const char* name :
       {"local", "global", "counter", "uptime", "perf", "mono", "mono_raw", "boot", "tai", "x86-tsc"}) {
    const auto clock = parse_trace_clock(name);
    ASSERT_TRUE(clock) << name;
    EXPECT_EQ(to_string(*clock), name);
  }
  EXPECT_FALSE(parse_trace_clock("[local]"));
  EXPECT_FALSE(parse_trace_clock(""));
}

TEST(TraceClock, CounterAndTscAreNotTime) {
  EXPECT_FALSE(counts_nanoseconds(TraceClock::counter));
  EXPECT_FALSE(counts_nanoseconds(TraceClock::x86_tsc));
  EXPECT_TRUE(counts_nanoseconds(TraceClock::local));
}

TEST(Timestamp, DifferenceIsADuration) {
  EXPECT_EQ(Timestamp{5000} - Timestamp{7000}, Duration{-2000});
  EXPECT_EQ(Timestamp{5000} + Duration{1}, Timestamp{5001});
  EXPECT_LT(Timestamp{1}, Timestamp{2});
}

}  // namespace
}  // namespace fathom
