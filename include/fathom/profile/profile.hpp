#pragma once

#include <fathom/base/time.hpp>
#include <fathom/base/timer_ticks.hpp>
#include <fathom/sched/task_state.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fathom {

/// What was gathered.
enum class ProfileKind : std::uint8_t {
  on_cpu,   ///< stacks at the ticks of a timer: where time was spent
  off_cpu,  ///< stacks of tasks that left their CPU: where time was waited for
};

/// A file whose code was run, as far as it is needed to name what is in it later, or on another machine.
struct ProfileFile {
  std::string path{};           ///< as the process saw it; `[vdso]`
  std::string build_id{};       ///< in hex digits; empty where it has none, or it could not be read
  std::uint32_t dev_major = 0;  ///< of the file's device; 0 where only the build id is known
  std::uint32_t dev_minor = 0;  ///< of the file's device; 0 where only the build id is known
  std::uint64_t inode = 0;      ///< of the file; 0 where only the build id is known
  std::uint32_t pid = 0;        ///< the process last seen with it: `path` is the name that it has there

  /// Equal in all fields.
  friend bool operator==(const ProfileFile&, const ProfileFile&) = default;
};

/// An address in a process.
struct UserFrame {
  std::uint64_t address = 0;       ///< in the process
  std::optional<unsigned> file{};  ///< which of Profile::files lies there; absent where none does, or it is not known
  std::uint64_t offset = 0;        ///< in that file, in bytes; 0 without a file

  /// Equal in all fields.
  friend bool operator==(const UserFrame&, const UserFrame&) = default;
};

/// Who ran. Numbers are those of the PID namespace that the profiler was made in: in a container, its own.
struct ProfileTask {
  std::uint32_t pid = 0;  ///< the process; 0 for the idle task of a CPU, and on CPU for one outside of that namespace
  std::uint32_t tid = 0;  ///< the thread
  std::string comm{};     ///< its name at that time

  /// Equal in all fields.
  friend bool operator==(const ProfileTask&, const ProfileTask&) = default;
};

/// How a task left its CPU.
struct OffCpuState {
  RawTaskState raw{};      ///< what it waited for; TaskStateDecoder knows the bits. 0 where it was preempted
  bool preempted = false;  ///< it had to leave, and would have gone on

  /// Equal in all fields.
  friend bool operator==(const OffCpuState&, const OffCpuState&) = default;
};

/// One stack of one thread, and what it weighs. The first address of each part is where the task was, all others are
/// where calls return to: look up the byte before.
struct ProfileEntry {
  ProfileTask task{};                   ///< whose it is
  std::vector<std::uint64_t> kernel{};  ///< addresses in the kernel, innermost first; empty in user space
  std::vector<UserFrame> user{};        ///< addresses in the process, innermost first
  std::uint64_t count = 0;              ///< samples; off CPU, how often it left its CPU so
  Duration time{0};                     ///< samples times the period; off CPU, how long it was off
  Duration waiting{0};                  ///< off CPU: of `time`, how long it could have run and another task did
  std::optional<OffCpuState> state{};   ///< off CPU: in what state it left
  bool unfinished = false;              ///< off CPU: it had not come back when the profile ended

  /// Equal in all fields.
  friend bool operator==(const ProfileEntry&, const ProfileEntry&) = default;
};

/// What is not in the entries, or not whole. `samples + idle + lost + no_room` is `seen`.
struct ProfileCounts {
  std::uint64_t seen = 0;     ///< counted by the kernel's side for itself: ticks; off CPU, how often tasks left
  std::uint64_t samples = 0;  ///< in the entries: the sum of their counts
  std::uint64_t idle = 0;     ///< ticks in the idle task, left out
  /// The ring was full; off CPU, the table of threads was, or the kernel did not tell that the task came back, which
  /// was seen while others attached to the same tracepoint.
  std::uint64_t lost = 0;
  std::uint64_t untold = 0;   ///< off CPU: of `lost`, those whose end the kernel did not tell
  std::uint64_t no_room = 0;  ///< there were as many stacks as the options allow already

  std::uint64_t stacks_cut = 0;      ///< parts of stacks that are as deep as the kernel goes: callers may be missing
  std::uint64_t stacks_missing = 0;  ///< off CPU: counted without its stack, since the table of stacks was full
  std::uint64_t user_stacks_missing = 0;  ///< of tasks in a process: not a single address could be read
  std::uint64_t began_before = 0;         ///< off CPU: came back, and had left before the profile began
  std::uint64_t children_missing = 0;     ///< off CPU: processes that were made, and not followed: too many
  std::uint64_t mappings_lost = 0;  ///< records of mapped files that found no room: user addresses may have no file

  /// Equal in all fields.
  friend bool operator==(const ProfileCounts&, const ProfileCounts&) = default;
};

/// Stacks and what they weigh: what a Profiler or OffCpuProfiler gathered.
///
///     const Profile profile = profiler.stop();
///     for (const ProfileEntry& entry : profile.entries)
///       std::cout << entry.task.comm << ' ' << entry.count << '\n';
///     const NamedProfile named = name_profile(profile, {.kernel = kernel_names(kallsyms)});
///
/// A plain value, without names: these can be looked up later, and user space's on another machine, since build id and
/// offset of each address are kept. Kernel addresses want the kallsyms of the boot that they are from.
struct Profile {
  ProfileKind kind = ProfileKind::on_cpu;  ///< what the weights are
  Duration period{0};                      ///< on CPU: from tick to tick
  Timestamp begin{};                       ///< CLOCK_MONOTONIC
  Timestamp end{};                         ///< CLOCK_MONOTONIC
  std::vector<ProfileFile> files{};        ///< that frames refer to
  std::vector<ProfileEntry> entries{};     ///< in no order that means anything
  ProfileCounts counts{};                  ///< what is not in the entries
  std::optional<TimerTicks> ticks{};       ///< on CPU: what came of the timer's slots
};

}  // namespace fathom
