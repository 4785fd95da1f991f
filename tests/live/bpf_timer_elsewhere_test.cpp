// Timers of one process that another has to do with, and of a process whose clocks have an offset.

#include "attach_errors.hpp"
#include "bpf_fs.hpp"
#include "bpf_support.hpp"

#include <fathom/bpf/array_map.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/bpf_timer.hpp>

#include <gmock/gmock.h>

#include <sched.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fathom-bpf/timers.bpf.hpp>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using fathom::BpfCause;
using fathom::BpfObject;
using fathom::BpfTimer;
using fathom::LoadedBpf;
using fathom::live::error_of;
using fathom::live::if_kernel_has;
using fathom::live::in_child;

class BpfTimerElsewhere : public fathom::live::BpfTest {
 protected:
  void SetUp() override {
    BpfTest::SetUp();
    std::string reason;
    if (!if_kernel_has([] { return BpfObject::open(timers::object).load(); }, reason))
      GTEST_SKIP() << reason;
  }
};

TEST_F(BpfTimerElsewhere, AForkedCopyIsDestroyedAndItGoesOn) {
  const LoadedBpf bpf = BpfObject::open(timers::object).load();
  std::optional<BpfTimer> timer(std::in_place, bpf, timers::slow, fathom::BpfTimerOptions{.period = 1ms});
  timer->start();
  EXPECT_TRUE(in_child([&] {
    timer.reset();
    return true;
  }));
  const std::uint64_t before = timer->ticks().delivered;
  std::this_thread::sleep_for(100ms);
  EXPECT_GT(timer->ticks().delivered, before + 10);
  timer->stop();
}

// What a process that is killed leaves behind.
bool leave_a_timer(const std::string& pin) {
  const LoadedBpf bpf = BpfObject::open(timers::object).load();
  bpf.map("slow").pin(pin);
  BpfTimer timer(bpf, timers::slow, {.period = 1ms});
  timer.start();
  std::_Exit(0);
}

TEST_F(BpfTimerElsewhere, OneThatIsPinnedIsStoppedByAnother) {
  const fathom::live::BpfFs bpf_fs;
  ASSERT_TRUE(bpf_fs.mounted());
  const std::string pin = bpf_fs.file("slow");
  ASSERT_TRUE(in_child([&] { return leave_a_timer(pin); }));
  {
    const auto map = fathom::ArrayMap<timers::fathom_timer>::open_pinned(pin);
    const auto delivered = [&] { return map.find(0).value().delivered; };
    const std::uint64_t before = delivered();
    std::this_thread::sleep_for(100ms);
    EXPECT_GT(delivered(), before + 10);
    EXPECT_TRUE(BpfTimer::stop_pinned(pin));
    std::this_thread::sleep_for(20ms);  // one call may have been under way
    const std::uint64_t after = delivered();
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(delivered(), after);
    EXPECT_FALSE(BpfTimer::stop_pinned(pin));
  }
  // Who has loaded the object onto the same map can start it again, and is told of one that others stopped.
  BpfObject object = BpfObject::open(timers::object);
  object.map("slow").pin_path = pin;
  const LoadedBpf bpf = object.load();
  BpfTimer timer(bpf, timers::slow, {.period = 1ms});
  timer.start();
  std::this_thread::sleep_for(50ms);
  EXPECT_GT(timer.ticks().delivered, 5U);
  EXPECT_TRUE(BpfTimer::stop_pinned(pin));
  timer.stop();
  EXPECT_EQ(timer.ticks().delivered, 0U);
  timer.start();
  std::this_thread::sleep_for(50ms);
  EXPECT_GT(timer.ticks().delivered, 5U);
  timer.stop();
  bpf.map("slow").unpin(pin);
}

TEST_F(BpfTimerElsewhere, OnlyATimersPinIsTaken) {
  const fathom::live::BpfFs bpf_fs;
  ASSERT_TRUE(bpf_fs.mounted());
  const LoadedBpf bpf = BpfObject::open(timers::object).load();
  const std::string pin = bpf_fs.file("bss");
  bpf.map(".bss").pin(pin);
  EXPECT_EQ(error_of([&] { BpfTimer::stop_pinned(pin); }).cause(), BpfCause::bad_object);
  bpf.map(".bss").unpin(pin);
  // As large as a timer's map, but without types.
  const auto other = fathom::ArrayMap<std::array<std::uint64_t, 9>>::create({.name = "other", .max_entries = 1});
  ASSERT_EQ(other.map().value_size(), bpf.map("slow").value_size());
  other.update(0, {1});
  other.pin(pin);
  EXPECT_EQ(error_of([&] { BpfTimer::stop_pinned(pin); }).cause(), BpfCause::bad_object);
  EXPECT_EQ(other.find(0).value()[0], 1U);
  other.unpin(pin);
  EXPECT_EQ(error_of([&] { BpfTimer::stop_pinned(pin); }).code(), std::errc::no_such_file_or_directory);
}

// In a time namespace whose CLOCK_MONOTONIC is more than a day ahead.
TEST_F(BpfTimerElsewhere, TicksAreRightInATimeNamespace) {
  constexpr int kNewTime = 0x80;  // CLONE_NEWTIME, Linux 5.6
  EXPECT_TRUE(in_child([] {
    if (::unshare(kNewTime) != 0)
      return false;
    std::ofstream("/proc/self/timens_offsets") << "monotonic 100000 0\n";
    return in_child([] {
      const LoadedBpf bpf = BpfObject::open(timers::object).load();
      BpfTimer timer(bpf, timers::slow, {.period = 10ms});
      const auto before = std::chrono::steady_clock::now();
      timer.start();
      std::this_thread::sleep_for(200ms);
      const fathom::TimerTicks running = timer.ticks();
      const auto most = static_cast<std::uint64_t>((std::chrono::steady_clock::now() - before) / 10ms);
      timer.stop();
      return running.expected >= 19 && running.expected <= most && timer.ticks().expected >= running.expected;
    });
  }));
}

}  // namespace
