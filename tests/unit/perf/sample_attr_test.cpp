#include <fathom/base/error.hpp>
#include <fathom/perf/perf_sampler.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linux/perf_event.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <limits>
#include <perf/record_decoder.hpp>
#include <perf/sample_attr.hpp>
#include <perf/scope_places.hpp>

namespace fathom::perf {
namespace {

using ::testing::HasSubstr;

TEST(SampleAttr, ARateIsAFrequencyAPeriodOrANumber) {
  const PerfEvent clock{SoftwareEvent::cpu_clock};
  const perf_event_attr hz = sample_attr(clock, {.rate = Hz{99}});
  EXPECT_EQ(hz.freq, 1U);
  EXPECT_EQ(hz.sample_freq, 99U);
  const perf_event_attr period = sample_attr(clock, {.rate = std::chrono::milliseconds(10)});
  EXPECT_EQ(period.freq, 0U);
  EXPECT_EQ(period.sample_period, 10'000'000U);
  const perf_event_attr number = sample_attr(SoftwareEvent::page_faults, {.rate = EventCount{7}});
  EXPECT_EQ(number.freq, 0U);
  EXPECT_EQ(number.sample_period, 7U);
  EXPECT_TRUE(hz.disabled && hz.sample_id_all);
}

TEST(SampleAttr, ARateThatMakesNoSenseIsRefused) {
  const auto refused = [](const PerfEvent& event, SampleRate rate, const char* why) {
    try {
      (void)sample_attr(event, {.rate = rate});
      ADD_FAILURE() << why;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), std::errc::invalid_argument);
      EXPECT_THAT(error.what(), HasSubstr(why));
    }
  };
  refused(SoftwareEvent::cpu_clock, Hz{0}, "never");
  refused(SoftwareEvent::cpu_clock, EventCount{0}, "never");
  refused(SoftwareEvent::task_clock, std::chrono::microseconds(9), "10 us");
  refused(SoftwareEvent::task_clock, std::chrono::seconds(-1), "10 us");
  refused(SoftwareEvent::page_faults, std::chrono::seconds(1), "only cpu-clock and task-clock");
}

TEST(SampleAttr, EachFieldIsItsBit) {
  const auto type_of = [](const PerfSampleFields& fields) {
    return sample_attr(SoftwareEvent::cpu_clock, {.fields = fields}).sample_type;
  };
  const PerfSampleFields none{.ip = false, .task = false, .time = false, .cpu = false};
  EXPECT_EQ(type_of(none), 0U);
  EXPECT_EQ(type_of({}), PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU);
  PerfSampleFields all;
  all.period = all.address = all.id = all.raw = true;
  all.callchain = PerfSampleFields::Callchain::both;
  EXPECT_EQ(type_of(all) | PERF_SAMPLE_READ | PERF_SAMPLE_STREAM_ID | PERF_SAMPLE_IDENTIFIER, kKnownSampleType);
  PerfSampleFields chain = none;
  chain.callchain = PerfSampleFields::Callchain::kernel;
  chain.max_stack = 12;
  const perf_event_attr kernel = sample_attr(SoftwareEvent::cpu_clock, {.fields = chain});
  EXPECT_TRUE(kernel.exclude_callchain_user && !kernel.exclude_callchain_kernel);
  EXPECT_EQ(kernel.sample_max_stack, 12U);
  chain.callchain = PerfSampleFields::Callchain::user;
  EXPECT_TRUE(sample_attr(SoftwareEvent::cpu_clock, {.fields = chain}).exclude_callchain_kernel);
  const perf_event_attr read = sample_attr(SoftwareEvent::cpu_clock, {.counted = {"page-faults"}});
  EXPECT_TRUE(read.sample_type & PERF_SAMPLE_READ);
  EXPECT_TRUE(read.read_format & PERF_FORMAT_GROUP);
  EXPECT_EQ(read.read_format & ~kKnownReadFormat, 0U);
}

