#pragma once

#include <fathom/symbols/elf_files.hpp>

#include <string>

namespace fathom::detail {

/// Asks debuginfod servers, by elfutils' own client program: libdebuginfod takes its servers and its cache from the
/// environment of the whole process only, and a program may not have its environment changed under its threads.
class DebuginfodFind {
 public:
  /// The options must outlive this.
  explicit DebuginfodFind(const ElfFilesOptions& options) : options_(&options) {}

  struct Answer {
    std::string path;     ///< of the file in the cache; empty if there is none
    std::string problem;  ///< why; empty if no server is to be asked
  };
  /// Waits at most for the timeout, and after one that ran out never again.
  [[nodiscard]] Answer debuginfo(const std::string& build_id);

 private:
  const ElfFilesOptions* options_;
  std::string gave_up_;
};

}  // namespace fathom::detail
