// The records of a buffer, printed, are the kernel's own text of the same buffer, byte for byte.

#include "raw_captures.hpp"

#include <fathom/output/trace_text_printer.hpp>
#include <fathom/rawtrace/event_merger.hpp>
#include <fathom/symbols/kallsyms_index.hpp>
#include <fathom/tracefs/saved_cmdlines.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {
namespace {

namespace fs = std::filesystem;
using test::as_bytes;
using test::raw_of;
using test::read_file;
using test::registry_of;

enum class Tracer : std::uint8_t { nop, function, function_graph };

struct Capture {
  const char* kernel;
  const char* name;  // as in graph_captures_test.cpp
  Tracer tracer = Tracer::nop;
  std::uint32_t lines = 0;   // of the text, header included
  std::uint32_t differ = 0;  // lines of it that need what the capture does not hold
  bool record_tgid = false;
  bool retval = false;
  bool retaddr = false;
  std::uint32_t hashed = 0;         // of the lines that differ, those with the hash of a pointer
  std::uint32_t unknown_names = 0;  // those with a variable of the kernel
  bool modules_moved = false;       // the list of symbols is of another boot, with modules elsewhere
  bool no_formats = false;          // the capture has ftrace's own formats only
};

std::ostream& operator<<(std::ostream& out, const Capture& capture) {
  return out << capture.kernel << ' ' << capture.name;
}

bool in_folder(const Capture& capture) {
  return fs::is_directory(raw_of(capture.kernel) / capture.name);
}

std::string text_of(const Capture& capture) {
  const fs::path base = fs::path(FATHOM_TEST_CAPTURES) / capture.kernel;
  if (in_folder(capture))
    return read_file(base / capture.name / "trace.txt");
  const std::string text = read_file(base / (std::string(capture.name) + ".txt"));
  return text.empty() ? read_file(base / (std::string(capture.name) + ".trace.txt")) : text;
}

std::map<std::uint32_t, std::string> pages_of(const Capture& capture) {
  std::map<std::uint32_t, std::string> pages;
  for (std::uint32_t cpu = 0; cpu < 4; ++cpu) {
    const std::string name = std::string(capture.name) + (in_folder(capture) ? "/cpu" : ".cpu");
    std::string bytes = read_file(raw_of(capture.kernel) / (name + std::to_string(cpu) + ".raw"));
    if (!bytes.empty())
      pages.emplace(cpu, std::move(bytes));
  }
  return pages;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return lines;
}

// `  kworker-11  ` or `     rcu_preempt-15   `: a name may have a `-` in it.
void learn_task(TaskNames& tasks, std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  const std::size_t end = text.find_last_not_of(' ');
  if (begin == std::string_view::npos)
    return;
  text = text.substr(begin, end - begin + 1);
  const std::size_t dash = text.rfind('-');
  std::int32_t pid = 0;
  if (dash == std::string_view::npos || dash == 0)
    return;
  std::from_chars(text.data() + dash + 1, text.data() + text.size(), pid);
  tasks.add(pid, text.substr(0, dash));
}

// The older captures have no saved_cmdlines: there the text alone knows how tasks are called.
TaskNames tasks_of(const Capture& capture, std::string_view text) {
  TaskNames tasks;
  const fs::path folder = (raw_of(capture.kernel) / capture.name);
  const fs::path beside = in_folder(capture) ? folder : folder.parent_path();
  const auto saved = parse_saved_cmdlines(read_file(beside / "saved_cmdlines"));
  for (const SavedCmdline& task : saved)
    tasks.add(task.pid, task.comm);
  for (const std::string_view line : lines_of(text)) {
    const std::size_t bracket = line.find(" [0");
    const std::size_t arrow = line.find(" => ");
    if (!saved.empty()) {
      // Thread groups are in the text only.
      const std::size_t open = line.find(" (");
      if (capture.record_tgid && open != std::string_view::npos && bracket != std::string_view::npos &&
          open < bracket) {
        TaskNames one;
        std::int32_t tgid = 0;
        const std::size_t digit = line.find_first_not_of(' ', open + 2);
        const std::size_t dash = line.rfind('-', open);
        std::int32_t pid = 0;
        std::from_chars(line.data() + dash + 1, line.data() + open, pid);
        std::from_chars(line.data() + digit, line.data() + bracket, tgid);
        tasks.add_tgid(pid, tgid);
      }
    } else if (line.starts_with(" 0) ") && arrow != std::string_view::npos) {
      learn_task(tasks, line.substr(4, arrow - 4));
      learn_task(tasks, line.substr(arrow + 4));
    } else if (bracket != std::string_view::npos && !line.starts_with('#') &&
               !line.starts_with(' ' + std::string("0)"))) {
      learn_task(tasks, line.substr(0, bracket));
    }
  }
  return tasks;
}

TraceTextOptions options_of(const Capture& capture) {
  TraceTextOptions options;
  options.function_graph = capture.tracer == Tracer::function_graph;
  options.record_tgid = capture.record_tgid;
  options.funcgraph_retval = capture.retval;
  options.funcgraph_retaddr = capture.retaddr;
  return options;
}

// The header with the counts that the text has.
std::string header_like(std::string_view text, const TraceTextPrinter& printer) {
  constexpr std::string_view kTracer = "# tracer: ";
  constexpr std::string_view kEntries = "entries-written: ";
  const std::string_view tracer = text.substr(kTracer.size(), text.find('\n') - kTracer.size());
  std::uint64_t entries = 0;
  std::uint64_t written = 0;
  if (const std::size_t at = text.find(kEntries); at != std::string_view::npos) {
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data() + at + kEntries.size(), end, entries);
    std::from_chars(first.ptr + 1, end, written);
  }
  return printer.header(entries, written, tracer);
}

