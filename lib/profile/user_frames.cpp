#include "user_frames.hpp"

#include "file_build_id.hpp"

#include <algorithm>
#include <cstddef>

namespace fathom::profile {

std::vector<UserFrame> UserFrames::resolve(std::uint32_t pid, std::span<const std::uint64_t> addresses,
                                           ProcessTracker& tracker) {
  std::vector<UserFrame> frames;
  frames.reserve(addresses.size());
  for (const std::uint64_t address : addresses) {
    UserFrame frame{.address = address};
    // A call may be the last thing in its mapping: where it returns to is behind that.
    const std::uint64_t inside = frames.empty() || address == 0 ? address : address - 1;
    const CodeMapping* const mapping = tracker.find(pid, inside);
    if (mapping != nullptr && mapping->has_code_file()) {
      frame.file = file_of(pid, *mapping, tracker.proc());
      frame.offset = address - mapping->start + mapping->offset;
    }
    frames.push_back(frame);
  }
  return frames;
}

unsigned UserFrames::file_of(std::uint32_t pid, const CodeMapping& mapping, const std::string& proc) {
  const auto [first, last] = by_path_.equal_range(mapping.path);
  const auto found = std::find_if(first, last, [&](const auto& at) {
    const ProfileFile& file = files_[at.second];
    if (!mapping.build_id.empty())
      return file.build_id == mapping.build_id;
    return file.dev_major == mapping.dev_major && file.dev_minor == mapping.dev_minor && file.inode == mapping.inode;
  });
  if (found != last) {
    files_[found->second].pid = pid;
    return found->second;
  }
  const auto index = static_cast<unsigned>(files_.size());
  files_.push_back({.path = mapping.path,
                    .build_id = mapping.build_id.empty() ? read_build_id(pid, mapping, proc) : mapping.build_id,
                    .dev_major = mapping.dev_major,
                    .dev_minor = mapping.dev_minor,
                    .inode = mapping.inode,
                    .pid = pid});
  by_path_.emplace(mapping.path, index);
  return index;
}

}  // namespace fathom::profile
