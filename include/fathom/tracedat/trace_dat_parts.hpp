#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// The numbers of options, and of the sections that some of them lead to (trace-cmd.dat.v7(5); the last three since
/// trace-cmd 3.4). A file may have others.
enum class TraceDatOptionId : std::uint16_t {
  done = 0,             ///< the end of a list of options; in version 7, where the next list is
  date = 1,             ///< text: microseconds to add to each time
  cpu_stat = 2,         ///< text of a CPU's file `stats`
  buffer = 3,           ///< pages of one instance, or of the top level
  trace_clock = 4,      ///< text of the file `trace_clock`
  uname = 5,            ///< text: whose trace this is
  hook = 6,             ///< text: two events that belong together
  offset = 7,           ///< text: nanoseconds to add to each time
  cpu_count = 8,        ///< 32 bits: how many CPUs the system had
  version = 9,          ///< text: what wrote the file
  proc_maps = 10,       ///< text: what was mapped in traced processes
  trace_id = 11,        ///< 64 bits that name the session
  time_shift = 12,      ///< how a guest's clock relates to its host's
  guest = 13,           ///< on which tasks a guest's CPUs ran
  tsc_to_nsec = 14,     ///< factor, shift and offset that turn ticks into nanoseconds
  strings = 15,         ///< texts that sections are described with
  header_info = 16,     ///< where the texts of header_page and header_event are
  ftrace_events = 17,   ///< where the formats of the system `ftrace` are
  event_formats = 18,   ///< where the other formats are
  kallsyms = 19,        ///< where the text of /proc/kallsyms is
  printk = 20,          ///< where the text of printk_formats is
  cmdlines = 21,        ///< where the text of saved_cmdlines is
  buffer_text = 22,     ///< text of the file `trace` in place of pages
  btf_file = 23,        ///< where the kernel's BTF is
  last_boot_info = 24,  ///< text: which boot the events are from
  modules_file = 25,    ///< where the text of /proc/modules is
};

/// One option as it stands in the file: a number and bytes in the file's byte order.
struct TraceDatOption {
  std::uint16_t id = 0;             ///< a TraceDatOptionId, or another number
  std::span<const std::byte> data;  ///< what it says

  /// The option's data as text, without a NUL at its end.
  [[nodiscard]] std::string_view text() const noexcept;
};

/// The text of one file `events/SYSTEM/NAME/format`.
struct TraceDatFormat {
  std::string_view system;  ///< `sched`
  std::string_view text;    ///< of the file
};

/// How stamps become nanoseconds.
struct TraceDatTime {
  std::uint32_t multiplier = 0;  ///< of ticks, with `shift`; 0 where stamps are no ticks
  std::uint32_t shift = 0;       ///< nanoseconds = ticks * multiplier >> shift
  std::int64_t offset = 0;       ///< nanoseconds to add

  /// The time of a record. Wraps around as 64 bits do.
  [[nodiscard]] std::uint64_t nanoseconds(std::uint64_t stamp) const noexcept;
};

/// Where the pages of one CPU are.
struct TraceDatCpu {
  std::uint32_t cpu = 0;     ///< its number
  std::uint64_t offset = 0;  ///< of the first byte, in the file
  std::uint64_t size = 0;    ///< in bytes, as they stand in the file
};

/// One ring buffer whose pages are in the file, or its text.
struct TraceDatBuffer {
  std::string name;                 ///< of the instance; empty for the top level
  std::string clock;                ///< `local`; empty where the file does not say
  std::uint32_t page_size = 0;      ///< of a page or sub-buffer
  bool compressed = false;          ///< the pages, or the text
  std::vector<TraceDatCpu> cpus;    ///< in the order of the file, each CPU once
  std::optional<TraceDatCpu> text;  ///< instead of pages, text as of the file `trace` (`cpu` is 0)
};

}  // namespace fathom
