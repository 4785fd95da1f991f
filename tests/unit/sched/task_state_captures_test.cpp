// What real kernels recorded in prev_state is what they printed of the same record.

#include "rawtrace/raw_captures.hpp"
#include "switch_formats.hpp"

#include <fathom/rawtrace/event_merger.hpp>
#include <fathom/rawtrace/field_reader.hpp>
#include <fathom/sched/task_state_decoder.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {
namespace {

namespace fs = std::filesystem;
using test::raw_of;
using test::read_file;

struct Capture {
  const char* kernel;
  const char* name;
  std::size_t switches;
  std::string_view letters = {};  // of kernels whose format was not kept
};

std::ostream& operator<<(std::ostream& out, const Capture& capture) {
  return out << capture.kernel << ' ' << capture.name;
}

struct Printed {
  std::int32_t prev_pid = 0;
  std::string state;
  friend bool operator==(const Printed&, const Printed&) = default;
};

std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
  const std::size_t begin = text.find(before) + before.size();
  return text.substr(begin, text.find(after, begin) - begin);
}

std::vector<Printed> printed(const std::string& text) {
  std::vector<Printed> out;
  constexpr std::string_view kMark = "sched_switch: prev_comm=";
  for (std::size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at + 1)) {
    const std::string_view line = std::string_view(text).substr(at, text.find('\n', at) - at);
    const std::string_view pid = between(line, " prev_pid=", " ");
    Printed one;
    std::from_chars(pid.data(), pid.data() + pid.size(), one.prev_pid);
    one.state = between(line, " prev_state=", " ");
    out.push_back(one);
  }
  return out;
}

// The text that lies beside a capture's pages.
std::string text_of(const Capture& capture) {
  const fs::path base = fs::path(FATHOM_TEST_CAPTURES) / capture.kernel;
  for (const char* end : {"/trace.txt", ".txt", ".trace.txt"}) {
    if (const fs::path path = base / (std::string(capture.name) + end); fs::exists(path))
      return read_file(path);
  }
  return {};
}

class TaskStateCaptures : public testing::TestWithParam<Capture> {};

TEST_P(TaskStateCaptures, AreDecodedAsPrinted) {
  const Capture& capture = GetParam();
  const bool folder = fs::is_directory(raw_of(capture.kernel) / capture.name);
  const auto lines = printed(text_of(capture));
  ASSERT_EQ(lines.size(), capture.switches);

  const FormatRegistry formats = test::registry_of(capture.kernel);
  std::vector<EventFormat> own;
  const EventFormat* format = formats.find("sched", "sched_switch");
  if (!capture.letters.empty()) {
    ASSERT_EQ(format, nullptr);
    own.push_back(test::switch_format(capture.letters));
    format = own.data();
  }
  ASSERT_NE(format, nullptr);
  const FieldReader<std::int32_t> prev_pid(*format, "prev_pid");
  const FieldReader<std::int64_t> prev_state(*format, "prev_state");
  const TaskStateDecoder states({.sched_switch = format});

  struct Read {
    std::vector<Printed> letters;
    std::vector<std::optional<PrevState>> states;
  };
  struct Sink {
    const FieldReader<std::int32_t>* pid;
    const FieldReader<std::int64_t>* state;
    const TaskStateDecoder* decoder;
    std::map<std::uint16_t, Read> by_id;
    void on(const RawRecord& record) {
      const auto value = (*state)(record.bytes());
      if (!value)
        return;
      const ReportedTaskState reported{static_cast<std::uint64_t>(*value)};
      by_id[record.id].letters.push_back({(*pid)(record.bytes()).value_or(-1), decoder->letters(reported)});
      by_id[record.id].states.push_back(decoder->decode(reported));
    }
  } sink{&prev_pid, &prev_state, &states, {}};
  EventMerger merger(formats);
  std::vector<std::string> pages;
  pages.reserve(4);
  for (std::uint32_t cpu = 0; cpu < 4; ++cpu) {
    const std::string name = std::string(capture.name) + (folder ? "/cpu" : ".cpu");
    std::string bytes = read_file(raw_of(capture.kernel) / (name + std::to_string(cpu) + ".raw"));
    if (!bytes.empty())
      merger.add(cpu, test::as_bytes(pages.emplace_back(std::move(bytes))));
  }
  merger.drain(sink);

  // Where the format was not kept, the event is the one whose records have the printed pids.
  const auto found =
      own.empty() ? sink.by_id.find(format->id()) : std::ranges::find_if(sink.by_id, [&](const auto& one) {
        return std::ranges::equal(one.second.letters, lines, {}, &Printed::prev_pid, &Printed::prev_pid);
      });
  ASSERT_NE(found, sink.by_id.end());
  ASSERT_EQ(found->second.letters.size(), lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(found->second.letters[i], lines[i]) << "switch " << i << " of " << lines[i].prev_pid;
    EXPECT_EQ(found->second.states[i], parse_prev_state(lines[i].state)) << lines[i].state;
    EXPECT_TRUE(found->second.states[i].has_value());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Of, TaskStateCaptures,
    testing::Values(
        Capture{"4.4.0", "e.filter", 29, test::kLetters4_4}, Capture{"5.4.0", "e.filter", 40, test::kLetters5_4},
        Capture{"6.5.0", "e.events", 13, test::kLetters5_4}, Capture{"6.17.0", "e.events", 22, test::kLetters5_4},
        Capture{"7.3.4", "e.events", 26, test::kLetters5_4}, Capture{"6.1.0-56-amd64", "raw/events-all", 12},
        Capture{"6.1.0-56-amd64", "raw/events-sched-syscalls-irq", 51},
        Capture{"6.1.0-56-amd64", "raw/events-stacktrace", 12}, Capture{"6.1.0-56-amd64", "raw/events-time-extend", 10},
        Capture{"6.1.0-56-amd64", "raw/fgraph-events", 8}, Capture{"6.1.0-56-rt-amd64", "raw/events-all", 15},
        Capture{"6.1.0-56-rt-amd64", "raw/events-sched-syscalls-irq", 61},
        Capture{"6.1.0-56-rt-amd64", "raw/events-stacktrace", 22},
        Capture{"6.1.0-56-rt-amd64", "raw/events-time-extend", 18},
        Capture{"6.1.0-56-rt-amd64", "raw/fgraph-events", 13}, Capture{"7.3.4+deb13-amd64", "raw/events-all", 7},
        Capture{"7.3.4+deb13-amd64", "raw/events-sched-syscalls-irq", 58},
        Capture{"7.3.4+deb13-amd64", "raw/events-stacktrace", 13},
        Capture{"7.3.4+deb13-amd64", "raw/events-time-extend", 14},
        Capture{"7.3.4+deb13-amd64", "raw/fgraph-events", 2}, Capture{"native-6.18.44", "raw/events", 28}),
    [](const auto& capture) {
      std::string name = std::string(capture.param.kernel) + '_' + capture.param.name;
      std::ranges::replace_if(name, [](char c) { return c == '.' || c == '-' || c == '+' || c == '/'; }, '_');
      return name;
    });

}  // namespace
}  // namespace fathom
