// Recorder on a kernel: what it records is what the kernel counted, into files as into this process.
#include "bpf_program.hpp"
#include "cpu_offline.hpp"
#include "recorder_support.hpp"
#include "tracefs_support.hpp"

#include <fathom/base/error.hpp>
#include <fathom/rawtrace/field_reader.hpp>
#include <fathom/tracefs/page_history.hpp>
#include <fathom/tracefs/raw_trace_pipe.hpp>

#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <sstream>

namespace fathom::live {
namespace {

using namespace std::chrono_literals;

// A descriptor that becomes readable after a while.
UniqueFd after(std::chrono::milliseconds time) {
  UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  itimerspec when{};
  when.it_value.tv_sec = time.count() / 1000;
  when.it_value.tv_nsec = (time.count() % 1000) * 1'000'000;
  EXPECT_EQ(::timerfd_settime(timer.get(), 0, &when, nullptr), 0);
  return timer;
}

// TRACE_MMAP_IOCTL_GET_READER came with Linux 6.10.
bool kernel_maps_ring_buffers() {
  utsname system{};
  EXPECT_EQ(::uname(&system), 0);
  unsigned major = 0;
  unsigned minor = 0;
  char dot = 0;
  std::istringstream(static_cast<const char*>(system.release)) >> major >> dot >> minor;
  return major > 6 || (major == 6 && minor >= 10);
}

enum class Into : unsigned char { files, mapped, read };

struct Way {
  Into into;
  bool overwrite;
};

std::string name_of(const testing::TestParamInfo<Way>& way) {
  const char* const into = way.param.into == Into::files ? "Files" : way.param.into == Into::mapped ? "Mapped" : "Read";
  return std::string(into) + (way.param.overwrite ? "Overwrite" : "Keep");
}

// An instance whose events are not yet on.
class RecorderEvents : public testing::Test {
 protected:
  RecorderEvents() : instance_(tracefs_.instance()), events_(instance_) {
    instance_.set_tracing_on(false);
    formats_ = read_formats(instance_);
  }

  TraceFs tracefs_;
  TraceInstance instance_;
  TraceEvents events_;
  FormatRegistry formats_;
};

class RecorderLive : public RecorderEvents, public testing::WithParamInterface<Way> {
 protected:
  RecorderLive() { events_.enable("raw_syscalls"); }

