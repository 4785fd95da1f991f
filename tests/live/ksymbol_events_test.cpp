#include "bpf_program.hpp"
#include "cpu_offline.hpp"
#include "this_process.hpp"

#include <fathom/base/error.hpp>
#include <fathom/perf/ksymbol_events.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <vector>

namespace fathom::live {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

// The events of this symbol among all that come, until `count` did or it takes too long. A program is freed by a
// worker, maybe on another CPU.
std::vector<KsymbolEvent> events_of(KsymbolEvents& ksymbols, const std::string& name, std::size_t count) {
  std::vector<KsymbolEvent> found;
  const auto until = std::chrono::steady_clock::now() + 20s;
  for (;;) {
    for (KsymbolEvent& event : ksymbols.drain().events) {
      if (event.name == name)
        found.push_back(std::move(event));
    }
    if (found.size() >= count || std::chrono::steady_clock::now() > until)
      return found;
    (void)readable(ksymbols.native_handle(), 1s);
  }
}

std::uint64_t address_in_kallsyms(const std::string& name) {
  std::ifstream file("/proc/kallsyms");
  for (std::string address, type, symbol, rest; file >> address >> type >> symbol && std::getline(file, rest);) {
    if (symbol == name)
      return std::stoull(address, nullptr, 16);
  }
  return 0;
}

std::uint64_t now() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

TEST(KsymbolEvents, SeesAProgramComeAndGoOnEachCpu) {
  KsymbolEvents ksymbols;
  EXPECT_EQ(ksymbols.cpus(), CpuSet::online());
  for (const unsigned cpu : CpuSet::online().cpus()) {
    const std::string name = "fathom_cpu" + std::to_string(cpu);
    std::string symbol;
    std::uint64_t address = 0;
    const std::uint64_t before = now();
    {
      const PinnedTo pinned(cpu);
      const UniqueFd program = load_bpf_program(name);
      symbol = kallsyms_name(program, name);
      address = address_in_kallsyms(symbol);
      ASSERT_NE(address, 0U) << symbol;
      const auto loads = events_of(ksymbols, symbol, 1);
      ASSERT_EQ(loads.size(), 1U);
      EXPECT_FALSE(loads[0].unregistered);
      EXPECT_EQ(loads[0].address, address);
      EXPECT_EQ(loads[0].type, KsymbolType::bpf);
      EXPECT_EQ(loads[0].cpu, cpu);
      EXPECT_GT(loads[0].length, 0U);
      EXPECT_GT(loads[0].time.nanoseconds, before);
      EXPECT_LT(loads[0].time.nanoseconds, now());
    }
    const auto unloads = events_of(ksymbols, symbol, 1);
    ASSERT_EQ(unloads.size(), 1U);
    EXPECT_TRUE(unloads[0].unregistered);
    EXPECT_EQ(unloads[0].address, address);
  }
  EXPECT_EQ(ksymbols.stats().skipped_records(), 0U);
  EXPECT_EQ(ksymbols.stats().bytes, ksymbols.stats().parsed_bytes);
}

TEST(KsymbolEvents, TheHandleIsReadableWhenSomethingCame) {
  KsymbolEvents ksymbols;
  (void)ksymbols.drain();
  const UniqueFd program = load_bpf_program("fathom_wake");
  EXPECT_TRUE(readable(ksymbols.native_handle(), 20s));
  EXPECT_EQ(events_of(ksymbols, kallsyms_name(program, "fathom_wake"), 1).size(), 1U);
}

TEST(KsymbolEvents, AFullRingIsALossOfTheRightNumber) {
  KsymbolEvents ksymbols({.ring_pages = 1});
  const unsigned cpu = CpuSet::online().cpus().front();
  const PinnedTo pinned(cpu);
  constexpr std::size_t kPrograms = 100;  // some forty fit into a page
  std::vector<UniqueFd> programs;
  programs.reserve(kPrograms + 1);
  for (std::size_t i = 0; i < kPrograms; ++i)
    programs.push_back(load_bpf_program("fathom_loss"));
  const std::string symbol = kallsyms_name(programs.front(), "fathom_loss");

  const KsymbolBatch batch = ksymbols.drain();
  const auto seen = static_cast<std::uint64_t>(std::ranges::count(batch.events, symbol, &KsymbolEvent::name));
  ASSERT_EQ(batch.losses.size(), 1U);
  EXPECT_EQ(batch.losses[0].cpu, cpu);
  EXPECT_EQ(batch.losses[0].reason, KsymbolLoss::Reason::ring_full);
  ASSERT_TRUE(batch.losses[0].events);
  EXPECT_GT(seen, 10U);
  // Others may load programs at the same time.
  EXPECT_GE(seen + *batch.losses[0].events, kPrograms);
  EXPECT_LE(seen + *batch.losses[0].events, kPrograms + 20);
  EXPECT_EQ(ksymbols.stats().lost_events, *batch.losses[0].events);

  // The record that the kernel writes about it as soon as there is room counts nothing twice.
  programs.push_back(load_bpf_program("fathom_after"));
  for (const KsymbolLoss& loss : ksymbols.drain().losses)
    EXPECT_FALSE(loss.events.has_value()) << *loss.events;
}

// On CPU 1, which came up again: is it heard?
void expect_heard(KsymbolEvents& ksymbols, const std::string& name) {
  const PinnedTo pinned(1);
  const UniqueFd program = load_bpf_program(name);
  const auto loads = events_of(ksymbols, kallsyms_name(program, name), 1);
  ASSERT_EQ(loads.size(), 1U);
  EXPECT_EQ(loads[0].cpu, 1U);
}

class KsymbolHotplug : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = why_no_hotplug())
      GTEST_SKIP() << *why;
  }
};

TEST_F(KsymbolHotplug, ACpuThatCameBackIsJoinedAndReported) {
  KsymbolEvents ksymbols;
  (void)ksymbols.drain();
  {
    const CpuOffline offline(1);
    EXPECT_TRUE(ksymbols.drain().losses.empty()) << "a CPU that is down does nothing";
    EXPECT_FALSE(ksymbols.cpus().contains(1));
  }
  const KsymbolLoss came{.cpu = 1, .reason = KsymbolLoss::Reason::cpu_came, .events = {}};
  EXPECT_THAT(ksymbols.drain().losses, ::testing::ElementsAre(came));
  EXPECT_THAT(ksymbols.drain().losses, ::testing::IsEmpty());
  expect_heard(ksymbols, "fathom_back");
}

TEST_F(KsymbolHotplug, ACpuThatWasDownBetweenTwoDrainsIsJoinedAndReported) {
  KsymbolEvents ksymbols;
  (void)ksymbols.drain();
  {
    const CpuOffline offline(1);
  }
  ksymbols.recheck_cpus();
  const KsymbolLoss came{.cpu = 1, .reason = KsymbolLoss::Reason::cpu_came, .events = {}};
  EXPECT_THAT(ksymbols.drain().losses, ::testing::ElementsAre(came));
  ksymbols.recheck_cpus();
  EXPECT_THAT(ksymbols.drain().losses, ::testing::IsEmpty()) << "all listen";
  expect_heard(ksymbols, "fathom_flapped");
}

TEST(KsymbolEvents, ARingThatCannotBeIsAnError) {
  try {
    const KsymbolEvents ksymbols({.ring_pages = 3});
    FAIL() << "3 is no power of two";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::invalid_argument);
    EXPECT_THAT(error.what(), HasSubstr("power of two"));
  }
}

}  // namespace
}  // namespace fathom::live