TEST(SampleAttr, EventsBesideAreLaidOutAlikeAndTellOfTheirSamplesOnly) {
  PerfSamplerOptions options{.rate = EventCount{3}, .records = {.mmap = true, .comm = true, .task = true}};
  options.also = {{"page-faults", Hz{50}}, "context-switches"};
  ASSERT_EQ(options.also.size(), 2U);
  const perf_event_attr first = sample_attr("cpu-clock", options);
  EXPECT_TRUE(first.sample_type & PERF_SAMPLE_IDENTIFIER);
  EXPECT_TRUE(first.mmap && first.comm && first.task);
  const perf_event_attr faults = sample_attr_beside(options.also[0], options);
  EXPECT_EQ(faults.config, std::uint64_t{PERF_COUNT_SW_PAGE_FAULTS});
  EXPECT_TRUE(faults.freq);
  EXPECT_EQ(faults.sample_freq, 50U);
  const perf_event_attr switches = sample_attr_beside(options.also[1], options);
  EXPECT_EQ(switches.sample_period, 3U) << "the rate of all";
  for (const perf_event_attr& attr : {faults, switches}) {
    EXPECT_EQ(attr.sample_type, first.sample_type);
    EXPECT_EQ(attr.read_format, first.read_format);
    EXPECT_EQ(attr.clockid, first.clockid);
    EXPECT_TRUE(attr.sample_id_all && attr.disabled);
    EXPECT_FALSE(attr.mmap || attr.mmap2 || attr.comm || attr.task || attr.context_switch);
  }
  options.also = {{"page-faults", Hz{0}}};
  EXPECT_THROW((void)sample_attr_beside(options.also[0], options), Error);
}

TEST(SampleAttr, RecordsWakeUpsClocksAndChildren) {
  const perf_event_attr attr = sample_attr(
      SoftwareEvent::dummy,
      {.rate = EventCount{1},
       .on = PerfThread{1, PerfFollow::children},
       .records = {.mmap = true, .mmap_data = true, .build_id = true, .comm = true, .task = true, .switches = true},
       .wakeup = PerfBytes{4096},
       .clock = PerfClock::boottime,
       .start = PerfStart::on_exec});
  EXPECT_TRUE(attr.mmap && attr.mmap2 && attr.mmap_data && attr.build_id && attr.comm && attr.comm_exec && attr.task &&
              attr.context_switch && attr.enable_on_exec && attr.inherit && !attr.inherit_thread && attr.watermark);
  EXPECT_EQ(attr.wakeup_watermark, 4096U);
  EXPECT_TRUE(attr.use_clockid);
  EXPECT_EQ(attr.clockid, CLOCK_BOOTTIME);
  const perf_event_attr plain =
      sample_attr(SoftwareEvent::dummy, {.rate = EventCount{1}, .wakeup = EventCount{5}, .clock = PerfClock::perf});
  EXPECT_FALSE(plain.mmap || plain.mmap2 || plain.comm || plain.task || plain.inherit || plain.watermark ||
               plain.use_clockid || plain.enable_on_exec);
  EXPECT_EQ(plain.wakeup_events, 5U);
}

TEST(SampleAttr, AWakeUpThatIsTooFarIsRefused) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  const auto attr_of = [](std::uint64_t samples) {
    return sample_attr(SoftwareEvent::cpu_clock, {.wakeup = EventCount{samples}});
  };
  EXPECT_EQ(attr_of(kMost).wakeup_events, kMost);
  try {
    (void)attr_of(kMost + 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::value_too_large);
  }
}

TEST(ScopePlaces, RightsAreThoseOfTheScope) {
  perf_event_attr attr{};
  EXPECT_EQ(allowed_paranoid(attr, OnlineCpus{}), 0);
  EXPECT_EQ(allowed_paranoid(attr, PerfThread{1}), 1);
  attr.exclude_kernel = 1;
  EXPECT_EQ(allowed_paranoid(attr, PerfThread{1}), 2);
  attr.type = PERF_TYPE_TRACEPOINT;
  attr.sample_type = PERF_SAMPLE_RAW;
  EXPECT_EQ(allowed_paranoid(attr, PerfThread{1}), -1);
}

}  // namespace
}  // namespace fathom::perf
