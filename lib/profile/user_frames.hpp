#pragma once

#include "process_tracker.hpp"

#include <fathom/profile/profile.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fathom::profile {

/// Says in which file each user address of a stack is. Keeps each file once.
class UserFrames {
 public:
  /// Addresses, innermost first, are looked up in what the tracker says of its present time.
  [[nodiscard]] std::vector<UserFrame> resolve(std::uint32_t pid, std::span<const std::uint64_t> addresses,
                                               ProcessTracker& tracker);
  /// The files that the frames refer to. To be called once.
  [[nodiscard]] std::vector<ProfileFile> take_files() noexcept { return std::move(files_); }

 private:
  [[nodiscard]] unsigned file_of(std::uint32_t pid, const CodeMapping& mapping, const std::string& proc);

  std::vector<ProfileFile> files_;
  std::unordered_multimap<std::string, unsigned> by_path_;  // of files_
};

}  // namespace fathom::profile
