#include "btf/btf_builder.hpp"
#include "rawtrace/raw_captures.hpp"
#include "switch_formats.hpp"

#include <fathom/base/error.hpp>
#include <fathom/sched/prev_state_probe.hpp>
#include <fathom/sched/task_state_decoder.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {
namespace {

using test::switch_format;

constexpr PrevState kPreempted{TaskState::running, true};

std::optional<PrevState> just(TaskState state) {
  return PrevState{state, false};
}

TEST(TaskState, LettersAndWordsAreTheKernels) {
  std::string letters;
  for (const TaskState state : kTaskStates) {
    letters += letter(state);
    EXPECT_EQ(task_state_of(letter(state)), state);
    EXPECT_FALSE(to_string(state).empty());
  }
  EXPECT_EQ(letters, "RSDTtXZPI");  // task_index_to_char() of include/linux/sched.h
  EXPECT_EQ(to_string(TaskState::uninterruptible), "disk sleep");
  EXPECT_EQ(task_state_of('x'), std::nullopt);
  EXPECT_EQ(task_state_of('\0'), std::nullopt);
}

TEST(TaskState, PrintedLettersAreRead) {
  const struct {
    std::string_view text;
    std::optional<PrevState> state;
  } cases[] = {
      {"R", just(TaskState::running)},
      {"R+", kPreempted},
      {"S", just(TaskState::interruptible)},
      {"S+", PrevState{TaskState::interruptible, true}},  // Linux 4.4 can
      {"D|K", just(TaskState::uninterruptible)},
      {"D|N", just(TaskState::idle)},
      {"S|D", just(TaskState::uninterruptible)},
      {"x", just(TaskState::dead)},
      {"P", just(TaskState::parked)},
      {"K|W", just(TaskState::running)},
      {"I", just(TaskState::idle)},
      {"", std::nullopt},
      {"+", std::nullopt},
      {"D|", std::nullopt},
      {"|D", std::nullopt},
      {"DK", std::nullopt},
      {"D|D", std::nullopt},
      {"D|I", std::nullopt},
      {"Q", std::nullopt},
      {"R++", std::nullopt},
      {"0x400", std::nullopt},
  };
  for (const auto& c : cases)
    EXPECT_EQ(parse_prev_state(c.text), c.state) << c.text;
}

// include/linux/sched.h of the versions that are named.
TEST(TaskStateDecoder, NamesRawBits) {
  const struct {
    const char* release;
    std::uint32_t bits;
    std::string_view names;
    TaskState state;
  } cases[] = {
      {"6.1.0-56-amd64", 0, "TASK_RUNNING", TaskState::running},
      {"6.1.0-56-amd64", 1, "TASK_INTERRUPTIBLE", TaskState::interruptible},
      {"6.1.0-56-amd64", 0x2001, "TASK_INTERRUPTIBLE|TASK_FREEZABLE", TaskState::interruptible},
      {"6.1.0-56-amd64", 0x402, "TASK_IDLE", TaskState::idle},
      {"6.1.0-56-amd64", 0x2402, "TASK_IDLE|TASK_FREEZABLE", TaskState::idle},
      {"6.1.0-56-amd64", 0x102, "TASK_KILLABLE", TaskState::uninterruptible},
      {"6.1.0-56-amd64", 0x104, "TASK_STOPPED", TaskState::stopped},
      {"6.1.0-56-amd64", 0x8, "__TASK_TRACED", TaskState::traced},
      {"6.1.0-56-amd64", 0x108, "TASK_TRACED", TaskState::traced},
      {"6.1.0-56-amd64", 0xa0, "EXIT_ZOMBIE|TASK_DEAD", TaskState::zombie},
      {"6.1.0-56-amd64", 0x80, "TASK_DEAD", TaskState::dead},
      {"6.1.0-56-amd64", 0x40, "TASK_PARKED", TaskState::parked},
      {"6.1.0-56-amd64", 0x1000, "TASK_RTLOCK_WAIT", TaskState::uninterruptible},
      {"6.1.0-56-amd64", 0x8000, "TASK_FROZEN", TaskState::uninterruptible},
      {"6.1.0-56-amd64", 0x200, "TASK_WAKING", TaskState::running},
      {"6.1.0-56-amd64", 0x12'0002, "TASK_UNINTERRUPTIBLE|0x120000", TaskState::uninterruptible},
      {"6.1.0-56-amd64", 0x8000'0000, "0x80000000", TaskState::running},
      {"4.4.0", 0x402, "TASK_IDLE", TaskState::idle},
      {"4.4.0", 0x82, "TASK_KILLABLE", TaskState::uninterruptible},
      {"4.4.0", 0x40, "TASK_DEAD", TaskState::dead},
      {"4.4.0", 0x200, "TASK_PARKED", TaskState::parked},
      {"4.4.0", 0x100, "TASK_WAKING", TaskState::running},
      {"4.13.16", 0x88, "TASK_TRACED", TaskState::traced},
      {"4.14.0", 0x108, "TASK_TRACED", TaskState::traced},
      {"4.14.0", 0x40, "TASK_PARKED", TaskState::parked},
  };
  for (const auto& c : cases) {
    const TaskStateDecoder states({.release = c.release});
    EXPECT_EQ(states.names(RawTaskState{c.bits}), c.names) << c.release << ' ' << c.bits;
    EXPECT_EQ(states.state(RawTaskState{c.bits}), c.state) << c.release << ' ' << c.bits;
  }
}

TEST(TaskStateDecoder, BitsAreEachNamedOnce) {
  // What came with 4.8, 5.15 and 6.1 is not there before.
  const struct {
    const char* release;
    std::uint32_t all;
  } cases[] = {{"4.4.0", 0x7ff},  {"4.7.10", 0x7ff},   {"4.8.0", 0xfff},   {"4.13.0", 0xfff},
               {"4.14.0", 0xfff}, {"5.10.0-8", 0xfff}, {"5.14.0", 0xfff},  {"5.15.0", 0x1fff},
               {"6.0.0", 0x1fff}, {"6.1.0", 0xffff},   {"6.18.44", 0xffff}};
  for (const auto& [release, all] : cases) {
    const TaskStateDecoder states({.release = release});
    std::uint32_t seen = 0;
    for (const TaskStateBit& bit : states.bits()) {
      EXPECT_EQ(seen & bit.bit, 0U) << bit.name;
      EXPECT_EQ(states.names(RawTaskState{bit.bit}), bit.name);
      seen |= bit.bit;
    }
    EXPECT_EQ(seen, all) << release;
  }
  // Of a recording without a release, whatever there may be.
  const EventFormat format = switch_format(test::kLetters5_4);
  EXPECT_EQ(TaskStateDecoder({.sched_switch = &format}).bits().size(), 16U);
  // And where a distribution took a bit over, it has its name.
  EXPECT_EQ(TaskStateDecoder({.release = "5.14.0-427.el9"}).names(RawTaskState{0x2001}),
            "TASK_INTERRUPTIBLE|TASK_FREEZABLE");
}

TEST(TaskStateDecoder, FindsTheEncoding) {
  const EventFormat f4_4 = switch_format(test::kLetters4_4);
  const EventFormat f4_14 = switch_format(test::kLetters4_14);
  const EventFormat f4_15 = switch_format(test::kLetters4_15);
  const EventFormat f5_4 = switch_format(test::kLetters5_4);
  using E = PrevStateEncoding;
  const struct {
    const EventFormat* format;
    const char* release;
    std::optional<E> known;
    std::optional<E> encoding;
  } cases[] = {
      {&f4_4, "", {}, E::raw_bits},
      {&f4_14, "", {}, E::index},
      {&f4_15, "", {}, std::nullopt},
      {&f4_15, "", E::shifted, E::shifted},
      {&f4_15, "", E::bit, E::bit},
      {&f5_4, "", {}, E::bit},
      {&f5_4, "", E::shifted, E::bit},  // the format knows better
      {&f4_15, "4.15.18", {}, E::shifted},
      {&f4_15, "4.15.0-213-generic", {}, std::nullopt},  // Ubuntu's has the fix
      {&f4_15, "4.18.20", {}, E::shifted},
      {&f4_15, "4.18.0-rc3", {}, E::shifted},
      {&f4_15, "4.18.0-553.el8_10.x86_64", {}, std::nullopt},
      {&f4_15, "4.14.330", {}, std::nullopt},
      {&f4_15, "4.19.5", {}, std::nullopt},
      {nullptr, "4.13.16", {}, E::raw_bits},
      {nullptr, "4.14.1", {}, std::nullopt},
      {nullptr, "4.19.0", {}, std::nullopt},
      {nullptr, "4.20.0", {}, E::bit},
      {nullptr, "5.15", {}, E::bit},
      {nullptr, "6.18.44-fc-v669", {}, E::bit},
      {nullptr, "", E::shifted, E::shifted},
  };
  for (const auto& c : cases) {
    const TaskStateDecoder states({.sched_switch = c.format, .release = c.release, .encoding = c.known});
    EXPECT_EQ(states.encoding(), c.encoding) << c.release;
  }
}

TEST(TaskStateDecoder, RefusesWhatSaysNothing) {
  for (const char* release : {"", "linux", "6", "6.x", "999999999999.1", "300.1"})
    EXPECT_THROW(TaskStateDecoder({.release = release}), Error) << release;
  auto text = std::string("name: sched_wakeup\nID: 1\nformat:\n");
  const auto wakeup = EventFormat::parse("sched", text);
  ASSERT_TRUE(wakeup);
  EXPECT_THROW(TaskStateDecoder({.sched_switch = &*wakeup}), Error);
}

TEST(TaskStateDecoder, FormatWithoutLettersLeavesTheRelease) {
  const auto bare = EventFormat::parse("sched", "name: sched_switch\nID: 1\nformat:\n\nprint fmt: \"x\"\n");
  ASSERT_TRUE(bare);
  const TaskStateDecoder states({.sched_switch = &*bare, .release = "6.1.0"});
  EXPECT_EQ(states.letters(ReportedTaskState{0x80}), "I");
  EXPECT_EQ(states.encoding(), PrevStateEncoding::bit);
}

// Eras without a capture. 4.14: an index is printed as bits. 4.15 and 4.18: shifted by one. 4.20, 5.15: right. The
// sources are __trace_sched_switch_state() and TP_printk of sched_switch, by the commits at PrevStateEncoding.
TEST(TaskStateDecoder, KnowsEveryEra) {
  const struct {
    const char* release;
    std::string_view format;
    std::uint64_t value;
    std::string_view letters;
    std::optional<PrevState> state;
  } cases[] = {
      {"4.4.0", test::kLetters4_4, 0, "R", just(TaskState::running)},
      {"4.4.0", test::kLetters4_4, 0x800, "R+", kPreempted},
      {"4.4.0", test::kLetters4_4, 0x82, "D|K", just(TaskState::uninterruptible)},
      {"4.4.0", test::kLetters4_4, 0x402, "D|N", just(TaskState::idle)},
      {"4.4.0", test::kLetters4_4, 0x40, "x", just(TaskState::dead)},
      {"4.4.0", test::kLetters4_4, 0x200, "P", just(TaskState::parked)},
      {"4.4.0", test::kLetters4_4, 0x801, "S+", PrevState{TaskState::interruptible, true}},
      {"4.4.0", test::kLetters4_4, 0x2000, "R", std::nullopt},
      {"4.14.0", test::kLetters4_14, 0, "R", just(TaskState::running)},
      {"4.14.0", test::kLetters4_14, 1, "S", just(TaskState::interruptible)},
      {"4.14.0", test::kLetters4_14, 2, "D", just(TaskState::uninterruptible)},
      {"4.14.0", test::kLetters4_14, 3, "S|D", just(TaskState::stopped)},
      {"4.14.0", test::kLetters4_14, 6, "D|T", just(TaskState::zombie)},
      {"4.14.0", test::kLetters4_14, 8, "t", just(TaskState::idle)},
      {"4.14.0", test::kLetters4_14, 9, "S|t", std::nullopt},
      {"4.14.0", test::kLetters4_14, 0x1000, "R+", kPreempted},
      {"4.15.18", test::kLetters4_15, 1, "S", just(TaskState::running)},
      {"4.15.18", test::kLetters4_15, 2, "D", just(TaskState::interruptible)},
      {"4.18.20", test::kLetters4_15, 4, "T", just(TaskState::uninterruptible)},
      {"4.18.20", test::kLetters4_15, 0x40, "P", just(TaskState::zombie)},
      {"4.18.20", test::kLetters4_15, 0x80, "I", just(TaskState::parked)},
      {"4.18.20", test::kLetters4_15, 0x100, "R+", std::nullopt},
      {"4.18.20", test::kLetters4_15, 0, "R", std::nullopt},
      {"4.19.5", test::kLetters4_15, 1, "S", std::nullopt},
      {"4.19.5", test::kLetters4_15, 0, "R", just(TaskState::running)},
      {"5.15.0", test::kLetters5_4, 0, "R", just(TaskState::running)},
      {"5.15.0", test::kLetters5_4, 1, "S", just(TaskState::interruptible)},
      {"5.15.0", test::kLetters5_4, 2, "D", just(TaskState::uninterruptible)},
      {"5.15.0", test::kLetters5_4, 4, "T", just(TaskState::stopped)},
      {"5.15.0", test::kLetters5_4, 8, "t", just(TaskState::traced)},
      {"5.15.0", test::kLetters5_4, 0x10, "X", just(TaskState::dead)},
      {"5.15.0", test::kLetters5_4, 0x20, "Z", just(TaskState::zombie)},
      {"5.15.0", test::kLetters5_4, 0x40, "P", just(TaskState::parked)},
      {"5.15.0", test::kLetters5_4, 0x80, "I", just(TaskState::idle)},
      {"5.15.0", test::kLetters5_4, 0x100, "R+", kPreempted},
      {"5.15.0", test::kLetters5_4, 3, "S|D", std::nullopt},
      {"5.15.0", test::kLetters5_4, 0x200, "R", std::nullopt},
      {"5.15.0", test::kLetters5_4, ~std::uint64_t{0}, "S|D|T|t|X|Z|P|I+", std::nullopt},
  };
  for (const auto& c : cases) {
    const EventFormat format = switch_format(c.format);
    const TaskStateDecoder with_format({.sched_switch = &format, .release = c.release});
    EXPECT_EQ(with_format.letters(ReportedTaskState{c.value}), c.letters) << c.release << ' ' << c.value;
    EXPECT_EQ(with_format.decode(ReportedTaskState{c.value}), c.state) << c.release << ' ' << c.value;
    if (std::string_view(c.release) == "4.14.0")
      continue;  // only the format tells 4.14's own encoding
    const TaskStateDecoder by_release({.release = c.release});
    EXPECT_EQ(by_release.letters(ReportedTaskState{c.value}), c.letters) << c.release << ' ' << c.value;
    EXPECT_EQ(by_release.decode(ReportedTaskState{c.value}), c.state) << c.release << ' ' << c.value;
  }
}

TEST(TaskStateDecoder, SaysWhatIsReported) {
  const struct {
    const char* release;
    std::uint32_t bits;
    std::optional<std::uint64_t> value;
  } cases[] = {
      {"4.4.0", 0x402, 0x402},   {"4.18.20", 0, 1},     {"4.18.20", 2, 4},
      {"4.18.20", 0x402, 0x100}, {"4.19.0", 1, {}},     {"5.15.0", 0, 0},
      {"5.15.0", 0x402, 0x80},   {"5.15.0", 0x102, 2},  {"5.15.0", 0x1000, {}},
      {"5.19.0", 0x1000, 2},     {"6.1.0", 0x2001, 1},  {"6.1.0", 0x2402, {}},
      {"6.6.0", 0x2402, 0x80},   {"6.1.0", 0x8000, {}}, {"6.13.0", 0x8000, 2},
      {"6.1.0", 0x80, {}},       {"6.1.0", 0xa0, 0x20}, {"6.1.0", 0x90, 0x10},
      {"6.1.0", 0x40, 0x40},     {"6.1.0", 0x200, 0},   {"7.3.4+deb13-amd64", 0x8, 8},
  };
  for (const auto& c : cases) {
    const TaskStateDecoder states({.release = c.release});
    const auto reported = states.reported(RawTaskState{c.bits});
    EXPECT_EQ(reported ? std::optional(reported->value) : std::nullopt, c.value) << c.release << ' ' << c.bits;
  }
}

// What is reported decodes to the state that the bits mean, on any kernel where both can be told.
TEST(TaskStateDecoder, ReportsDecode) {
  for (const char* release : {"4.4.0", "4.13.0", "4.16.1", "4.20.0", "5.4.0", "6.1.0", "6.13.0", "7.3.4"}) {
    const TaskStateDecoder states({.release = release});
    for (std::uint32_t bits = 0; bits < 0x800; ++bits) {
      const auto reported = states.reported(RawTaskState{bits});
      const auto decoded = reported ? states.decode(*reported) : std::nullopt;
      if (decoded) {
        EXPECT_EQ(*decoded, just(states.state(RawTaskState{bits}))) << release << ' ' << bits;
      }
    }
  }
}

Btf btf_with(std::string_view member, std::uint32_t arguments) {
  test::BtfBuilder builder;
  const std::uint32_t number = builder.integer("unsigned int", 4, false);
  builder.add(builder.name("task_struct"), test::BtfBuilder::info(BtfKind::struct_, 1), 4,
              {builder.name(member), number, 0});
  std::vector<std::uint32_t> parameters;
  for (std::uint32_t i = 0; i <= arguments; ++i)
    parameters.insert(parameters.end(), {0, number});
  const std::uint32_t prototype =
      builder.add(0, test::BtfBuilder::info(BtfKind::func_proto, arguments + 1), 0, parameters);
  const std::uint32_t pointer = builder.reference(BtfKind::ptr, prototype);
  builder.reference(BtfKind::typedef_, pointer, "btf_trace_sched_switch");
  return builder.parse();
}

TEST(TaskStateDecoder, ReadsBtf) {
  const Btf newer = btf_with("__state", 4);
  const TaskStateDecoder states({.btf = &newer});
  EXPECT_EQ(states.member(), "__state");
  EXPECT_EQ(states.tracepoint_arguments(), 4U);
  EXPECT_EQ(states.encoding(), PrevStateEncoding::bit);
  EXPECT_EQ(states.names(RawTaskState{0x402}), "TASK_IDLE");

  const Btf older = btf_with("state", 3);
  const TaskStateDecoder unclear({.btf = &older, .release = "4.18.0-80.el8.x86_64"});
  EXPECT_EQ(unclear.member(), "state");
  EXPECT_EQ(unclear.tracepoint_arguments(), 3U);
  EXPECT_EQ(unclear.encoding(), std::nullopt);
  // A distribution's 4.18 with the name of 5.14.
  const Btf mixed = btf_with("__state", 3);
  EXPECT_EQ(TaskStateDecoder({.btf = &mixed, .release = "4.18.0-553.el8.x86_64"}).encoding(), PrevStateEncoding::bit);

  const Btf nothing = btf_with("other", 0);
  EXPECT_EQ(TaskStateDecoder({.btf = &nothing}).member(), "");
}

TEST(PrevStateProbe, TellsTheShift) {
  using Values = std::vector<ReportedTaskState>;
  const auto probe = [](const Values& values) { return probe_prev_state_encoding([&] { return values; }); };
  EXPECT_EQ(probe({{1}}), PrevStateEncoding::bit);
  EXPECT_EQ(probe({{2}}), PrevStateEncoding::shifted);
  // Preempted, or it yielded, before it slept.
  EXPECT_EQ(probe({{0x100}, {1}, {2}}), PrevStateEncoding::shifted);
  EXPECT_EQ(probe({{0}, {0x100}, {1}, {0x100}}), PrevStateEncoding::bit);
  EXPECT_EQ(probe({}), std::nullopt);
  EXPECT_EQ(probe({{0x100}, {0x40}}), std::nullopt);
}

TEST(PrevStateProbe, SettlesWhatTheSourcesLeaveOpen) {
  constexpr std::string_view kUnclear = "4.18.0-80.el8.x86_64";
  unsigned sleeps = 0;
  const auto states = [&](std::string_view release, std::uint64_t value) {
    return probed_task_states({.release = release}, [&] {
      ++sleeps;
      return std::vector{ReportedTaskState{value}};
    });
  };
  const TaskStateDecoder shifted = states(kUnclear, 2);
  EXPECT_EQ(shifted.encoding(), PrevStateEncoding::shifted);
  EXPECT_EQ(shifted.decode({2})->state, TaskState::interruptible);
  EXPECT_EQ(shifted.reported(RawTaskState{2}), ReportedTaskState{4});
  const TaskStateDecoder fixed = states(kUnclear, 1);
  EXPECT_EQ(fixed.encoding(), PrevStateEncoding::bit);
  EXPECT_EQ(fixed.decode({2})->state, TaskState::uninterruptible);
  EXPECT_EQ(sleeps, 2U);
  // One that tells nothing leaves it open.
  EXPECT_EQ(states(kUnclear, 0x40).encoding(), std::nullopt);
  EXPECT_EQ(sleeps, 3U);
  // Others need no sleep, and would not heed it.
  EXPECT_EQ(states("6.1.0-56-amd64", 2).encoding(), PrevStateEncoding::bit);
  EXPECT_EQ(states("4.4.0", 2).encoding(), PrevStateEncoding::raw_bits);
  EXPECT_EQ(sleeps, 3U);
  const auto fails = []() -> std::vector<ReportedTaskState> { throw std::runtime_error("no rights"); };
  EXPECT_THROW(static_cast<void>(probed_task_states({.release = kUnclear}, fails)), std::runtime_error);
}

}  // namespace
}  // namespace fathom
