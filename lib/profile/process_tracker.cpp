#include "process_tracker.hpp"

#include "file_build_id.hpp"

#include <fathom/base/error.hpp>
#include <fathom/symbols/process_map.hpp>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

namespace fathom::profile {

ProcessTracker::ProcessTracker(perf::ProcessRecordsOptions options)
    : proc_(options.proc), records_(std::move(options)) {}

void ProcessTracker::load(std::uint32_t pid) {
  load_maps(pid);
  spaces_.complete(pid, [&](CodeMapping& mapping) { mapping.build_id = read_build_id(pid, mapping, proc_); });
}

void ProcessTracker::load_maps(std::uint32_t pid) {
  spaces_.load(pid, read_maps(static_cast<int>(pid), proc_));
  looked_up_.insert(pid);
}

void ProcessTracker::load_all() {
  std::error_code error;
  for (auto at = std::filesystem::directory_iterator(proc_, error);
       !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    const std::string name = at->path().filename();
    std::uint32_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ec == std::errc() && parsed.ptr == name.data() + name.size())
      look_up(pid);
  }
}

void ProcessTracker::look_up(std::uint32_t pid) {
  try {
    load_maps(pid);
  } catch (const Error&) {
    looked_up_.insert(pid);  // gone, or not ours to see: its addresses stay bare
  }
}

void ProcessTracker::drain() {
  const auto before = static_cast<std::ptrdiff_t>(pending_.size());
  records_.drain(pending_);
  std::ranges::inplace_merge(pending_, pending_.begin() + before, {}, &perf::ProcessRecord::time);
}

void ProcessTracker::advance(Timestamp time) {
  const auto end = std::ranges::upper_bound(pending_, time, {}, &perf::ProcessRecord::time);
  for (auto at = pending_.begin(); at != end; ++at) {
    std::visit(
        [this](const auto& record) {
          if constexpr (requires { spaces_.apply(record); })
            spaces_.apply(record);
        },
        at->what);
  }
  pending_.erase(pending_.begin(), end);
}

const CodeMapping* ProcessTracker::find(std::uint32_t pid, std::uint64_t address) {
  if (!spaces_.knows(pid) && !looked_up_.contains(pid)) {
    const bool changed = std::ranges::any_of(pending_, [&](const perf::ProcessRecord& record) {
      const auto* exec = std::get_if<perf::ExecRecord>(&record.what);
      return exec != nullptr && exec->pid == pid;
    });
    if (!changed)
      look_up(pid);
  }
  return spaces_.find(pid, address);
}

}  // namespace fathom::profile