  [[nodiscard]] static RecorderOptions options(std::uint64_t size_kb) {
    return {.overwrite = GetParam().overwrite, .buffer_size_kb = size_kb, .map = GetParam().into == Into::mapped};
  }
};

TEST_P(RecorderLive, WhatIsDecodedIsWhatTheKernelCounted) {
  ScratchDirectory scratch;
  PageFiles files(scratch.prefix());
  Tally tally(formats_);
  Recording recording;
  {
    Recorder recorder(instance_, options(64));
    const SystemCalls calls(2);
    recorder.start();
    const UniqueFd timer = after(400ms);
    if (GetParam().into == Into::files) {
      EXPECT_EQ(recorder.run(files, {.until = timer.get()}), RecorderEnd::until);
      recording = recorder.stop(files);
      tally = tally_files(files, formats_);
    } else {
      EXPECT_EQ(recorder.run(tally, {.until = timer.get()}), RecorderEnd::until);
      recording = recorder.stop(tally);
      EXPECT_EQ(recorder.mapped(), GetParam().into == Into::mapped && kernel_maps_ring_buffers());
    }
  }
  EXPECT_GT(recording.events(), 1000U);
  EXPECT_GE(recording.duration, 400ms);
  expect_exact(recording, tally, GetParam().overwrite);
}

TEST_P(RecorderLive, ACleanStopLosesNothing) {
  constexpr unsigned kCalls = 5000;
  TraceEvents events(instance_);
  events.set_system_filter("raw_syscalls", "id == " + std::to_string(SYS_getppid));
  instance_.event_pids().set({::gettid()});
  ScratchDirectory scratch;
  PageFiles files(scratch.prefix());
  Tally tally(formats_);
  Recorder recorder(instance_, options(4096));
  // Once all at the stop, once piece by piece.
  for (const unsigned pieces : {1U, 10U}) {
    recorder.start();
    for (unsigned i = 0; i < pieces; ++i) {
      if (i > 0 && GetParam().into == Into::files)
        recorder.drain(files);
      else if (i > 0)
        recorder.drain(tally);
      call(kCalls / pieces);
    }
    const Recording recording = GetParam().into == Into::files ? recorder.stop(files) : recorder.stop(tally);
    EXPECT_EQ(recording.events(), 2 * kCalls);
    EXPECT_EQ(recording.lost(), 0U);
  }
  if (GetParam().into == Into::files)
    tally = tally_files(files, formats_);
  std::uint64_t decoded = 0;
  for (const auto& [cpu, counted] : tally.cpus) {
    decoded += counted.events;
    EXPECT_EQ(counted.backwards, 0U);
  }
  EXPECT_EQ(decoded, 4 * kCalls);
  EXPECT_EQ(tally.stats().skipped_records(), 0U);
  EXPECT_EQ(recorder.mapped(), GetParam().into == Into::mapped && kernel_maps_ring_buffers());
}

TEST_P(RecorderLive, PagesOfAnotherSize) {
  if (!instance_.has("buffer_subbuf_size_kb"))
    GTEST_SKIP() << "this kernel has pages of one size only";
  RecorderOptions wanted = options(256);
  wanted.subbuf_size_kb = 16;
  ScratchDirectory scratch;
  PageFiles files(scratch.prefix());
  Recorder recorder(instance_, wanted);
  EXPECT_EQ(recorder.layout().page_size(), 16384U);
  Tally tally(read_formats(instance_));
  Recording recording;
  {
    const SystemCalls calls(2);
    recorder.start();
    const UniqueFd timer = after(200ms);
    if (GetParam().into == Into::files)
      recorder.run(files, {.until = timer.get()});
    else
      recorder.run(tally, {.until = timer.get()});
  }
  if (GetParam().into == Into::files) {
    recording = recorder.stop(files);
    tally = tally_files(files, read_formats(instance_));
  } else {
    recording = recorder.stop(tally);
  }
  EXPECT_GT(recording.events(), 1000U);
  expect_exact(recording, tally, GetParam().overwrite);
}

TEST_P(RecorderLive, HotplugCpusMayGoAndCome) {
  if (const auto why = why_no_hotplug())
    GTEST_SKIP() << *why;
  ScratchDirectory scratch;
  PageFiles files(scratch.prefix());
  Tally tally(formats_);
  Recorder recorder(instance_, options(1024));
  const auto work_for = [&](std::chrono::milliseconds time) {
    const UniqueFd timer = after(time);
    if (GetParam().into == Into::files)
      recorder.run(files, {.until = timer.get()});
    else
      recorder.run(tally, {.until = timer.get()});
  };
  std::uint64_t before = 0;
  {
    const SystemCalls calls(2);
    recorder.start();
    work_for(300ms);
    {
      const CpuOffline offline(1);
      before = recorder.counts().cpus.at(1).read_events;
      work_for(300ms);
    }
    work_for(1s);
  }
  Recording recording;
  if (GetParam().into == Into::files) {
    recording = recorder.stop(files);
    tally = tally_files(files, formats_);
  } else {
    recording = recorder.stop(tally);
  }
  EXPECT_GT(before, 0U);
  EXPECT_GT(recording.cpus.at(1).read_events, before);
  expect_exact(recording, tally, GetParam().overwrite);
}

INSTANTIATE_TEST_SUITE_P(Ways, RecorderLive,
                         testing::Values(Way{Into::files, true}, Way{Into::files, false}, Way{Into::mapped, true},
                                         Way{Into::mapped, false}, Way{Into::read, true}, Way{Into::read, false}),
                         name_of);

class RecorderFlight : public RecorderEvents {};

TEST_F(RecorderFlight, FilesAndSinksGetTheSame) {
  // The same calls into three buffers, each read in a way of its own.
  constexpr unsigned kCalls = 20000;
  TraceInstance second = tracefs_.instance();
  TraceInstance third = tracefs_.instance();
  ScratchDirectory scratch;
  PageFiles files(scratch.prefix());
  Tally mapped(formats_);
  Tally read(formats_);
  const std::array<TraceArray*, 3> arrays{&instance_, &second, &third};
  std::vector<Recorder> recorders;
  for (TraceArray* const array : arrays) {
    array->set_tracing_on(false);
    array->event_pids().set({::gettid()});
    TraceEvents events(*array);
    events.set_system_filter("raw_syscalls", "id == " + std::to_string(SYS_getppid));
    events.enable("raw_syscalls");
    recorders.emplace_back(*array, RecorderOptions{.buffer_size_kb = 4096, .map = array == &second});
    recorders.back().start();
  }
  for (int i = 0; i < 10; ++i) {
    call(kCalls / 10);
    recorders[0].drain(files);
    recorders[1].drain(mapped);
    recorders[2].drain(read);
  }
  EXPECT_EQ(recorders[0].stop(files).events(), 2 * kCalls);
  EXPECT_EQ(recorders[1].stop(mapped).events(), 2 * kCalls);
  EXPECT_EQ(recorders[2].stop(read).events(), 2 * kCalls);
  const Tally filed = tally_files(files, formats_);
  const auto texts = [](const Tally& tally) {
    std::map<unsigned, std::uint64_t> sums;
    for (const auto& [cpu, counted] : tally.cpus)
      sums[cpu] = counted.text_sum;
    return sums;
  };
  EXPECT_EQ(texts(filed), texts(mapped));
  EXPECT_EQ(texts(filed), texts(read));
  recorders.clear();
}

TEST_F(RecorderFlight, WhatIsReadIsWhatTheTextSays) {
  events_.enable("raw_syscalls");
  Recorder recorder(instance_, {.buffer_size_kb = 4096});
  recorder.start();
  work();
  instance_.set_tracing_on(false);
  const std::string text = instance_.read_trace();
  std::uint64_t lines = 0;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    lines += text[at] == '#' ? 0U : 1U;
  Tally tally(formats_);
  EXPECT_EQ(recorder.stop(tally).events(), lines);
}

TEST_F(RecorderFlight, ATriggerEndsIt) {
  events_.enable("raw_syscalls");
  Recorder recorder(instance_, {.overwrite = true, .buffer_size_kb = 16});
  TraceEvent event = events_.event("raw_syscalls:sys_enter");
  event.add_trigger("traceoff if id == " + std::to_string(SYS_getpgid));
  recorder.start();
  std::thread worker([] {
    call(100'000);
    (void)::getpgid(0);
    call(100'000);
  });
  EXPECT_EQ(recorder.wait(), RecorderEnd::tracing_off);
  worker.join();
  Tally tally(formats_);
  const Recording recording = recorder.stop(tally);
  event.clear_triggers();
  // Only the last ones before the trigger, and how many went before them.
  EXPECT_GT(recording.lost(), 100'000U);
  EXPECT_LT(recording.events(), 2000U);
  EXPECT_GT(recording.events(), 100U);
  expect_exact(recording, tally, true);
}

TEST_F(RecorderFlight, DumpsOnDemandAndGoesOn) {
  events_.enable("raw_syscalls");
  Recorder recorder(instance_, {.overwrite = true, .buffer_size_kb = 16});
  ScratchDirectory scratch;
  PageFiles files(scratch.prefix());
  recorder.start();
  for (int i = 0; i < 3; ++i) {
    call(10'000);
    EXPECT_GT(recorder.dump(files).lost(), 0U);
  }
  // From dumps to an ordinary recording: the pages that were read in part are not lost, nor do they get in the way.
  const UniqueFd timer = after(50ms);
  const SystemCalls calls(1);
  recorder.run(files, {.until = timer.get()});
  const Recording recording = recorder.stop(files);
  expect_exact(recording, tally_files(files, formats_), true);
}

TEST_F(RecorderFlight, AnEventEndsItWithAHistory) {
  events_.enable("raw_syscalls");
  Recorder recorder(instance_, {.overwrite = true, .buffer_size_kb = 4096, .tick = 1ms});
  const EventFormat* const format = formats_.find("raw_syscalls", "sys_enter");
  ASSERT_NE(format, nullptr);
  struct Watch {
    explicit Watch(const EventFormat& format) : event(format.id()), number(format, "id") {}
    std::uint16_t event;
    FieldReader<long> number;
    bool found = false;
    void on(const RawRecord& record) { found = found || (record.id == event && number(record.bytes()) == SYS_getpgid); }
  } watch(*format);
  // A drain may bring a whole buffer before anybody is asked.
  constexpr std::size_t kHistory = std::size_t{8} * 1024 * 1024;
  PageHistory history(recorder.layout(), kHistory);
  PageDecoder decoder(formats_);
  recorder.start();
  std::thread worker([] {
    call(20'000);
    (void)::getpgid(0);
  });
  const RecorderEnd end = recorder.run(
      [&](const RawPages& pages) {
        history.on(pages);
        decoder.feed(pages.cpu, pages.bytes, watch);
      },
      {.when = [&] { return watch.found; }});
  worker.join();
  EXPECT_EQ(end, RecorderEnd::condition);
  Watch again(*format);
  PageDecoder replay(formats_);
  std::uint64_t bytes = 0;
  history.give([&](const RawPages& pages) {
    bytes += pages.bytes.size();
    replay.feed(pages.cpu, pages.bytes, again);
  });
  EXPECT_TRUE(again.found);
  EXPECT_LE(bytes, kHistory * CpuSet::possible().size());
  EXPECT_EQ(replay.stats().skipped_records(), 0U);
}

TEST_F(RecorderFlight, ARawPipeReadsAndSplices) {
  events_.enable("raw_syscalls");
  instance_.event_pids().set({::gettid()});
  instance_.set_buffer_size_kb(4096);
  instance_.set_tracing_on(true);
  call(10'000);
  instance_.set_tracing_on(false);
  for (const unsigned cpu : instance_.cpus().cpus()) {
    const RingBufferStats before = instance_.stats(cpu);
    RawTracePipe pipe(instance_, cpu);
    ScratchDirectory scratch;
    PageFiles files(scratch.prefix());
    std::uint64_t bytes = 0;
    while (const std::uint64_t moved = pipe.splice_to(files.file(cpu)))
      bytes += moved;
    Tally tally = tally_files(files, formats_);
    EXPECT_EQ(tally.bytes, bytes);
    for (auto pages = pipe.drain(); !pages.empty(); pages = pipe.drain())
      tally.on(RawPages{cpu, pages});
    EXPECT_EQ(tally.cpus[cpu].events, before.entries);
    EXPECT_EQ(instance_.stats(cpu).entries, 0U);
  }
}

TEST_F(RecorderFlight, AMappedPipeIsReadFromWhereOthersStopped) {
  if (!kernel_maps_ring_buffers())
    GTEST_SKIP() << "this kernel does not map ring buffers";
  events_.enable("raw_syscalls");
  instance_.event_pids().set({::gettid()});
  instance_.set_buffer_size_kb(1024);
  const unsigned cpu = 0;
  const fathom::live::PinnedTo pinned(cpu);
  Tally tally(formats_);
  const auto take = [&](bool map) {
    RawTracePipe pipe(instance_, cpu, {.map = map});
    EXPECT_EQ(pipe.mapped(), map);
    for (int i = 0; i < 20; ++i) {
      instance_.set_tracing_on(true);
      call(7);
      instance_.set_tracing_on(false);
      for (auto pages = pipe.drain(); !pages.empty(); pages = pipe.drain())
        tally.on(RawPages{cpu, pages});
    }
  };
  take(false);
  take(true);
  take(true);
  take(false);
  EXPECT_EQ(tally.cpus[cpu].events, instance_.stats(cpu).read_events);
  EXPECT_GE(tally.cpus[cpu].events, 4U * 20 * 14);
  EXPECT_EQ(tally.cpus[cpu].backwards, 0U);
  EXPECT_EQ(tally.stats().skipped_records(), 0U);
}

TEST_F(RecorderFlight, ARunThatIsStoppedFromAnotherThread) {
  events_.enable("raw_syscalls");
  Recorder recorder(instance_, {.overwrite = false, .buffer_size_kb = 256});
  Tally tally(formats_);
  recorder.start();
  const SystemCalls calls(1);
  std::thread other([&] {
    std::this_thread::sleep_for(100ms);
    instance_.set_tracing_on(false);
  });
  EXPECT_EQ(recorder.run(tally), RecorderEnd::tracing_off);
  other.join();
  expect_exact(recorder.stop(tally), tally, false);
}

}  // namespace
}  // namespace fathom::live
