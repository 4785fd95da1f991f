#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fathom::symbols {

/// The functions that ftrace has a place in: `available_filter_functions` and, from Linux 6.5 on, the same with
/// addresses.
class FunctionList {
 public:
  /// vfs_read
  /// ext4_file_open [ext4]
  void parse_names(std::string&& text);
  /// ffffffff81002014 vfs_read
  /// ffffffffc0415a34 ext4_file_open [ext4]
  void parse_addresses(std::string_view text);

  [[nodiscard]] bool empty() const noexcept { return names_.empty(); }
  /// How many functions ftrace knows by this name in this module (empty: in the kernel itself).
  [[nodiscard]] std::size_t count(std::string_view name, std::string_view module) const;
  /// The same in any module and the kernel.
  [[nodiscard]] std::size_t count(std::string_view name) const;
  [[nodiscard]] bool has_addresses() const noexcept { return !addresses_.empty(); }
  /// There is a place from `begin` on and before `end`.
  [[nodiscard]] bool site_within(std::uint64_t begin, std::uint64_t end) const noexcept;
  /// Calls `take` with each name.
  template <typename Take>
  void for_each_name(Take take) const {
    for (const auto& [name, modules] : names_)
      take(name);
  }

 private:
  std::string text_;  // what the names stand in
  std::unordered_map<std::string_view, std::map<std::string_view, std::size_t>> names_;
  std::vector<std::uint64_t> addresses_;  // sorted
};

}  // namespace fathom::symbols