class TextCaptures : public testing::TestWithParam<Capture> {};

TEST_P(TextCaptures, AreTheKernelsText) {
  const Capture& capture = GetParam();
  const std::string expected = text_of(capture);
  ASSERT_FALSE(expected.empty());
  const FormatRegistry formats = registry_of(capture.kernel);
  const auto symbols = KallsymsIndex::parse(read_file(raw_of(capture.kernel) / "kallsyms"));
  TraceTextSources sources;
  sources.symbols = AddressNames(symbols);
  sources.tasks = tasks_of(capture, expected);
  sources.strings = PrintkFormats::parse(read_file(raw_of(capture.kernel) / capture.name / "printk_formats"));
  if (const std::size_t processors = expected.find("#P:"); processors != std::string::npos)
    sources.cpus = static_cast<std::uint32_t>(expected[processors + 3] - '0');
  if (const auto begin = symbols.only("__irqentry_text_start"))
    sources.irqentry_text = {begin->address(), symbols.only("__irqentry_text_end")->address()};
  std::string printed;
  TraceTextPrinter printer(formats, std::move(sources), options_of(capture),
                           [&printed](std::string_view text) { printed += text; });
  // A text that was read from `trace` has no lines for losses.
  struct WithoutLosses {
    TraceTextPrinter* printer;
    void on(const RawRecord& record, const RawRecord* next) { printer->on(record, next); }
  };
  EventMerger merger(formats);
  const auto pages = pages_of(capture);
  ASSERT_FALSE(pages.empty());
  for (const auto& [cpu, bytes] : pages)
    merger.add(cpu, as_bytes(bytes));
  merger.drain(WithoutLosses{&printer});
  printer.finish();

  // Where numbers stand for what the capture does not hold: hashes of pointers, the address of a struct page.
  const auto masked = [](std::string_view line) {
    std::string out(line);
    constexpr std::size_t kDigits = 16;
    for (std::size_t at = 0; at + kDigits <= out.size(); ++at) {
      const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
      if (std::all_of(out.begin() + static_cast<std::ptrdiff_t>(at),
                      out.begin() + static_cast<std::ptrdiff_t>(at + kDigits), is_hex))
        out.replace(at, kDigits, "<?>");
    }
    return out;
  };
  const std::size_t body = expected.find('\n', expected.rfind("\n#") + 1) + 1;
  const auto wanted = lines_of(std::string_view(expected).substr(body));
  const auto got = lines_of(printed);
  EXPECT_EQ(expected.substr(0, body), header_like(expected, printer));
  EXPECT_EQ(lines_of(expected).size(), capture.lines);
  ASSERT_EQ(wanted.size(), got.size());
  std::uint32_t differ = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == got[i])
      continue;
    // Of what is not known nothing else may differ.
    if (!capture.no_formats && !capture.modules_moved) {
      EXPECT_EQ(masked(wanted[i]), masked(got[i]));
    }
    // Task, CPU, flags and time stand in front of what the format is for.
    if (capture.no_formats) {
      EXPECT_EQ(wanted[i].substr(0, wanted[i].find(": ")), got[i].substr(0, got[i].find(": ")));
    }
    if (++differ > capture.differ && differ < capture.differ + 4) {
      ADD_FAILURE() << "line " << i << "\nkernel  " << wanted[i] << "\nprinted " << got[i];
    }
  }
  EXPECT_EQ(differ, capture.differ);
  // All that differs was said to.
  std::map<PrintGap, std::uint64_t> gaps;
  for (const PrintGapCount& gap : printer.gaps())
    gaps[gap.gap] += gap.lines;
  EXPECT_EQ(gaps[PrintGap::hashed_pointer], capture.hashed);
  EXPECT_EQ(gaps[PrintGap::unknown_name], capture.unknown_names);
  EXPECT_EQ(gaps[PrintGap::unknown_event], capture.no_formats ? capture.differ : 0U);
  for (const auto& [gap, lines] : gaps) {
    if (gap != PrintGap::hashed_pointer && gap != PrintGap::unknown_name && gap != PrintGap::unknown_event) {
      EXPECT_EQ(lines, 0U) << to_string(gap);
    }
  }
}

