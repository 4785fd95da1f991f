#include "file_hints.hpp"
#include "recovery.hpp"
#include "text.hpp"

#include <fathom/base/error.hpp>
#include <fathom/tracefs/find_tracefs.hpp>
#include <fathom/tracefs/trace_fs.hpp>

#include <cerrno>
#include <utility>

namespace fathom {

namespace {

constexpr std::string_view kMountHint =
    "mount it: mount -t tracefs nodev /sys/kernel/tracing, or call fathom::TraceFs::mount()";

std::string root_of(const TraceFsOptions& options) {
  if (!options.root.empty())
    return options.root;
  if (auto found = find_tracefs(options.mountinfo))
    return *found;
  throw Error(ENOENT, "find a mounted tracefs in", options.mountinfo, kMountHint);
}

std::uint64_t parse_count(std::string_view text) {
  return tracefs::parse_number<std::uint64_t>(tracefs::trimmed(text)).value_or(0);
}

}  // namespace

TraceFs::TraceFs(const TraceFsOptions& options) : TraceFs(local_trace_files(root_of(options)), options.journal) {}

TraceFs::TraceFs(std::shared_ptr<TraceFiles> files, StateJournalOptions journal)
    : TraceArray(std::move(files), ""), journal_(std::move(journal)) {
  // /sys/kernel/tracing is there, and empty, on each kernel with tracing before anything is mounted on it.
  if (!has("current_tracer"))
    throw Error(ENOENT, "use as a tracefs", this->files()->root(), kMountHint);
}

TraceFs TraceFs::mount(const std::string& path) {
  if (!find_tracefs())
    mount_tracefs(path);
  return TraceFs();
}

std::vector<std::string> TraceFs::available_filter_functions() const {
  const std::string text = read_feature("available_filter_functions");
  std::vector<std::string> names;
  for (const std::string_view line : tracefs::lines_of(text))
    names.emplace_back(line.substr(0, line.find_first_of(" \t")));
  return names;
}

unsigned TraceFs::max_graph_depth() const {
  return static_cast<unsigned>(parse_count(read_feature("max_graph_depth")));
}

void TraceFs::set_max_graph_depth(unsigned depth) {
  write_feature("max_graph_depth", std::to_string(depth) + '\n');
}

std::chrono::microseconds TraceFs::tracing_thresh() const {
  return std::chrono::microseconds{parse_count(read_feature("tracing_thresh"))};
}

void TraceFs::set_tracing_thresh(std::chrono::microseconds threshold) {
  write_feature("tracing_thresh", std::to_string(threshold.count()) + '\n');
}

std::vector<SavedCmdline> TraceFs::saved_cmdlines() const {
  return parse_saved_cmdlines(read_feature("saved_cmdlines"));
}

std::vector<SavedTgid> TraceFs::saved_tgids() const {
  return parse_saved_tgids(read_feature("saved_tgids"));
}

std::size_t TraceFs::saved_cmdlines_size() const {
  return parse_count(read_feature("saved_cmdlines_size"));
}

void TraceFs::set_saved_cmdlines_size(std::size_t size) {
  write_feature("saved_cmdlines_size", std::to_string(size) + '\n');
}

std::vector<std::string> TraceFs::instances() const {
  return has("instances") ? files()->list("instances") : std::vector<std::string>{};
}

TraceInstance TraceFs::instance() const {
  remove_stale_instances(files(), journal_.proc);
  return TraceInstance(files(), journal_.proc);
}

TraceSession TraceFs::session(const SessionOptions& options) const {
  return {files(), options, journal_};
}

bool TraceFs::recover() const {
  return tracefs::recover(files(), journal_);
}

}  // namespace fathom
