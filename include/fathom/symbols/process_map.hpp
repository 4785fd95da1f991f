#pragma once

#include <fathom/base/parse_stats.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// One line of /proc/PID/maps: a range of addresses, and what lies there.
struct ProcessMapping {
  std::uint64_t start = 0;      ///< the first address
  std::uint64_t end = 0;        ///< the first address behind it
  bool readable = false;        ///< `r`
  bool writable = false;        ///< `w`
  bool executable = false;      ///< `x`
  bool shared = false;          ///< `s`; a private mapping has `p`
  std::uint64_t offset = 0;     ///< of `start` in the file, in bytes
  std::uint32_t dev_major = 0;  ///< of the file's device
  std::uint32_t dev_minor = 0;  ///< of the file's device
  std::uint64_t inode = 0;      ///< of the file; 0 where there is none
  /// The file as the process sees it, or `[vdso]`, `[heap]`, `[anon:NAME]`, `//anon`, or nothing. A newline in a name
  /// stands here as itself; the kernel writes it as `\012`, and leaves a `\012` in a name as it is.
  std::string path{};
  /// The kernel said ` (deleted)` behind the path, which is left out of it: the file has no name any more.
  bool deleted = false;

  /// Whether it shows a file, which may be opened: a name that starts with `/`, and an inode.
  [[nodiscard]] bool is_file() const noexcept { return inode != 0 && path.starts_with('/'); }
};

/// The address space of a process: what /proc/PID/maps says, or a copy of it.
///
///     const fathom::ProcessMap map = fathom::parse_maps(bytes_of_a_saved_file);
///     if (const fathom::ProcessMapping* there = map.find(address))
///       std::cout << there->path << " at " << address - there->start + there->offset << '\n';
///     assert(map.stats.skipped_records() == 0);
///
/// A plain value. `find` may be called from several threads.
struct ProcessMap {
  std::vector<ProcessMapping> mappings;  ///< by start
  ParseStats stats;                      ///< of the text that they were read from; a record is a line

  /// The mapping that holds the address; null where nothing is mapped. A process's own mappings never overlap. Of
  /// those that do in damaged input, only the one that starts last at or before the address counts: null behind its
  /// end, even if another goes on there.
  [[nodiscard]] const ProcessMapping* find(std::uint64_t address) const noexcept;
};

/// Parses the text of /proc/PID/maps. Lines that are none of its own are counted in `stats` and left out, so the text
/// of /proc/PID/smaps works too. The format is that of fs/proc/task_mmu.c, unchanged since Linux 2.6:
///
///     7f0d1c028000-7f0d1c19f000 r-xp 00028000 fe:01 1311   /usr/lib/x86_64-linux-gnu/libc.so.6
///
/// A last line without its newline is skipped as cut: its path may be longer. Never throws on bytes.
[[nodiscard]] ProcessMap parse_maps(std::string_view text);

/// Reads /proc/PID/maps. `proc` is where procfs is mounted. Needs the rights of ptrace on the process: the same user,
/// or CAP_SYS_PTRACE. Throws Error with the path (ENOENT, ESRCH: there is no such process, or it has ended; EACCES).
[[nodiscard]] ProcessMap read_maps(int pid, const std::string& proc = "/proc");

}  // namespace fathom