constexpr Tracer kGraph = Tracer::function_graph;

INSTANTIATE_TEST_SUITE_P(
    Of, TextCaptures,
    testing::Values(
        Capture{"4.4.0", "g.default", kGraph, 4154}, Capture{"4.4.0", "g.depth2", kGraph, 1617},
        Capture{"4.4.0", "g.full", kGraph, 4179}, Capture{"5.4.0", "g.default", kGraph, 4820},
        Capture{"5.4.0", "g.depth2", kGraph, 1765}, Capture{"5.4.0", "g.full", kGraph, 4857},
        Capture{"6.5.0", "g.default", kGraph, 2073}, Capture{"6.5.0", "g.full", kGraph, 4543},
        Capture{"6.5.0", "g.wrap", kGraph, 165}, Capture{"6.5.0", "g.argsraw", kGraph, 2105, 0, false, true, true},
        Capture{"6.17.0", "g.default", kGraph, 3956}, Capture{"6.17.0", "g.full", kGraph, 4620},
        Capture{"6.17.0", "g.wrap", kGraph, 202}, Capture{"6.17.0", "g.argsraw", kGraph, 1520, 0, false, true, true},
        Capture{"7.3.4", "g.default", kGraph, 1664}, Capture{"7.3.4", "g.full", kGraph, 4734},
        Capture{"7.3.4", "g.wrap", kGraph, 178}, Capture{"7.3.4", "g.depth2", kGraph, 4400},
        Capture{"6.5.0", "f.default", Tracer::function, 204}, Capture{"6.17.0", "f.default", Tracer::function, 262},
        Capture{"7.3.4", "f.default", Tracer::function, 198},
        Capture{"6.1.0-56-amd64", "raw/events-sched-syscalls-irq", Tracer::nop, 391},
        Capture{"6.1.0-56-amd64", "raw/events-stacktrace", Tracer::nop, 142},
        Capture{"6.1.0-56-amd64", "raw/events-time-extend", Tracer::nop, 22},
        Capture{"6.1.0-56-amd64", "raw/function", Tracer::function, 923},
        Capture{"6.1.0-56-amd64", "raw/fgraph", kGraph, 1637, 12, false, false, false, 0, 0, true},
        Capture{"6.1.0-56-amd64", "raw/fgraph-2cpu", kGraph, 17302},
        Capture{"6.1.0-56-amd64", "raw/fgraph-events", kGraph, 1696},
        Capture{"6.1.0-56-amd64", "raw/fgraph-overwritten", kGraph, 311},
        Capture{"6.1.0-56-rt-amd64", "raw/events-sched-syscalls-irq", Tracer::nop, 376},
        Capture{"6.1.0-56-rt-amd64", "raw/events-stacktrace", Tracer::nop, 281},
        Capture{"6.1.0-56-rt-amd64", "raw/events-time-extend", Tracer::nop, 32},
        Capture{"6.1.0-56-rt-amd64", "raw/function", Tracer::function, 1246},
        Capture{"6.1.0-56-rt-amd64", "raw/fgraph", kGraph, 1908},
        Capture{"6.1.0-56-rt-amd64", "raw/fgraph-2cpu", kGraph, 17368},
        Capture{"6.1.0-56-rt-amd64", "raw/fgraph-events", kGraph, 2512},
        Capture{"6.1.0-56-rt-amd64", "raw/fgraph-overwritten", kGraph, 353},
        Capture{"7.3.4+deb13-amd64", "raw/events-sched-syscalls-irq", Tracer::nop, 513},
        Capture{"7.3.4+deb13-amd64", "raw/events-stacktrace", Tracer::nop, 150},
        Capture{"7.3.4+deb13-amd64", "raw/events-time-extend", Tracer::nop, 26},
        Capture{"7.3.4+deb13-amd64", "raw/function", Tracer::function, 888},
        Capture{"7.3.4+deb13-amd64", "raw/fgraph", kGraph, 1209},
        Capture{"7.3.4+deb13-amd64", "raw/fgraph-2cpu", kGraph, 11479},
        Capture{"7.3.4+deb13-amd64", "raw/fgraph-events", kGraph, 1334},
        Capture{"7.3.4+deb13-amd64", "raw/fgraph-overwritten", kGraph, 366},
        Capture{"native-6.18.44", "raw/events", Tracer::nop, 228},
        // All events: pointers were hashed, and struct page is an address in the kernel.
        Capture{"6.1.0-56-amd64", "raw/events-all", Tracer::nop, 490, 252, true, false, false, 214, 38},
        Capture{"6.1.0-56-rt-amd64", "raw/events-all", Tracer::nop, 451, 244, true, false, false, 208, 36},
        Capture{"7.3.4+deb13-amd64", "raw/events-all", Tracer::nop, 490, 214, true, false, false, 192, 22},
        Capture{"6.5.0", "e.kprobe", Tracer::nop, 14}, Capture{"6.17.0", "e.kprobe", Tracer::nop, 14},
        Capture{"7.3.4", "e.kprobe", Tracer::nop, 14},
        // Of these the formats of the events were not kept.
        Capture{"4.4.0", "e.filter", Tracer::nop, 285, 274, false, false, false, 0, 0, false, true},
        Capture{"5.4.0", "e.filter", Tracer::nop, 272, 261, false, false, false, 0, 0, false, true},
        Capture{"6.5.0", "e.events", Tracer::nop, 274, 248, false, false, false, 0, 0, false, true},
        Capture{"6.17.0", "e.events", Tracer::nop, 302, 267, false, false, false, 0, 0, false, true},
        Capture{"7.3.4", "e.events", Tracer::nop, 598, 559, false, false, false, 0, 0, false, true}),
    [](const auto& capture) {
      std::string name = std::string(capture.param.kernel) + '_' + capture.param.name;
      std::ranges::replace_if(name, [](char c) { return c == '.' || c == '-' || c == '+' || c == '/'; }, '_');
      return name;
    });

}  // namespace
}  // namespace fathom
