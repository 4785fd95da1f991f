#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fathom {

/// Where debug information is looked for, what is read of it, and how much is kept.
struct ElfFilesOptions {
  /// Folders with separate debug files, as /usr/lib/debug: ROOT/.build-id/ab/cdef.debug, ROOT/PATH/OF/BINARY.debug and
  /// ROOT/.dwz. What is found must carry the binary's build id, or the checksum of its .gnu_debuglink.
  std::vector<std::string> debug_roots{"/usr/lib/debug"};
  /// Look also beside the binary for what its .gnu_debuglink names, as gdb does.
  bool debug_file_beside_binary = true;
  /// Source lines and inlined functions, from DWARF. Without: names alone, which needs no debug file.
  bool source_lines = true;
  /// Servers of debug files, blanks between them. Absent: what the environment says in DEBUGINFOD_URLS. Empty: none.
  /// They are asked only where no debug file is found here, and only if there is an address to look up in that binary.
  std::optional<std::string> debuginfod_urls{};
  /// Where they are kept; empty: DEBUGINFOD_CACHE_PATH, or what else debuginfod-find does by itself (below $HOME).
  std::string debuginfod_cache{};
  /// The longest that one file may take. A server that did not answer in that time is not asked again by this object.
  std::chrono::seconds debuginfod_timeout{30};
  /// The client program, of elfutils (Debian: package debuginfod): a path, or a name to be found in PATH.
  std::string debuginfod_find = "debuginfod-find";
  /// Answers that are remembered. When there are more, all are forgotten.
  std::size_t max_cached_addresses = 65536;
  /// Functions, inlined calls and rows of line tables that are kept decoded, of all files together, each about 40
  /// bytes. When there are more, those of the file at hand are forgotten. Symbols are kept for good.
  std::size_t max_decoded_records = 4'000'000;
};

namespace detail {
class ElfFileStore;
}

/// The binaries and debug files that have been read: their symbols, and the part of their DWARF that was asked for.
///
///     auto files = std::make_shared<fathom::ElfFiles>(fathom::ElfFilesOptions{.debug_roots = {"/srv/debug"}});
///     auto one = fathom::ElfSymbolizer::of_process(pid, {.files = files});
///     auto other = fathom::ElfSymbolizer::of_process(other_pid, {.files = files});  // libc is read once
///
/// A file is known by device, inode, size and time of change, never by its name or its build id alone, which a process
/// could forge to have its own names given to others. No descriptor stays open. Files of a process are read with plain
/// read(), so that one which shrinks meanwhile is an error and not SIGBUS; files below `debug_roots` are mapped.
///
/// An object and all symbolizers that share it belong to one thread at a time, for elfutils is not thread-safe;
/// distinct objects may be used in distinct threads. Reads nothing before a symbolizer needs it, and throws nothing but
/// bad_alloc.
class ElfFiles {
 public:
  /// Keeps the options, and fills an absent debuginfod_urls in from the environment as it is now.
  explicit ElfFiles(ElfFilesOptions options = {});
  ~ElfFiles();
  ElfFiles(const ElfFiles&) = delete;
  ElfFiles& operator=(const ElfFiles&) = delete;

  /// As given, with debuginfod_urls filled in from the environment.
  [[nodiscard]] const ElfFilesOptions& options() const noexcept;
  /// How many files have been read: binaries and debug files.
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  friend class ElfSymbolizer;
  std::unique_ptr<detail::ElfFileStore> store_;
};

}  // namespace fathom
