#pragma once

#include "elf_image.hpp"

#include <fathom/symbols/elf_files.hpp>

#include <memory>
#include <string>

namespace fathom::detail {

class DebuginfodFind;

/// A file with the debug information of a binary, and where it was found.
struct DebugFile {
  std::unique_ptr<ElfImage> image;
  std::string path;
  std::string problem;  ///< why there is none
};

/// Finds the debug file of a stripped binary: by build id below the debug roots, by .gnu_debuglink there and beside the
/// binary, then on the debuginfod servers. `path` is what the binary is
/// called where it is used, `local_path` what that is for this process.
[[nodiscard]] DebugFile find_debug_file(const ElfImage& binary, const std::string& path, const std::string& local_path,
                                        const ElfFilesOptions& options, DebuginfodFind& servers);

/// The supplement (made by dwz) that an image refers to; null if it refers to none, or it is not there.
[[nodiscard]] std::unique_ptr<ElfImage> find_supplement(const ElfImage& image, const std::string& path,
                                                        const ElfFilesOptions& options, DebuginfodFind& servers);

/// Where a file with this build id is below a debug root: `/.build-id/ab/cdef.debug`; empty for ids that are too short.
[[nodiscard]] std::string build_id_path(const std::string& build_id);

}  // namespace fathom::detail
