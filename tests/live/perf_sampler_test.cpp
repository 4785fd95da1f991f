#include "bpf_program.hpp"
#include "cpu_offline.hpp"
#include "perf_support.hpp"
#include "this_process.hpp"

#include <fathom/base/cpu_set.hpp>
#include <fathom/base/error.hpp>
#include <fathom/perf/perf_sampler.hpp>
#include <fathom/process/child.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace fathom::live {
namespace {

using namespace std::chrono_literals;

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Key;

using PerfSamplerLive = PerfTest;

Timestamp now() {
  return {static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count())};
}

std::size_t number_of(const PerfSampleBatch& batch) {
  return static_cast<std::size_t>(std::ranges::distance(batch.samples()));
}

std::uint64_t lost(const PerfSampleBatch& batch) {
  std::uint64_t sum = 0;
  for (const PerfLoss& loss : batch.losses)
    sum += loss.records;
  return sum;
}

void expect_all_parsed(const PerfSampler& sampler) {
  EXPECT_GT(sampler.stats().parsed_records, 0U);
  EXPECT_EQ(sampler.stats().skipped_records(), 0U);
  EXPECT_EQ(sampler.stats().bytes, sampler.stats().parsed_bytes);
}

TEST_F(PerfSamplerLive, ATracepointGivesItsRecordEachTime) {
  const PerfEvent getppid{kGetppid};
  PerfSampler sampler{getppid, {.rate = EventCount{1}, .fields = {.period = true, .raw = true}}};
  EXPECT_TRUE(sampler.drain().empty());
  EXPECT_FALSE(readable(sampler.native_handle(), 0ms));
  const Timestamp before = now();
  call_getppid(100);
  const Timestamp after = now();
  EXPECT_TRUE(readable(sampler.native_handle(), 0ms));
  const PerfSampleBatch batch = sampler.drain();
  EXPECT_EQ(number_of(batch), 100U);
  EXPECT_EQ(batch.records.size(), 100U);
  EXPECT_TRUE(batch.losses.empty());
  Timestamp last = before;
  for (const PerfSample& sample : batch.samples()) {
    EXPECT_EQ(sample.tid, PerfThread::self().tid);
    EXPECT_EQ(sample.pid, ::getpid());
    EXPECT_EQ(sample.period, 1U);
    ASSERT_TRUE(sample.time && sample.cpu && sample.ip);
    EXPECT_GE(*sample.time, last);
    EXPECT_LE(*sample.time, after);
    EXPECT_TRUE(CpuSet::possible().contains(*sample.cpu));
    last = *sample.time;
    // A record of the trace begins with its event's number.
    std::uint16_t type = 0;
    ASSERT_GE(sample.raw.size(), 8U);
    std::memcpy(&type, sample.raw.data(), sizeof type);
    EXPECT_EQ(type, std::get<TracepointEvent>(getppid.what()).id);
    EXPECT_FALSE(sample.address || sample.id);
  }
  EXPECT_EQ(sampler.count().value, 100U);
  expect_all_parsed(sampler);
  EXPECT_TRUE(sampler.drain().empty());
}

TEST_F(PerfSamplerLive, WhatIsLostIsCountedExactly) {
  PerfSampler sampler{kGetppid, {.rate = EventCount{1}, .fields = {.raw = true}, .ring_pages = 1}};
  std::uint64_t calls = 0;
  std::uint64_t delivered = 0;
  std::uint64_t missing = 0;
  for (const unsigned times : {2000U, 10U, 500U, 1U, 1U}) {
    call_getppid(times);
    calls += times;
    const PerfSampleBatch batch = sampler.drain();
    delivered += number_of(batch);
    missing += lost(batch);
    EXPECT_EQ(sampler.count().value, calls);
    EXPECT_EQ(delivered + missing, calls);
  }
  EXPECT_GT(missing, 1000U);
  EXPECT_GT(delivered, 50U);
  EXPECT_EQ(sampler.stats().lost_events, missing);
  expect_all_parsed(sampler);
}

