#pragma once

#include <fathom/base/unique_fd.hpp>

#include <cstdint>
#include <string>

namespace fathom::perf {

/// A probe in the kernel's code.
struct KernelProbe {
  std::string function{};    ///< empty: `offset` is an address
  std::uint64_t offset = 0;  ///< bytes behind its beginning
  bool at_return = false;
};

/// The event of a kprobe. `type` is that of the source "kprobe". Throws Error.
[[nodiscard]] UniqueFd open_kprobe(std::uint32_t type, const KernelProbe& probe);

/// A probe in the code of a file.
struct UserProbe {
  std::string path;
  std::uint64_t offset = 0;             ///< in the file
  std::uint32_t reference_counter = 0;  ///< offset in the file; 0 for none
  int pid = -1;                         ///< -1 for all
  bool at_return = false;
};

/// The event of a uprobe. `type` is that of the source "uprobe". Throws Error.
[[nodiscard]] UniqueFd open_uprobe(std::uint32_t type, const UserProbe& probe);

}  // namespace fathom::perf
