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

std::uint64_t hash_of(const SampledStack& stack) {
  std::uint64_t hash = mixed(stack.pid, stack.tid);
  for (const std::uint64_t address : stack.kernel)
    hash = mixed(hash, address);
  hash = mixed(hash, stack.kernel.size());
  for (const std::uint64_t address : stack.user)
    hash = mixed(hash, address);
  return hash;
}

}  // namespace

bool ProfileBuilder::has_addresses(const ProfileEntry& entry, const SampledStack& stack) {
  return entry.task.pid == stack.pid && entry.task.tid == stack.tid && entry.task.comm == stack.comm &&
         std::ranges::equal(entry.kernel, stack.kernel) &&
         std::ranges::equal(entry.user | std::views::transform(&UserFrame::address), stack.user);
}

// The same addresses may be in other files by now. They seldom are: something else was mapped or unmapped.
std::optional<std::size_t> ProfileBuilder::find(std::uint64_t hash, const SampledStack& stack,
                                                ProcessTracker& tracker) {
  std::optional<std::vector<UserFrame>> frames;
  const auto [first, last] = by_hash_.equal_range(hash);
  for (auto at = first; at != last; ++at) {
    const std::size_t index = at->second;
    if (!has_addresses(profile_.entries[index], stack))
      continue;
    if (generations_[index] == tracker.generation(stack.pid))
      return index;
    if (!frames)
      frames = frames_.resolve(stack.pid, stack.user, tracker);
    if (profile_.entries[index].user == *frames) {
      generations_[index] = tracker.generation(stack.pid);
      return index;
    }
  }
  return std::nullopt;
}

void ProfileBuilder::add(const SampledStack& stack, Duration period, ProcessTracker& tracker) {
  const std::uint64_t hash = hash_of(stack);
  std::optional<std::size_t> found = find(hash, stack, tracker);
  if (!found) {
    if (profile_.entries.size() >= max_entries_) {
      ++profile_.counts.no_room;
      return;
    }
    found = profile_.entries.size();
    by_hash_.emplace(hash, *found);
    profile_.entries.push_back({.task = {.pid = stack.pid, .tid = stack.tid, .comm = std::string(stack.comm)},
                                .kernel = {stack.kernel.begin(), stack.kernel.end()},
                                .user = frames_.resolve(stack.pid, stack.user, tracker)});
    // Not the one from before: the first look at a process may have read its mappings.
    generations_.push_back(tracker.generation(stack.pid));
  }
  ProfileEntry& entry = profile_.entries[*found];
  ++entry.count;
  entry.time += period;
  ++profile_.counts.samples;
}

Profile ProfileBuilder::take() {
  profile_.files = frames_.take_files();
  return std::move(profile_);
}

}  // namespace fathom::profile
