#include "text.hpp"

#include <fathom/tracefs/saved_cmdlines.hpp>

namespace fathom {

// 1234 kworker/0:1
std::vector<SavedCmdline> parse_saved_cmdlines(std::string_view text) {
  std::vector<SavedCmdline> cmdlines;
  for (const std::string_view line : tracefs::lines_of(text)) {
    const auto blank = line.find(' ');
    const auto pid = tracefs::parse_number<int>(line.substr(0, blank));
    if (pid && blank != std::string_view::npos)
      cmdlines.push_back({*pid, std::string(line.substr(blank + 1))});
  }
  return cmdlines;
}

// 1234 1200
std::vector<SavedTgid> parse_saved_tgids(std::string_view text) {
  std::vector<SavedTgid> tgids;
  for (const std::string_view line : tracefs::lines_of(text)) {
    const auto blank = line.find(' ');
    if (blank == std::string_view::npos)
      continue;
    const auto pid = tracefs::parse_number<int>(line.substr(0, blank));
    const auto tgid = tracefs::parse_number<int>(line.substr(blank + 1));
    if (pid && tgid)
      tgids.push_back({*pid, *tgid});
  }
  return tgids;
}

}  // namespace fathom