TEST_F(PerfSamplerLive, ABreakpointSaysWhoWrote) {
  volatile std::uint64_t variable = 0;
  PerfSampleFields fields;
  fields.address = true;
  fields.callchain = PerfSampleFields::Callchain::both;
  PerfSampler sampler{BreakpointEvent::writes_to(variable), {.rate = EventCount{1}, .fields = fields}};
  for (unsigned i = 0; i < 50; ++i)
    variable = i;
  const PerfSampleBatch batch = sampler.drain();
  EXPECT_EQ(number_of(batch), 50U);
  for (const PerfSample& sample : batch.samples()) {
    EXPECT_EQ(sample.address, reinterpret_cast<std::uintptr_t>(&variable));
    EXPECT_EQ(sample.context, PerfContext::user);
    ASSERT_FALSE(sample.callchain.user().empty());
    EXPECT_EQ(sample.callchain.user().front(), sample.ip);
    EXPECT_TRUE(sample.callchain.kernel().empty());
  }
  EXPECT_EQ(variable, 49U);
}

TEST_F(PerfSamplerLive, AKernelsChainIsApartFromTheUsers) {
  PerfSampleFields fields;
  fields.callchain = PerfSampleFields::Callchain::both;
  fields.max_stack = 16;
  PerfSampler sampler{"sched:sched_switch", {.rate = EventCount{1}, .fields = fields}};
  for (int i = 0; i < 3; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  sampler.disable();
  const PerfSampleBatch batch = sampler.drain();
  EXPECT_GE(number_of(batch), 3U);
  for (const PerfSample& sample : batch.samples()) {
    EXPECT_EQ(sample.context, PerfContext::kernel);
    EXPECT_FALSE(sample.callchain.kernel().empty());
    ASSERT_FALSE(sample.callchain.user().empty());
    EXPECT_LE(sample.callchain.words().size(), 16U + 2U);
    for (const std::uint64_t address : sample.callchain.kernel())
      EXPECT_GE(address, std::uint64_t{1} << 63U);
    // Those behind it are as good as the frame pointers of the libraries, which may have none.
    EXPECT_LT(sample.callchain.user().front(), std::uint64_t{1} << 63U);
  }
}

TEST_F(PerfSamplerLive, AClockTicksInTheThreadsTime) {
  PerfSampler sampler{"task-clock", {.rate = std::chrono::milliseconds(10)}};
  work_for(500ms);
  sampler.disable();
  const double periods = static_cast<double>(sampler.count().value) / 1e7;
  const auto ticks = static_cast<double>(number_of(sampler.drain()));
  EXPECT_GE(periods, 49);
  EXPECT_LE(ticks, periods + 1) << "each begins anew when the thread is switched to";
  EXPECT_GE(ticks, 5) << "under emulation most are lost";
}

TEST_F(PerfSamplerLive, OtherEventsAreReadWithEachSample) {
  PerfSampler sampler{kGetppid, {.rate = EventCount{1}, .counted = {"syscalls:sys_exit_getppid", "task-clock"}}};
  call_getppid(20);
  std::uint64_t calls = 0;
  for (const PerfSample& sample : sampler.drain().samples()) {
    ++calls;
    ASSERT_EQ(sample.counts.size(), 3U);
    EXPECT_EQ(sample.counts[0], calls) << "its own count";
    EXPECT_EQ(sample.counts[1], calls - 1) << "the exit comes after";
    EXPECT_GT(sample.counts.running().count(), 0);
  }
  EXPECT_EQ(calls, 20U);
}

// Two events that happen by turns, each as often as it was made to.
TEST_F(PerfSamplerLive, SeveralEventsAreSampledIntoOneRing) {
  constexpr std::size_t kPages = 40;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const memory = ::mmap(nullptr, kPages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  ::madvise(memory, kPages * page, MADV_NOHUGEPAGE);
  const auto first = reinterpret_cast<std::uintptr_t>(memory);
  PerfSamplerOptions options{.rate = EventCount{1}, .fields = {.address = true, .raw = true}};
  options.also = {"page-faults", {"syscalls:sys_exit_getppid", EventCount{4}}};
  PerfSampler sampler{kGetppid, options};
  for (std::size_t i = 0; i < kPages; ++i) {
    static_cast<volatile char*>(memory)[i * page] = 1;
    call_getppid(2);
  }
  sampler.disable();
  const PerfSampleBatch batch = sampler.drain();
  std::size_t calls = 0;
  std::size_t pages = 0;
  std::size_t exits = 0;
  Timestamp last{};
  for (const PerfSample& sample : batch.samples()) {
    EXPECT_GE(*sample.time, last) << "they are in order";
    last = *sample.time;
    EXPECT_TRUE(sample.id);
    const bool of_memory = *sample.address >= first && *sample.address < first + kPages * page;
    if (sample.event == 0) {
      EXPECT_GE(sample.raw.size(), 8U);
      ++calls;
    } else if (sample.event == 1 && of_memory) {
      EXPECT_EQ(*sample.address, first + pages * page) << "each once";
      EXPECT_EQ(calls, 2 * pages) << "by turns with the calls";
      ++pages;
    } else if (sample.event == 2) {
      ++exits;
    } else {
      EXPECT_EQ(sample.event, 1U);  // the program's own faults
    }
  }
  EXPECT_EQ(calls, 2 * kPages);
  EXPECT_EQ(pages, kPages);
  EXPECT_EQ(exits, kPages / 2) << "one in four";
  EXPECT_EQ(sampler.count().value, 2 * kPages);
  EXPECT_GE(sampler.count(1).value, kPages);
  EXPECT_EQ(sampler.count(2).value, 2 * kPages);
  EXPECT_THROW((void)sampler.count(3), Error);
  EXPECT_TRUE(batch.losses.empty());
  expect_all_parsed(sampler);
  ::munmap(memory, kPages * page);
}

TEST_F(PerfSamplerLive, WhatSeveralEventsLoseIsCountedExactly) {
  PerfSamplerOptions options{.rate = EventCount{1}, .ring_pages = 1};
  options.also = {{"syscalls:sys_exit_getppid"}};
  PerfSampler sampler{kGetppid, options};
  std::uint64_t happened = 0;
  std::uint64_t delivered = 0;
  std::uint64_t missing = 0;
  for (const unsigned times : {1000U, 10U, 300U, 1U, 1U}) {
    call_getppid(times);
    happened += std::uint64_t{2} * times;
    const PerfSampleBatch batch = sampler.drain();
    delivered += number_of(batch);
    missing += lost(batch);
    EXPECT_EQ(sampler.count(0).value + sampler.count(1).value, happened);
    EXPECT_EQ(delivered + missing, happened);
  }
  EXPECT_GT(missing, 1000U);
  EXPECT_GT(delivered, 50U);
  expect_all_parsed(sampler);
}

TEST_F(PerfSamplerLive, SeveralEventsOfThreadsAndChildrenAndCpus) {
  const int own = PerfThread::self().tid;
  for (const PerfScope& scope : {PerfScope(PerfProcess::self()), PerfScope(OnlineCpus{})}) {
    PerfSamplerOptions options{.rate = EventCount{1}, .on = scope, .ring_pages = 16};
    options.also = {"syscalls:sys_exit_getppid"};
    PerfSampler sampler{kGetppid, options};
    call_getppid(5);
    int child = 0;
    std::thread([&] {
      child = PerfThread::self().tid;
      call_getppid(50);
    }).join();
    sampler.disable();
    std::map<std::pair<int, std::size_t>, unsigned> seen;
    for (const PerfSample& sample : sampler.drain().samples())
      ++seen[{*sample.tid, sample.event}];
    for (const std::size_t event : {std::size_t{0}, std::size_t{1}}) {
      EXPECT_EQ((seen[{own, event}]), 5U);
      EXPECT_EQ((seen[{child, event}]), 50U);
    }
    expect_all_parsed(sampler);
  }
}

TEST_F(PerfSamplerLive, ThreadsAndChildrenAreSampledToo) {
  PerfSampler sampler{kGetppid, {.rate = EventCount{1}, .on = PerfProcess::self(), .ring_pages = 16}};
  call_getppid(5);
  std::thread([] { call_getppid(50); }).join();
  in_own_process([] { call_getppid(100); });
  const PerfSampleBatch batch = sampler.drain();
  std::map<bool, unsigned> by_process;
  for (const PerfSample& sample : batch.samples())
    ++by_process[sample.pid == ::getpid()];
  EXPECT_EQ(by_process[true], 55U);
  EXPECT_EQ(by_process[false], 100U);
  EXPECT_TRUE(std::ranges::is_sorted(batch.samples(), {}, [](const PerfSample& sample) { return *sample.time; }));
  EXPECT_EQ(sampler.count().value, 155U);
  EXPECT_FALSE(batch.ended);
}

TEST_F(PerfSamplerLive, EachCpuHasItsRing) {
  PerfSampler sampler{kGetppid, {.rate = EventCount{1}, .on = OnlineCpus{}}};
  const int own = PerfThread::self().tid;
  for (const unsigned cpu : CpuSet::online().cpus()) {
    const PinnedTo pinned(cpu);
    call_getppid(10 + cpu);
  }
  std::map<unsigned, unsigned> by_cpu;
  const PerfSampleBatch batch = sampler.drain();
  for (const PerfSample& sample : batch.samples()) {
    if (sample.tid == own)
      ++by_cpu[*sample.cpu];
  }
  for (const unsigned cpu : CpuSet::online().cpus())
    EXPECT_EQ(by_cpu[cpu], 10 + cpu);
  EXPECT_TRUE(sampler.gone_cpus().empty());
}

// What a child does, told by an event that never happens.
TEST_F(PerfSamplerLive, AProfilerHearsOfTasksAndMappings) {
  Child child{{"/bin/sh", "-c", "/bin/true; exit 3"}};
  PerfSampler sampler{"dummy",
                      {.rate = EventCount{1},
                       .on = PerfThread{child.pid(), PerfFollow::children},
                       .records = {.mmap = true, .build_id = true, .comm = true, .task = true},
                       .wakeup = PerfBytes{1}}};
  child.resume();
  std::map<std::string, std::size_t> mapped;  // path to size of the build id
  std::vector<std::string> execs;
  std::vector<int> forked;
  std::vector<int> exited;
  for (bool ended = false; !ended;) {
    ASSERT_TRUE(readable(sampler.native_handle(), 20s));
    const PerfSampleBatch batch = sampler.drain();
    ended = batch.ended;
    for (const PerfEventRecord& record : batch.records) {
      if (const auto* mmap = std::get_if<PerfMmap>(&record)) {
        mapped[std::string(mmap->path.substr(mmap->path.rfind('/') + 1))] = mmap->build_id.size();
        EXPECT_GT(mmap->length, 0U);
        EXPECT_TRUE(mmap->time && mmap->pid);
      } else if (const auto* comm = std::get_if<PerfComm>(&record)) {
        if (comm->exec)
          execs.emplace_back(comm->comm);
      } else if (const auto* task = std::get_if<PerfTask>(&record)) {
        (task->exited ? exited : forked).push_back(*task->pid);
        EXPECT_TRUE(task->exited || task->parent_pid == child.pid());
      }
    }
    EXPECT_TRUE(batch.losses.empty());
  }
  EXPECT_EQ(child.wait().shell_code(), 3);
  EXPECT_THAT(execs, ::testing::ElementsAre("sh", "true"));
  ASSERT_EQ(forked.size(), 1U);
  EXPECT_THAT(exited, ::testing::UnorderedElementsAre(child.pid(), forked.front()));
  EXPECT_THAT(mapped, AllOf(::testing::Contains(Key("true")), ::testing::Contains(Key("[vdso]"))));
  EXPECT_EQ(mapped["true"], 20U) << "Debian's programs have build ids";
  EXPECT_TRUE(sampler.drain().ended) << "and stays so";
  expect_all_parsed(sampler);
}

TEST_F(PerfSamplerLive, SwitchesAreTold) {
  PerfSampler sampler{"dummy", {.rate = EventCount{1}, .records = {.switches = true}}};
  for (int i = 0; i < 5; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  sampler.disable();
  unsigned slept = 0;
  bool on = true;
  for (const PerfEventRecord& record : sampler.drain().records) {
    const auto* change = std::get_if<PerfSwitch>(&record);
    ASSERT_NE(change, nullptr);
    EXPECT_EQ(change->out, on) << "out and in take turns";
    EXPECT_EQ(change->tid, PerfThread::self().tid);
    on = !change->out;
    if (change->out && !change->preempted)
      ++slept;
  }
  EXPECT_EQ(slept, 5U);
}

TEST_F(PerfSamplerLive, AThreadThatEndedIsToldOfAfterItsSamples) {
  PerfSampler sampler = [] {
    Child child{{"/bin/true"}};
    PerfSampler made{"syscalls:sys_enter_exit_group",
                     {.rate = EventCount{1}, .on = PerfThread{child.pid()}, .start = PerfStart::on_exec}};
    child.resume();
    (void)child.wait();
    return made;
  }();
  PerfSampleBatch batch = sampler.drain();
  EXPECT_EQ(number_of(batch), 1U);
  EXPECT_FALSE(batch.ended);
  batch = sampler.drain();
  EXPECT_TRUE(batch.ended);
  EXPECT_FALSE(batch.empty());
  EXPECT_FALSE(readable(sampler.native_handle(), 0ms)) << "nothing is waited for any more";
}

TEST_F(PerfSamplerLive, OneThatWasMovedFromSaysSo) {
  PerfSampler first("cpu-clock", {});
  PerfSampler second(std::move(first));
  // NOLINTBEGIN(bugprone-use-after-move): what is tested
  EXPECT_EQ(first.native_handle(), -1);
  EXPECT_THROW((void)first.drain(), Error);
  EXPECT_THROW((void)first.stats(), Error);
  // NOLINTEND(bugprone-use-after-move)
  EXPECT_GE(second.native_handle(), 0);
  (void)second.drain();
}

TEST_F(PerfSamplerLive, WhatCannotBeIsExplained) {
  const auto refused = [](const PerfEvent& event, const PerfSamplerOptions& options) {
    try {
      (void)PerfSampler(event, options);
      return std::string("taken");
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_THAT(refused("cpu-clock", {.rate = Hz{1'000'000}}), HasSubstr("kernel.perf_event_max_sample_rate"));
  EXPECT_THAT(refused("cpu-clock", {.ring_pages = 3}), HasSubstr("power of two"));
  PerfSampleFields deep;
  deep.callchain = PerfSampleFields::Callchain::both;
  deep.max_stack = 10'000;
  EXPECT_THAT(refused("cpu-clock", {.fields = deep}), HasSubstr("kernel.perf_event_max_stack"));
  EXPECT_THAT(refused("cpu-clock", {.on = CpuSet{0}, .start = PerfStart::on_exec}), HasSubstr("on_exec"));
}

class PerfSamplerHotplug : public PerfTest {
 protected:
  void SetUp() override {
    PerfTest::SetUp();
    if (const auto why = why_no_hotplug())
      GTEST_SKIP() << *why;
  }
};

TEST_F(PerfSamplerHotplug, WhatACpuSaidBeforeItWentIsDelivered) {
  PerfSampler sampler{kGetppid, {.rate = EventCount{1}, .on = OnlineCpus{}}};
  const int own = PerfThread::self().tid;
  {
    const PinnedTo pinned(1);
    call_getppid(30);
  }
  const CpuOffline offline(1);
  auto samples = sampler.drain().samples();
  EXPECT_EQ(std::ranges::count_if(samples, [&](const PerfSample& sample) { return sample.tid == own; }), 30);
  EXPECT_EQ(sampler.gone_cpus(), CpuSet{1});
}

// One for each way to name CPUs: all that are online, and a set.
class PerfSamplerFollowsHotplug : public PerfSamplerHotplug, public ::testing::WithParamInterface<PerfScope> {
 protected:
  static constexpr PerfCpuChange kWent{.what = PerfCpuChange::What::cpu_went, .cpu = 1};
  static constexpr PerfCpuChange kCame{.what = PerfCpuChange::What::cpu_came, .cpu = 1};

  PerfSamplerFollowsHotplug() {
    options_.rate = EventCount{1};
    options_.also = {"syscalls:sys_exit_getppid"};
    options_.on = GetParam();
  }

  static void call_on(unsigned cpu, unsigned times) {
    const PinnedTo pinned(cpu);
    call_getppid(times);
  }
  // Waits for changes, and adds the samples up that come meanwhile.
  std::vector<PerfCpuChange> next(PerfSampler& sampler) {
    std::vector<PerfCpuChange> changes;
    while (changes.empty() && readable(sampler.native_handle(), 5s)) {
      const PerfSampleBatch batch = sampler.drain();
      EXPECT_FALSE(batch.ended);
      EXPECT_TRUE(batch.losses.empty());
      for (const PerfSample& sample : batch.samples()) {
        if (sample.tid == PerfThread::self().tid)
          ++seen_[{*sample.cpu, sample.event}];
      }
      changes.assign(batch.changes.begin(), batch.changes.end());
    }
    return changes;
  }

  PerfSamplerOptions options_;
  std::map<std::pair<unsigned, std::size_t>, unsigned> seen_;  // by CPU and event
};

TEST_P(PerfSamplerFollowsHotplug, CpusMayGoAndCome) {
  PerfSampler sampler{kGetppid, options_};
  call_on(1, 30);
  {
    const CpuOffline offline(1);
    EXPECT_THAT(next(sampler), ::testing::ElementsAre(kWent));
    EXPECT_EQ(sampler.gone_cpus(), CpuSet{1});
    EXPECT_EQ((seen_[{1, 0}]), 30U) << "what it said before is delivered";
    EXPECT_EQ((seen_[{1, 1}]), 30U);
    EXPECT_GE(sampler.count(1).value, 30U) << "and counted";
  }
  EXPECT_THAT(next(sampler), ::testing::ElementsAre(kCame));
  EXPECT_EQ(sampler.gone_cpus(), CpuSet{});
  call_on(1, 20);
  call_on(0, 7);
  // One that goes and comes back between two looks is found too.
  {
    const CpuOffline offline(1);
  }
  EXPECT_THAT(next(sampler), ::testing::ElementsAre(kWent, kCame));
  call_on(1, 3);
  sampler.disable();
  EXPECT_GE(sampler.count().value, 60U);
  {
    const CpuOffline offline(1);
    EXPECT_THAT(next(sampler), ::testing::ElementsAre(kWent));
  }
  EXPECT_THAT(next(sampler), ::testing::ElementsAre(kCame));
  call_on(1, 100);  // what is joined while disabled does not sample before the rest does
  const PerfSampleBatch batch = sampler.drain();
  EXPECT_EQ(number_of(batch), 0U);
  for (const std::size_t event : {std::size_t{0}, std::size_t{1}}) {
    EXPECT_EQ((seen_[{1, event}]), 53U);
    EXPECT_EQ((seen_[{0, event}]), 7U);
  }
  sampler.enable();
  call_on(1, 1);
  EXPECT_GE(number_of(sampler.drain()), 2U);
  expect_all_parsed(sampler);
}

INSTANTIATE_TEST_SUITE_P(All, PerfSamplerFollowsHotplug,
                         ::testing::Values(PerfScope(OnlineCpus{}), PerfScope(CpuSet{0, 1})));

}  // namespace
}  // namespace fathom::live
