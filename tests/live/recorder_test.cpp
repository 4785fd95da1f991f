// Recorder on a kernel: what it records is what the kernel counted, into files as into this process.
#include "recorder_support.hpp"
#include "tracefs_support.hpp"

#include <fathom/base/error.hpp>

#include <sys/timerfd.h>

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

enum class Into : unsigned char { files, mapped, read };

struct Way {
  Into into;
  bool overwrite;
};

std::string name_of(const testing::TestParamInfo<Way>& way) {
  const char* const into = way.param.into == Into::files ? "Files" : way.param.into == Into::mapped ? "Mapped" : "Read";
  return std::string(into) + (way.param.overwrite ? "Overwrite" : "Keep");
}

class RecorderLive : public testing::TestWithParam<Way> {
 protected:
  RecorderLive() : instance_(tracefs_.instance()) {
    instance_.set_tracing_on(false);
    TraceEvents(instance_).enable("raw_syscalls");
    instance_.clear();
    formats_ = read_formats(instance_);
  }

  [[nodiscard]] RecorderOptions options(std::uint64_t size_kb) const {
    return {.overwrite = GetParam().overwrite, .buffer_size_kb = size_kb, .map = GetParam().into == Into::mapped};
  }

  TraceFs tracefs_;
  TraceInstance instance_;
  FormatRegistry formats_;
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
      EXPECT_EQ(recorder.mapped(), recorder.mapped() && GetParam().into == Into::mapped);
    }
  }
  EXPECT_GT(recording.events(), 1000U);
  EXPECT_GE(recording.duration, 400ms);
  expect_exact(recording, tally, GetParam().overwrite);
  RecordProperty("events", std::to_string(recording.events()));
  RecordProperty("lost", std::to_string(recording.lost()));
  std::cout << recording.events() << " events, " << recording.lost() << " lost, " << recording.bytes() << " bytes\n";
}

INSTANTIATE_TEST_SUITE_P(Ways, RecorderLive,
                         testing::Values(Way{Into::files, true}, Way{Into::files, false}, Way{Into::mapped, true},
                                         Way{Into::mapped, false}, Way{Into::read, true}, Way{Into::read, false}),
                         name_of);

}  // namespace
}  // namespace fathom::live
