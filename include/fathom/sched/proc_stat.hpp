#pragma once

#include <fathom/base/parse_stats.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace fathom {

/// What /proc/stat counts of a CPU, or of all, since boot. In ticks of USER_HZ, which is sysconf(_SC_CLK_TCK): 100 on
/// almost all systems, whatever the kernel's own HZ.
struct CpuTicks {
  std::optional<std::uint32_t> cpu;  ///< which one; absent for the sum of all
  std::uint64_t user = 0;            ///< in user space; `guest` is in it
  std::uint64_t nice = 0;            ///< the same of niced tasks; `guest_nice` is in it
  std::uint64_t system = 0;          ///< in the kernel
  std::uint64_t idle = 0;            ///< idle, and no task of this CPU waited for a disk
  std::uint64_t iowait = 0;          ///< idle, and some task that went to sleep here waited for a disk
  std::uint64_t irq = 0;             ///< in hard interrupts; 0 where the kernel cannot tell them apart
  std::uint64_t softirq = 0;         ///< in softirqs, likewise
  std::uint64_t steal = 0;           ///< taken by the host, of a guest that is told; Linux 2.6.11
  std::uint64_t guest = 0;           ///< running a guest; Linux 2.6.24
  std::uint64_t guest_nice = 0;      ///< running a niced guest; Linux 2.6.33

  /// All ticks. Guests are in user and nice.
  [[nodiscard]] std::uint64_t total() const noexcept {
    return user + nice + system + idle + iowait + irq + softirq + steal;
  }
  /// From an earlier time to this one, field by field; 0 where a counter went back, as iowait may: it is no exact
  /// measure (Documentation/filesystems/proc.rst), and a CPU that was down may begin anew.
  [[nodiscard]] CpuTicks since(const CpuTicks& earlier) const noexcept;
};

/// The lines of /proc/stat that count CPUs' time.
struct ProcStat {
  std::optional<CpuTicks> total;  ///< of all CPUs
  std::vector<CpuTicks> cpus{};   ///< those that are online, in the order of the file
  ParseStats stats{};             ///< of all lines

  /// The line of this CPU; null if it is offline.
  [[nodiscard]] const CpuTicks* find(std::uint32_t cpu) const& noexcept;
  void find(std::uint32_t cpu) const&& = delete;
};

/// Takes the text of /proc/stat apart:
///
///     cpu  6769303 1578366 1016480 1256679 10067 0 5612 6517 0 0
///     cpu0 3356689 784470 491135 682785 2556 0 598 3284 0 0
///     intr 41987067 0 0
///
///     const ProcStat stat = parse_proc_stat(text);
///     if (const CpuTicks* cpu = stat.find(0)) std::cout << cpu->idle + cpu->iowait << " ticks\n";
///
/// A CPU's line has four numbers at least (Linux 2.4); those that it lacks are 0, further ones are left alone. Lines
/// that begin otherwise than the kernel's are skipped (`unknown_line`), and so is a CPU that does not stand behind
/// those of lower numbers.
[[nodiscard]] ProcStat parse_proc_stat(std::string_view text);

}  // namespace fathom
