#include "text.hpp"

#include <fathom/tracefs/pid_filter.hpp>
#include <fathom/tracefs/trace_files.hpp>

#include <algorithm>
#include <utility>

namespace fathom {

// no pid
// 4711
std::vector<int> parse_pids(std::string_view text) {
  std::vector<int> pids;
  for (const std::string_view line : tracefs::lines_of(text)) {
    if (const auto pid = tracefs::parse_number<int>(tracefs::trimmed(line)))
      pids.push_back(*pid);
  }
  std::ranges::sort(pids);
  return pids;
}

PidFilter::PidFilter(std::shared_ptr<TraceFiles> files, std::string path)
    : files_(std::move(files)), path_(std::move(path)) {}

std::vector<int> PidFilter::list() const {
  return parse_pids(files_->read(path_));
}

void PidFilter::set(std::span<const int> pids) {
  std::string text;
  for (const int pid : pids)
    text += std::to_string(pid) + '\n';
  files_->write(path_, text);
}

void PidFilter::add(int pid) {
  files_->append(path_, std::to_string(pid) + '\n');
}

void PidFilter::clear() {
  files_->write(path_, {});
}

}  // namespace fathom
