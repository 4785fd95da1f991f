#include "profile_builder.hpp"

#include <algorithm>
#include <ranges>
#include <string>
#include <utility>

namespace fathom::profile {

namespace {

std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0xff51afd7ed558ccdULL;
  return hash ^ (hash >> 32U);
}

std::uint64_t hash_of(const SampledStack& stack, std::uint64_t generation) {
  std::uint64_t hash = mixed((std::uint64_t{stack.pid} << 32U) | stack.tid, generation);
  for (const std::uint64_t address : stack.kernel)
    hash = mixed(hash, address);
  hash = mixed(hash, stack.kernel.size());
  for (const std::uint64_t address : stack.user)
    hash = mixed(hash, address);
  return hash;
}

}  // namespace

bool ProfileBuilder::is_same(std::size_t entry, const SampledStack& stack, std::uint64_t generation) const {
  const ProfileEntry& other = profile_.entries[entry];
  return generations_[entry] == generation && other.task.pid == stack.pid && other.task.tid == stack.tid &&
         other.task.comm == stack.comm && std::ranges::equal(other.kernel, stack.kernel) &&
         std::ranges::equal(other.user | std::views::transform(&UserFrame::address), stack.user);
}

void ProfileBuilder::add(const SampledStack& stack, Duration period, ProcessTracker& tracker) {
  const std::uint64_t generation = tracker.generation(stack.pid);
  const std::uint64_t hash = hash_of(stack, generation);
  const auto [first, last] = by_hash_.equal_range(hash);
  auto found = std::find_if(first, last, [&](const auto& at) { return is_same(at.second, stack, generation); });
  if (found == last) {
    if (profile_.entries.size() >= max_entries_) {
      ++profile_.counts.no_room;
      return;
    }
    found = by_hash_.emplace(hash, profile_.entries.size());
    profile_.entries.push_back({.task = {.pid = stack.pid, .tid = stack.tid, .comm = std::string(stack.comm)},
                                .kernel = {stack.kernel.begin(), stack.kernel.end()},
                                .user = frames_.resolve(stack.pid, stack.user, tracker)});
    // Not the one from before: the first look at a process may have read its mappings.
    generations_.push_back(tracker.generation(stack.pid));
  }
  ProfileEntry& entry = profile_.entries[found->second];
  ++entry.count;
  entry.time += period;
  ++profile_.counts.samples;
}

Profile ProfileBuilder::take() {
  profile_.files = frames_.take_files();
  return std::move(profile_);
}

}  // namespace fathom::profile
