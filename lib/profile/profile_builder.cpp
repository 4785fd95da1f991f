#include "profile_builder.hpp"

#include "file_build_id.hpp"

#include <algorithm>
#include <ranges>

namespace fathom::profile {

namespace {

std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0xff51afd7ed558ccdULL;
  return hash ^ (hash >> 32U);
}

std::uint64_t hash_of(const WeighedStack& stack, std::uint64_t generation) {
  std::uint64_t hash = mixed((std::uint64_t{stack.pid} << 32U) | stack.tid, generation);
  for (const std::uint64_t address : stack.kernel)
    hash = mixed(hash, address);
  hash = mixed(hash, stack.kernel.size());
  for (const std::uint64_t address : stack.user)
    hash = mixed(hash, address);
  return hash;
}

}  // namespace

bool ProfileBuilder::is_same(std::size_t entry, const WeighedStack& stack, std::uint64_t generation) const {
  const ProfileEntry& other = profile_.entries[entry];
  return generations_[entry] == generation && other.task.pid == stack.pid && other.task.tid == stack.tid &&
         other.task.comm == stack.comm && other.state == stack.state && other.unfinished == stack.unfinished &&
         std::ranges::equal(other.kernel, stack.kernel) &&
         std::ranges::equal(other.user | std::views::transform(&UserFrame::address), stack.user);
}

void ProfileBuilder::add(const WeighedStack& stack, ProcessTracker& tracker) {
  const std::uint64_t generation = tracker.generation(stack.pid);
  const std::uint64_t hash = hash_of(stack, generation);
  const auto [first, last] = by_hash_.equal_range(hash);
  auto found = std::find_if(first, last, [&](const auto& at) { return is_same(at.second, stack, generation); });
  if (found == last) {
    if (profile_.entries.size() >= max_entries_) {
      profile_.counts.no_room += stack.count;
      return;
    }
    ProfileEntry entry{.task = {.pid = stack.pid, .tid = stack.tid, .comm = std::string(stack.comm)},
                       .kernel = {stack.kernel.begin(), stack.kernel.end()},
                       .state = stack.state,
                       .unfinished = stack.unfinished};
    entry.user.reserve(stack.user.size());
    for (std::size_t depth = 0; depth < stack.user.size(); ++depth)
      entry.user.push_back(resolve(stack, depth, tracker));
    found = by_hash_.emplace(hash, profile_.entries.size());
    profile_.entries.push_back(std::move(entry));
    // Not the one from before: the first look at a process may have read its mappings.
    generations_.push_back(tracker.generation(stack.pid));
  }
  ProfileEntry& entry = profile_.entries[found->second];
  entry.count += stack.count;
  entry.time += stack.time;
  entry.waiting += stack.waiting;
  profile_.counts.samples += stack.count;
}

UserFrame ProfileBuilder::resolve(const WeighedStack& stack, std::size_t depth, ProcessTracker& tracker) {
  UserFrame frame{.address = stack.user[depth]};
  // A call may be the last thing in its mapping: where it returns to is behind that.
  const std::uint64_t inside = depth == 0 || frame.address == 0 ? frame.address : frame.address - 1;
  const CodeMapping* const mapping = tracker.find(stack.pid, inside);
  if (mapping != nullptr && mapping->has_code_file()) {
    frame.file = file_of(stack.pid, *mapping, tracker.proc());
    frame.offset = frame.address - mapping->start + mapping->offset;
  }
  return frame;
}

unsigned ProfileBuilder::file_of(std::uint32_t pid, const CodeMapping& mapping, const std::string& proc) {
  const auto [first, last] = files_.equal_range(mapping.path);
  const auto found = std::find_if(first, last, [&](const auto& at) {
    const ProfileFile& file = profile_.files[at.second];
    if (!mapping.build_id.empty())
      return file.build_id == mapping.build_id;
    return file.dev_major == mapping.dev_major && file.dev_minor == mapping.dev_minor && file.inode == mapping.inode;
  });
  if (found != last)
    return found->second;
  const auto index = static_cast<unsigned>(profile_.files.size());
  profile_.files.push_back({.path = mapping.path,
                            .build_id = mapping.build_id.empty() ? read_build_id(pid, mapping, proc) : mapping.build_id,
                            .dev_major = mapping.dev_major,
                            .dev_minor = mapping.dev_minor,
                            .inode = mapping.inode});
  files_.emplace(mapping.path, index);
  return index;
}

}  // namespace fathom::profile
