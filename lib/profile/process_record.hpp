#pragma once

#include <fathom/base/time.hpp>

#include <cstdint>
#include <string>
#include <variant>

namespace fathom::profile {

/// A process mapped a file, or memory, that may be executed.
struct MapRecord {
  std::uint32_t pid = 0;
  std::uint64_t address = 0;
  std::uint64_t length = 0;
  std::uint64_t offset = 0;     ///< in the file
  std::uint32_t dev_major = 0;  ///< 0 with a build id
  std::uint32_t dev_minor = 0;
  std::uint64_t inode = 0;
  std::string build_id{};  ///< hex digits; empty where the kernel gave device and inode instead
  std::string path{};      ///< `//anon` for memory
};
/// A process has become another program.
struct ExecRecord {
  std::uint32_t pid = 0;
};
/// A process was made. A new thread is one too, with `parent` the same as `pid`.
struct ForkRecord {
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
  std::uint32_t parent = 0;  ///< a process
};
/// A thread has ended.
struct ExitRecord {
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
};

/// What happened to a process: what PerfSampler told, kept for longer than until its next drain().
struct ProcessRecord {
  Timestamp time{};  ///< CLOCK_MONOTONIC
  std::variant<MapRecord, ExecRecord, ForkRecord, ExitRecord> what{};
};

}  // namespace fathom::profile
