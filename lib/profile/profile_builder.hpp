#pragma once

#include "process_tracker.hpp"
#include "user_frames.hpp"

#include <fathom/profile/profile.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fathom::profile {

/// A stack as the kernel gave it, at one tick.
struct SampledStack {
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
  std::string_view comm{};
  std::span<const std::uint64_t> kernel{};
  std::span<const std::uint64_t> user{};
};

/// Puts the Profile of a timer's ticks together: adds up what has the same stack, and says what file each address is
/// in.
class ProfileBuilder {
 public:
  explicit ProfileBuilder(std::size_t max_entries) : max_entries_(max_entries) {}

  /// A tick, and the time from one to the next. Addresses are looked up in what the tracker says of its present time.
  /// Counts in `counts.samples`, or `counts.no_room`.
  void add(const SampledStack& stack, Duration period, ProcessTracker& tracker);
  /// What was added. To be called once.
  [[nodiscard]] Profile take();

 private:
  [[nodiscard]] static bool has_addresses(const ProfileEntry& entry, const SampledStack& stack);
  [[nodiscard]] std::optional<std::size_t> find(std::uint64_t hash, const SampledStack& stack, ProcessTracker& tracker);

  std::size_t max_entries_;
  Profile profile_;
  UserFrames frames_;
  std::vector<std::uint64_t> generations_;  // of each entry's process, at which its frames were right
  std::unordered_multimap<std::uint64_t, std::size_t> by_hash_;  // entries
};

}  // namespace fathom::profile
