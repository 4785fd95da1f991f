#pragma once

#include <fathom/base/time.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>

namespace fathom::perf {

/// A process mapped a file, or memory, that may be executed: PERF_RECORD_MMAP2.
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
/// A process has become another program: PERF_RECORD_COMM with its mark.
struct ExecRecord {
  std::uint32_t pid = 0;
};
/// A process was made: PERF_RECORD_FORK. A new thread is one too, with `parent` the same as `pid`.
struct ForkRecord {
  std::uint32_t pid = 0;
  std::uint32_t parent = 0;
};
/// Understood, and of no interest: a thread has another name, or has ended.
struct OtherRecord {};
/// PERF_RECORD_LOST
struct LostProcessRecords {
  std::uint64_t lost = 0;
};

/// What a record of the ring says; `monostate` where it is none that was asked for.
struct ProcessRecord {
  Timestamp time{};  ///< on the clock of the event
  std::variant<std::monostate, MapRecord, ExecRecord, ForkRecord, OtherRecord, LostProcessRecords> what{};
};

/// Parses one whole record of an event with sample_id_all and a sample_type of PERF_SAMPLE_TIME alone. Never throws on
/// bytes.
[[nodiscard]] ProcessRecord parse_process_record(std::span<const std::byte> record);

}  // namespace fathom::perf
