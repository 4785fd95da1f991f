#include "process_tracker.hpp"

#include "base/hex.hpp"
#include "file_build_id.hpp"

#include <fathom/base/error.hpp>
#include <fathom/symbols/process_map.hpp>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>

namespace fathom::profile {

namespace {

// An event that never happens, and the kernel's records of processes beside it. Build ids came with Linux 5.12.
PerfSampler listen(const TrackerOptions& options) {
  constexpr std::size_t kPage = 4096;
  PerfSamplerOptions settings{
      .rate = EventCount{1},
      .on = OnlineCpus{},
      .fields = {.ip = false, .cpu = false},
      .records = {.mmap = true, .build_id = true, .comm = true, .task = true},
      .wakeup = PerfBytes{static_cast<std::uint32_t>(options.ring_pages * kPage / 2)},
      .ring_pages = options.ring_pages,
      .sys = options.sys,
      .proc = options.proc,
  };
  try {
    return PerfSampler(SoftwareEvent::dummy, settings);
  } catch (const Error& error) {
    if (error.code() != std::errc::invalid_argument && error.code() != std::errc::argument_list_too_long)
      throw;
  }
  settings.records.build_id = false;
  return PerfSampler(SoftwareEvent::dummy, settings);
}

std::uint32_t number(std::optional<int> pid) {
  return static_cast<std::uint32_t>(pid.value_or(0));
}

std::optional<ProcessRecord> kept(const PerfEventRecord& record) {
  if (const auto* map = std::get_if<PerfMmap>(&record)) {
    return ProcessRecord{map->time.value_or(Timestamp{}), MapRecord{.pid = number(map->pid),
                                                                    .address = map->address,
                                                                    .length = map->length,
                                                                    .offset = map->offset,
                                                                    .dev_major = map->device_major,
                                                                    .dev_minor = map->device_minor,
                                                                    .inode = map->inode,
                                                                    .build_id = hex_digits(map->build_id),
                                                                    .path = std::string(map->path)}};
  }
  if (const auto* comm = std::get_if<PerfComm>(&record); comm != nullptr && comm->exec)
    return ProcessRecord{comm->time.value_or(Timestamp{}), ExecRecord{number(comm->pid)}};
  if (const auto* task = std::get_if<PerfTask>(&record)) {
    ProcessRecord kept{task->time.value_or(Timestamp{}), ExitRecord{number(task->pid), number(task->tid)}};
    if (!task->exited)
      kept.what = ForkRecord{number(task->pid), number(task->tid), number(task->parent_pid)};
    return kept;
  }
  return std::nullopt;
}

// The names in a folder that are numbers; those that could be read.
std::vector<std::uint32_t> numbers_in(const std::string& folder) {
  std::vector<std::uint32_t> numbers;
  std::error_code error;
  for (auto at = std::filesystem::directory_iterator(folder, error);
       !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    const std::string name = at->path().filename();
    std::uint32_t number = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
    if (parsed.ec == std::errc() && parsed.ptr == name.data() + name.size())
      numbers.push_back(number);
  }
  return numbers;
}

}  // namespace

ProcessTracker::ProcessTracker(TrackerOptions options) : options_(std::move(options)), sampler_(listen(options_)) {}

void ProcessTracker::load(std::uint32_t pid) {
  load_maps(pid);
  spaces_.complete(pid, [&](CodeMapping& mapping) { mapping.build_id = read_build_id(pid, mapping, proc()); });
}

void ProcessTracker::load_maps(std::uint32_t pid) {
  const ProcessMap map = read_maps(static_cast<int>(pid), proc());
  spaces_.load(pid, map, numbers_in(proc() + '/' + std::to_string(pid) + "/task"));
  looked_up_.insert(pid);
}

void ProcessTracker::load_all() {
  for (const std::uint32_t pid : numbers_in(proc()))
    look_up(pid);
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
  const PerfSampleBatch batch = sampler_.drain();
  for (const PerfEventRecord& record : batch.records) {
    if (std::optional<ProcessRecord> known = kept(record))
      pending_.push_back(std::move(*known));
  }
  for (const PerfLoss& loss : batch.losses)
    lost_ += loss.records;
  std::ranges::inplace_merge(pending_, pending_.begin() + before, {}, &ProcessRecord::time);
}

void ProcessTracker::advance(Timestamp time) {
  const auto end = std::ranges::upper_bound(pending_, time, {}, &ProcessRecord::time);
  for (auto at = pending_.begin(); at != end; ++at)
    std::visit(
        [this](const auto& record) {
          spaces_.apply(record);
          if (!spaces_.knows(record.pid))
            looked_up_.erase(record.pid);  // the next process of that number is another one
        },
        at->what);
  pending_.erase(pending_.begin(), end);
}

const CodeMapping* ProcessTracker::find(std::uint32_t pid, std::uint64_t address) {
  if (!spaces_.knows(pid) && !looked_up_.contains(pid)) {
    const bool changed = std::ranges::any_of(pending_, [&](const ProcessRecord& record) {
      const auto* exec = std::get_if<ExecRecord>(&record.what);
      return exec != nullptr && exec->pid == pid;
    });
    if (!changed)
      look_up(pid);
  }
  return spaces_.find(pid, address);
}

}  // namespace fathom::profile
