#include "text.hpp"

#include <fathom/rawtrace/detail/saved_cmdline.hpp>
#include <fathom/tracefs/saved_cmdlines.hpp>

namespace fathom {

std::vector<SavedCmdline> parse_saved_cmdlines(std::string_view text) {
  std::vector<SavedCmdline> cmdlines;
  for (const std::string_view line : tracefs::lines_of(text)) {
    if (const auto parsed = detail::parse_saved_cmdline(line))
      cmdlines.push_back({parsed->pid, std::string(parsed->comm)});
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
