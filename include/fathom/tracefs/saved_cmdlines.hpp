#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// The kernel's memory of which task had which name: one line of the file `saved_cmdlines`.
struct SavedCmdline {
  int pid = 0;       ///< a thread id
  std::string comm;  ///< its command, at most 15 bytes

  friend bool operator==(const SavedCmdline&, const SavedCmdline&) = default;
};

/// Which thread belongs to which process: one line of the file `saved_tgids` (the option `record-tgid` fills it).
struct SavedTgid {
  int pid = 0;   ///< a thread id
  int tgid = 0;  ///< the process that it belongs to

  friend bool operator==(const SavedTgid&, const SavedTgid&) = default;
};

/// The text of the file `saved_cmdlines`: `1234 kworker/0:1` a line; a name may hold blanks. Other lines are left out.
[[nodiscard]] std::vector<SavedCmdline> parse_saved_cmdlines(std::string_view text);
/// The text of the file `saved_tgids`: `1234 1200` a line. Other lines are left out.
[[nodiscard]] std::vector<SavedTgid> parse_saved_tgids(std::string_view text);

}  // namespace fathom
