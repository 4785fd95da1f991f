#include "record_bytes.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <perf/tick_record.hpp>
#include <span>
#include <variant>

namespace fathom::perf {
namespace {

Bytes sample(std::uint32_t pid, std::uint32_t tid, std::uint64_t time, std::uint32_t cpu) {
  Bytes body;
  append(body, pid);
  append(body, tid);
  append(body, time);
  append(body, cpu);
  append(body, std::uint32_t{0});
  return record(PERF_RECORD_SAMPLE, body);
}

Bytes words(std::uint32_t type, std::size_t count) {
  Bytes body;
  for (std::size_t i = 0; i < count; ++i)
    append(body, std::uint64_t{i + 1});
  return record(type, body);
}

TEST(TickRecord, ASampleIsATick) {
  const TickRecord read = parse_tick_record(sample(7, 9, 123'456'789, 3));
  ASSERT_TRUE(std::holds_alternative<PerfTick>(read));
  EXPECT_EQ(std::get<PerfTick>(read), (PerfTick{.time = {123'456'789}, .cpu = 3, .pid = 7, .tid = 9}));
}

TEST(TickRecord, LossesAndThrottlesAreTold) {
  const TickRecord lost = parse_tick_record(words(PERF_RECORD_LOST, 2));
  ASSERT_TRUE(std::holds_alternative<TicksLost>(lost));
  EXPECT_EQ(std::get<TicksLost>(lost).lost, 2U);
  EXPECT_TRUE(std::holds_alternative<TicksThrottled>(parse_tick_record(words(PERF_RECORD_THROTTLE, 3))));
  const TickRecord on = parse_tick_record(words(PERF_RECORD_UNTHROTTLE, 3));
  ASSERT_TRUE(std::holds_alternative<TicksGoOn>(on));
  EXPECT_EQ(std::get<TicksGoOn>(on).time, Timestamp{1});
}

TEST(TickRecord, AnotherTypeOrSizeIsNothing) {
  const Bytes whole = sample(7, 9, 1, 3);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_TRUE(std::holds_alternative<std::monostate>(parse_tick_record(std::span(whole).first(size)))) << size;
  EXPECT_TRUE(std::holds_alternative<std::monostate>(parse_tick_record(words(PERF_RECORD_SAMPLE, 4))));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(parse_tick_record(words(PERF_RECORD_LOST, 1))));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(parse_tick_record(words(PERF_RECORD_LOST, 3))));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(parse_tick_record(words(PERF_RECORD_THROTTLE, 2))));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(parse_tick_record(words(PERF_RECORD_UNTHROTTLE, 4))));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(parse_tick_record(words(PERF_RECORD_EXIT, 3))));
}

}  // namespace
}  // namespace fathom::perf
