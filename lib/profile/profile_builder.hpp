#pragma once

#include "process_tracker.hpp"

#include <fathom/profile/profile.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fathom::profile {

/// A stack as the kernel gave it, and what it weighs.
struct WeighedStack {
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
  std::string_view comm{};
  std::span<const std::uint64_t> kernel{};
  std::span<const std::uint64_t> user{};
  std::uint64_t count = 0;
  Duration time{0};
  Duration waiting{0};
  std::optional<OffCpuState> state{};
  bool unfinished = false;
};

/// Puts a Profile together: adds up what has the same stack, and says what file each address is in.
class ProfileBuilder {
 public:
  explicit ProfileBuilder(std::size_t max_entries) : max_entries_(max_entries) {}

  /// Addresses are looked up in what the tracker says of its present time. Counts in `counts.samples`, or
  /// `counts.no_room`.
  void add(const WeighedStack& stack, ProcessTracker& tracker);
  [[nodiscard]] Profile& profile() noexcept { return profile_; }

 private:
  struct FileKey {
    std::string_view path;
    std::string_view build_id;
    friend bool operator==(const FileKey&, const FileKey&) = default;
  };

  [[nodiscard]] bool is_same(std::size_t entry, const WeighedStack& stack, std::uint64_t generation) const;
  [[nodiscard]] UserFrame resolve(const WeighedStack& stack, std::size_t depth, ProcessTracker& tracker);
  [[nodiscard]] unsigned file_of(std::uint32_t pid, const CodeMapping& mapping, const std::string& proc);

  std::size_t max_entries_;
  Profile profile_;
  std::vector<std::uint64_t> generations_;                       // of each entry's process
  std::unordered_multimap<std::uint64_t, std::size_t> by_hash_;  // entries
  std::unordered_multimap<std::string, unsigned> files_;         // by path
};

}  // namespace fathom::profile
