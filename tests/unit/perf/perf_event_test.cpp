#include <fathom/base/error.hpp>
#include <fathom/perf/perf_event.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <perf/event_attr.hpp>
#include <set>
#include <string>
#include <system_error>
#include <vector>

namespace fathom {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Named {
  const char* name;
  std::uint32_t type;
  std::uint64_t config;
  const char* canonical;  // what name() says
};

class PerfEventNames : public ::testing::TestWithParam<Named> {};

TEST_P(PerfEventNames, GiveTheKernelsNumbersAndBack) {
  const PerfEvent event(GetParam().name);
  const perf_event_attr attr = perf::attr_of(event);
  EXPECT_EQ(attr.type, GetParam().type);
  EXPECT_EQ(attr.config, GetParam().config);
  EXPECT_EQ(attr.size, sizeof attr);
  EXPECT_EQ(event.name(), GetParam().canonical);
  EXPECT_EQ(PerfEvent(event.name()), event);
}

constexpr std::uint64_t cache(std::uint64_t id, std::uint64_t op, std::uint64_t result) {
  return id | op << 8U | result << 16U;
}

INSTANTIATE_TEST_SUITE_P(
    Software, PerfEventNames,
    ::testing::Values(Named{"cpu-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, "cpu-clock"},
                      Named{"task-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, "task-clock"},
                      Named{"faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, "page-faults"},
                      Named{"cs", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, "context-switches"},
                      Named{"migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS, "cpu-migrations"},
                      Named{"minor-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN, "minor-faults"},
                      Named{"major-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MAJ, "major-faults"},
                      Named{"alignment-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_ALIGNMENT_FAULTS, "alignment-faults"},
                      Named{"emulation-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_EMULATION_FAULTS, "emulation-faults"},
                      Named{"dummy", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY, "dummy"},
                      Named{"bpf-output", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_BPF_OUTPUT, "bpf-output"},
                      Named{"cgroup-switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CGROUP_SWITCHES, "cgroup-switches"}));

INSTANTIATE_TEST_SUITE_P(
    Hardware, PerfEventNames,
    ::testing::Values(Named{"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, "cpu-cycles"},
                      Named{"CPU-CYCLES", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, "cpu-cycles"},
                      Named{"instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, "instructions"},
                      Named{"cache-references", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES, "cache-references"},
                      Named{"cache-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES, "cache-misses"},
                      Named{"branches", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS, "branch-instructions"},
                      Named{"branch-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES, "branch-misses"},
                      Named{"bus-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BUS_CYCLES, "bus-cycles"},
                      Named{"idle-cycles-frontend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND,
                            "stalled-cycles-frontend"},
                      Named{"idle-cycles-backend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_BACKEND,
                            "stalled-cycles-backend"},
                      Named{"ref-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_REF_CPU_CYCLES, "ref-cycles"}));

INSTANTIATE_TEST_SUITE_P(
    Caches, PerfEventNames,
    ::testing::Values(Named{"L1-dcache-loads", PERF_TYPE_HW_CACHE, cache(0, 0, 0), "L1-dcache-loads"},
                      Named{"L1-dcache-load-misses", PERF_TYPE_HW_CACHE, cache(0, 0, 1), "L1-dcache-load-misses"},
                      Named{"l1d-misses-store", PERF_TYPE_HW_CACHE, cache(0, 1, 1), "L1-dcache-store-misses"},
                      Named{"L1-icache-prefetches", PERF_TYPE_HW_CACHE, cache(1, 2, 0), "L1-icache-prefetches"},
                      Named{"LLC", PERF_TYPE_HW_CACHE, cache(2, 0, 0), "LLC-loads"},
                      Named{"L2-speculative-read-miss", PERF_TYPE_HW_CACHE, cache(2, 2, 1), "LLC-prefetch-misses"},
                      Named{"d-tlb-write-access", PERF_TYPE_HW_CACHE, cache(3, 1, 0), "dTLB-stores"},
                      Named{"iTLB-load-misses", PERF_TYPE_HW_CACHE, cache(4, 0, 1), "iTLB-load-misses"},
                      Named{"branch-loads", PERF_TYPE_HW_CACHE, cache(5, 0, 0), "branch-loads"},
                      Named{"node-stores", PERF_TYPE_HW_CACHE, cache(6, 1, 0), "node-stores"}));

INSTANTIATE_TEST_SUITE_P(Raw, PerfEventNames,
                         ::testing::Values(Named{"r1a8", PERF_TYPE_RAW, 0x1a8, "r1a8"},
                                           Named{"rffffffffffffffff", PERF_TYPE_RAW, UINT64_MAX, "rffffffffffffffff"}));

TEST(PerfEvent, EveryNameIsTheOneOfItsEvent) {
  const auto names = PerfEvent::names();
  EXPECT_EQ(names.size(), 12U + 10U + 7U * 3U * 2U);
  EXPECT_EQ(std::set(names.begin(), names.end()).size(), names.size()) << "no name twice";
  std::set<std::pair<std::uint32_t, std::uint64_t>> numbers;
  for (const std::string& name : names) {
    const PerfEvent event(name);
    EXPECT_EQ(event.name(), name);
    const perf_event_attr attr = perf::attr_of(event);
    EXPECT_TRUE(numbers.emplace(attr.type, attr.config).second) << name;
  }
}

struct Place {
  const char* name;
  std::uint64_t address;
  std::uint64_t length;
  std::uint32_t access;
};

class PerfEventBreakpoints : public ::testing::TestWithParam<Place> {};

TEST_P(PerfEventBreakpoints, AreReadAsPerfWritesThem) {
  const PerfEvent event(GetParam().name);
  const perf_event_attr attr = perf::attr_of(event);
  EXPECT_EQ(attr.type, PERF_TYPE_BREAKPOINT);
  EXPECT_EQ(attr.bp_addr, GetParam().address);
  EXPECT_EQ(attr.bp_len, GetParam().length);
  EXPECT_EQ(attr.bp_type, GetParam().access);
  EXPECT_EQ(PerfEvent(event.name()), event) << event.name();
}

INSTANTIATE_TEST_SUITE_P(Mem, PerfEventBreakpoints,
                         ::testing::Values(Place{"mem:0x1000", 0x1000, 4, HW_BREAKPOINT_RW},
                                           Place{"mem:0x1000:rw", 0x1000, 4, HW_BREAKPOINT_RW},
                                           Place{"mem:0x1000/8:w", 0x1000, 8, HW_BREAKPOINT_W},
                                           Place{"mem:4096/1:r", 0x1000, 1, HW_BREAKPOINT_R},
                                           Place{"mem:0xffffffff81000000:x", 0xffffffff81000000, 8, HW_BREAKPOINT_X},
                                           Place{"mem:0x1000:u", 0x1000, 4, HW_BREAKPOINT_RW},
                                           Place{"mem:0x1000/2:w:u", 0x1000, 2, HW_BREAKPOINT_W}));

TEST(PerfEvent, AVariableIsWatched) {
  const std::uint64_t variable = 0;
  const perf_event_attr attr = perf::attr_of(BreakpointEvent::writes_to(variable));
  EXPECT_EQ(attr.bp_addr, reinterpret_cast<std::uintptr_t>(&variable));
  EXPECT_EQ(attr.bp_len, 8U);
  EXPECT_EQ(attr.bp_type, HW_BREAKPOINT_W);
}

struct Letters {
  const char* name;
  PerfModifiers modifiers;
  const char* printed;
};

class PerfEventModifiers : public ::testing::TestWithParam<Letters> {};

TEST_P(PerfEventModifiers, AreReadAndWritten) {
  const PerfEvent event(GetParam().name);
  EXPECT_EQ(event.modifiers(), GetParam().modifiers);
  EXPECT_EQ(event.name(), GetParam().printed);
  EXPECT_EQ(PerfEvent(event.name()), event);
}

INSTANTIATE_TEST_SUITE_P(
    All, PerfEventModifiers,
    ::testing::Values(Letters{"cycles:u", {.exclude_kernel = true, .exclude_hv = true}, "cpu-cycles:u"},
                      Letters{"cycles:ku", {.exclude_hv = true}, "cpu-cycles:uk"},
                      Letters{"cycles:kh", {.exclude_user = true}, "cpu-cycles:kh"},
                      Letters{"cycles:G", {.exclude_host = true}, "cpu-cycles:G"},
                      Letters{"cycles:HG", {}, "cpu-cycles"},
                      Letters{"cpu-clock:I", {.exclude_idle = true}, "cpu-clock:I"},
                      Letters{"cycles:upp",
                              {.exclude_kernel = true, .exclude_hv = true, .skid = PerfSkid::zero_requested},
                              "cpu-cycles:upp"},
                      Letters{"r1:ppp", {.skid = PerfSkid::zero}, "r1:ppp"},
                      Letters{"instructions:De", {.pinned = true, .exclusive = true}, "instructions:De"}));

TEST(PerfEvent, ModifiersReachTheAttributes) {
  const perf_event_attr all = perf::attr_of(PerfEvent(HardwareEvent::cpu_cycles, {.exclude_user = true,
                                                                                  .exclude_kernel = true,
                                                                                  .exclude_hv = true,
                                                                                  .exclude_idle = true,
                                                                                  .exclude_host = true,
                                                                                  .exclude_guest = true,
                                                                                  .skid = PerfSkid::constant,
                                                                                  .pinned = true,
                                                                                  .exclusive = true}));
  EXPECT_TRUE(all.exclude_user && all.exclude_kernel && all.exclude_hv && all.exclude_idle && all.exclude_host &&
              all.exclude_guest && all.pinned && all.exclusive);
  EXPECT_EQ(all.precise_ip, 1U);
  const perf_event_attr none = perf::attr_of(PerfEvent(HardwareEvent::cpu_cycles));
  EXPECT_FALSE(none.exclude_user || none.exclude_kernel || none.exclude_hv || none.exclude_idle || none.exclude_host ||
               none.exclude_guest || none.pinned || none.exclusive);
  EXPECT_EQ(perf::attr_of(PerfEvent("cycles").with({.exclude_idle = true})).exclude_idle, 1U);
}

// --- Files -----------------------------------------------------------------------------------------------------------

class PerfEventFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    write("sys/bus/event_source/devices/cpu/type", "4\n");
    write("sys/bus/event_source/devices/cpu/format/event", "config:0-7,32-35\n");
    write("sys/bus/event_source/devices/cpu/format/umask", "config:8-15\n");
    write("sys/bus/event_source/devices/cpu/format/edge", "config:18\n");
    write("sys/bus/event_source/devices/cpu/format/ldlat", "config1:0-15\n");
    write("sys/bus/event_source/devices/cpu/format/whole", "config2:0-63\n");
    write("sys/bus/event_source/devices/cpu/format/broken", "config:99\n");
    write("sys/bus/event_source/devices/cpu/events/mem-loads", "event=0xcd,umask=0x1,ldlat=3\n");
    write("sys/bus/event_source/devices/cpu/events/loop", "loop\n");
    write("sys/bus/event_source/devices/msr/type", "9\n");
    write("tracefs/events/sched/sched_switch/id", "314\n");
    write("tracefs/events/sched/sched_wakeup/id", "315\n");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  [[nodiscard]] PerfEventPaths paths() const { return {.sys = root_ / "sys", .tracefs = root_ / "tracefs"}; }
  [[nodiscard]] Error error_of(const std::string& name) const {
    try {
      (void)PerfEvent(name, paths());
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << name << " was taken";
    return {0, ""};
  }

 private:
  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

  std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("fathom_perf_event_test_" + std::to_string(::getpid()));
};

TEST_F(PerfEventFiles, TermsOfASourceBecomeBits) {
  struct Case {
    const char* name;
    PmuEvent event;
  };
  const std::vector<Case> cases = {
      {"cpu/event=0x3c,umask=1/", {.type = 4, .config = 0x13c}},
      {"cpu/event=0x5ff/", {.type = 4, .config = 0x5000000ff}},
      {"cpu/event=0xc0,edge/", {.type = 4, .config = 0x400c0}},
      {"cpu/mem-loads/", {.type = 4, .config = 0x1cd, .config1 = 3}},
      {"cpu/mem-loads,ldlat=30/", {.type = 4, .config = 0x1cd, .config1 = 30}},
      {"cpu/whole=0xffffffffffffffff/", {.type = 4, .config2 = UINT64_MAX}},
      {"msr/config=7,config1=8,config2=9/", {.type = 9, .config = 7, .config1 = 8, .config2 = 9}},
  };
  for (const auto& [name, expected] : cases) {
    const PerfEvent event(name, paths());
    EXPECT_EQ(std::get<PmuEvent>(event.what()), expected) << name;
    EXPECT_EQ(event.name(), name);
    const perf_event_attr attr = perf::attr_of(event);
    EXPECT_EQ(attr.type, expected.type);
    EXPECT_EQ(attr.config, expected.config);
    EXPECT_EQ(attr.config1, expected.config1);
    EXPECT_EQ(attr.config2, expected.config2);
  }
  EXPECT_EQ(PerfEvent("cpu/event=1/k", paths()).name(), "cpu/event=1/:k");
}

TEST_F(PerfEventFiles, ATracepointIsItsNumber) {
  const PerfEvent event("sched:sched_switch:u", paths());
  EXPECT_EQ(std::get<TracepointEvent>(event.what()).id, 314U);
  EXPECT_EQ(event.name(), "sched:sched_switch:u");
  EXPECT_TRUE(event.modifiers().exclude_kernel);
  const perf_event_attr attr = perf::attr_of(event);
  EXPECT_EQ(attr.type, PERF_TYPE_TRACEPOINT);
  EXPECT_EQ(attr.config, 314U);
  EXPECT_EQ(PerfEvent(TracepointEvent{314}).name(), "tracepoint 314");
}

TEST_F(PerfEventFiles, WhatIsNotThereIsNamedWithWhatIsNear) {
  EXPECT_THAT(error_of("cpu-cylces").what(), AllOf(HasSubstr("'cpu-cylces'"), HasSubstr("cpu-cycles")));
  EXPECT_THAT(error_of("sched:sched_swich").what(), HasSubstr("sched:sched_switch"));
  EXPECT_THAT(error_of("shced:sched_switch").what(), HasSubstr("sched"));
  EXPECT_THAT(error_of("cpu/umsk=1/").what(), HasSubstr("umask"));
  EXPECT_THAT(error_of("gpu/event=1/").what(), AllOf(HasSubstr("no PMU of that name"), HasSubstr("cpu")));
  EXPECT_THAT(error_of("cpu/loop/").what(), HasSubstr("'loop'"));
  for (const char* name : {"cpu-cylces", "sched:sched_swich", "shced:sched_switch", "cpu/umsk=1/", "gpu/event=1/"})
    EXPECT_EQ(error_of(name).code(), std::errc::no_such_file_or_directory) << name;
  EXPECT_THAT((PerfEventPaths{.sys = "", .tracefs = "/nowhere"}.tracefs), HasSubstr("nowhere"));
}

TEST_F(PerfEventFiles, WithoutTracefsItIsSaidHowToMountIt) {
  try {
    (void)PerfEvent("sched:sched_switch", {.tracefs = "/nowhere"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.path(), "/nowhere/events");
    EXPECT_THAT(error.hint(), HasSubstr("mount -t tracefs"));
  }
}

TEST_F(PerfEventFiles, WhatIsNoNameIsRefused) {
  const std::vector<std::string> names = {"cycles:q",
                                          "cycles:",
                                          "cycles:pppp",
                                          "mem:nowhere",
                                          "mem:0x1000/x:w",
                                          "cpu/event=1",
                                          "cpu//",
                                          "cpu/event=0x100000/",
                                          "cpu/event=-1/",
                                          "cpu/event=/",
                                          "cpu/,/",
                                          "cpu/broken=1/",
                                          "sched:",
                                          "sched:../x",
                                          std::string("sched:a\0b", 9)};
  for (const std::string& name : names)
    EXPECT_EQ(error_of(name).code(), std::errc::invalid_argument) << name << ": " << error_of(name).what();
  for (const std::string name : {"", "r", "rxyz", ":u", "cpu/../type/"})
    EXPECT_THROW(PerfEvent(name, paths()), Error) << name;
}

}  // namespace
}  // namespace fathom
