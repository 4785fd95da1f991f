#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// A set of CPU numbers, of any size, in the kernel's two notations.
///
///     CpuSet cpus{0, 2};
///     cpus.mask();                                 // "5", as tracing_cpumask takes it
///     CpuSet::parse_list("0-3,8").contains(8);     // true, as /sys/devices/system/cpu/online has it
///     for (unsigned cpu : CpuSet::online().cpus()) ...
///
/// A plain value. `online()` and `possible()` read /sys (no rights needed); the rest touches nothing.
class CpuSet {
 public:
  CpuSet() = default;
  /// The CPUs with these numbers; throws as `insert` does.
  CpuSet(std::initializer_list<unsigned> cpus);

  /// From "0-3,8" (Documentation/admin-guide/cputopology.rst); white space around is ignored. Throws Error
  /// (invalid_argument) on anything else, and on a number above 65,535, which no kernel has.
  [[nodiscard]] static CpuSet parse_list(std::string_view text);
  /// From "ff,ffffffff": 32-bit hexadecimal words, most significant first, as tracing_cpumask has it. Throws Error
  /// (invalid_argument) on anything else.
  [[nodiscard]] static CpuSet parse_mask(std::string_view text);
  /// The CPUs that run now. Throws Error if `sys`/devices/system/cpu/online can't be read.
  [[nodiscard]] static CpuSet online(const std::string& sys = "/sys");
  /// The CPUs that could ever run; per-CPU data of BPF has this many slots.
  [[nodiscard]] static CpuSet possible(const std::string& sys = "/sys");

  /// Adds a CPU. Throws Error (invalid_argument) for a number above 65,535.
  void insert(unsigned cpu);
  /// Takes a CPU out, if it is in.
  void erase(unsigned cpu) noexcept;
  /// Whether the CPU is in the set; any number may be asked for.
  [[nodiscard]] bool contains(unsigned cpu) const noexcept;
  /// Whether no CPU is in the set.
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// How many CPUs are in the set.
  [[nodiscard]] std::size_t size() const noexcept;
  /// The numbers, ascending.
  [[nodiscard]] std::vector<unsigned> cpus() const;
  /// "0-3,8"; empty for the empty set.
  [[nodiscard]] std::string list() const;
  /// "f", "1,00000000": 32-bit words in hexadecimal, most significant first; "0" for the empty set.
  [[nodiscard]] std::string mask() const;

  /// Equal if they hold the same CPUs.
  friend bool operator==(const CpuSet& a, const CpuSet& b) noexcept { return a.words_ == b.words_; }

 private:
  // No zero words at the end, so that equal sets are equal vectors.
  std::vector<std::uint32_t> words_;
};

}  // namespace fathom
