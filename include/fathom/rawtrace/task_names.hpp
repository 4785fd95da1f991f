#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace fathom {

/// Which task has which name, for records, which hold only its number.
///
///     TaskNames names;
///     names.add_saved_cmdlines(text);                       // of the file saved_cmdlines
///     names.find(0);                                        // "<idle>"
///     names.find(99999);                                    // "<...>", as the kernel prints one that it forgot
///
/// Views are good until the name is added again or the table is destroyed or assigned to. Safe to share between threads
/// that only find.
class TaskNames {
 public:
  /// Gives a task its name; the later one wins.
  void add(std::int32_t pid, std::string_view comm);
  /// Takes the text of a kernel's file `saved_cmdlines`: `1234 kworker/0:1` a line; a name may hold blanks. Other lines
  /// are left out.
  void add_saved_cmdlines(std::string_view text);
  /// The task's name.
  [[nodiscard]] std::string_view find(std::int32_t pid) const noexcept;
  /// Gives a task its thread group, as the file `saved_tgids` has it: the option `record-tgid`.
  void add_tgid(std::int32_t pid, std::int32_t tgid) { tgids_.insert_or_assign(pid, tgid); }
  /// The task's thread group; empty where none was added.
  [[nodiscard]] std::optional<std::int32_t> tgid(std::int32_t pid) const {
    const auto found = tgids_.find(pid);
    return found == tgids_.end() ? std::nullopt : std::optional(found->second);
  }
  /// How many were added.
  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }

 private:
  std::unordered_map<std::int32_t, std::string> names_;
  std::unordered_map<std::int32_t, std::int32_t> tgids_;
};

}  // namespace fathom
