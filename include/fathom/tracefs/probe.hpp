#pragma once

#include <fathom/tracefs/trace_event.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

// What can be defined in `dynamic_events`, each as a plain value; see DynamicEvents. `event` is the name that it shall
// have in its group; where it is empty, one is made from the place. `arguments` are in the kernel's own language (the
// file README of tracefs tells it): `count=$arg3:u64`, `+0($arg1):ustring`, `$comm`.

/// The kinds of dynamic events.
enum class DynamicEventType : std::uint8_t {
  kprobe,     ///< p: an instruction of the kernel
  kretprobe,  ///< r: the return of a kernel function
  uprobe,     ///< p: an instruction of a program
  uretprobe,  ///< r: the return of a function of a program
  fprobe,     ///< f: the entry or return of a kernel function, by ftrace (Linux 6.5)
  tprobe,     ///< t: a raw tracepoint (Linux 6.5)
  eprobe,     ///< e: other fields of an event that exists (Linux 5.15)
  synthetic,  ///< s: an event that histograms make
};

/// The enumerator's name.
[[nodiscard]] std::string_view to_string(DynamicEventType type) noexcept;

/// A kernel instruction is about to be executed: `p:GROUP/EVENT [MODULE:]SYMBOL[+OFFSET] ARGUMENTS`.
struct Kprobe {
  std::string place;                     ///< `vfs_read`, `ext4:ext4_sync_file+0x10`, `0xffffffff81234567`
  std::vector<std::string> arguments{};  ///< as fetchargs, `NAME=FETCHARG:TYPE`
  std::string event{};                   ///< its name; empty for one that is made up
};

/// A kernel function returns: `r[MAXACTIVE]:GROUP/EVENT [MODULE:]SYMBOL ARGUMENTS`.
struct Kretprobe {
  std::string function;                  ///< whose return is meant
  std::vector<std::string> arguments{};  ///< `$retval`, `$retval:s64`
  std::string event{};                   ///< its name; empty for one that is made up
  /// How many calls can be under way at once; more are missed. The kernel chooses if it is absent.
  std::optional<unsigned> maxactive{};
};

/// An instruction of a program or library is about to be executed: `p:GROUP/EVENT PATH:OFFSET ARGUMENTS`.
struct Uprobe {
  std::string path;                               ///< of the file; without white space, which the kernel cannot read
  std::uint64_t offset = 0;                       ///< in the file, not in memory
  std::vector<std::string> arguments{};           ///< as fetchargs, `NAME=FETCHARG:TYPE`
  std::string event{};                            ///< its name; empty for one that is made up
  std::optional<std::uint64_t> ref_ctr_offset{};  ///< of the counter of an SDT marker
};

/// A function of a program or library returns: `r:GROUP/EVENT PATH:OFFSET ARGUMENTS`.
struct Uretprobe {
  std::string path;                      ///< the program or library
  std::uint64_t offset = 0;              ///< of the function's first instruction, in the file
  std::vector<std::string> arguments{};  ///< as fetchargs, `NAME=FETCHARG:TYPE`
  std::string event{};                   ///< its name; empty for one that is made up
};

/// A kernel function is entered, or returns: `f:GROUP/EVENT FUNCTION[%return] ARGUMENTS`. Cheaper than a kprobe.
struct Fprobe {
  std::string function;                  ///< or a pattern of several
  bool on_return = false;                ///< at its return, not its entry
  std::vector<std::string> arguments{};  ///< as fetchargs, `NAME=FETCHARG:TYPE`
  std::string event{};                   ///< its name; empty for one that is made up
};

/// A tracepoint with its raw arguments: `t:GROUP/EVENT TRACEPOINT ARGUMENTS`.
struct Tprobe {
  std::string tracepoint;                ///< `sched_switch`
  std::vector<std::string> arguments{};  ///< as fetchargs, `NAME=FETCHARG:TYPE`
  std::string event{};                   ///< its name; empty for one that is made up
};

/// An event with other fields: `e:GROUP/EVENT SYSTEM.EVENT ARGUMENTS [if FILTER]`.
struct EventProbe {
  EventName attached;                    ///< the event that it extends
  std::vector<std::string> arguments{};  ///< `pid=$next_pid`
  std::string event{};                   ///< its name; empty for one that is made up
  std::string filter{};                  ///< Linux 6.1
};

/// One field of a synthetic event.
struct SyntheticField {
  std::string type;  ///< `u64`, `pid_t`, `char[16]`, `unsigned long`
  std::string name;  ///< of the field
};

/// An event that a histogram's onmatch or onmax action makes: `s:EVENT TYPE NAME; ...`. Its system is always
/// `synthetic`, so its name is made unique: take it from DynamicEvent::name.
struct SyntheticEvent {
  std::string event;                   ///< its name
  std::vector<SyntheticField> fields;  ///< in order
};

}  // namespace fathom
