#pragma once

#include "perf_event_open.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/perf/perf_counter_group.hpp>
#include <fathom/perf/perf_scope.hpp>

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

namespace fathom::perf {

/// One part of a scope: where an event is opened.
struct Place {
  Target target;
  std::optional<unsigned> cpu;
  std::optional<int> tid;
  bool may_be_gone = false;  ///< nobody asked for this CPU or thread by number
};

/// The CPUs that were asked for by number; null for all that are online, and for tasks.
[[nodiscard]] const CpuSet* chosen_cpus(const PerfScope& scope);

/// A CPU that came: of a cgroup, if there is its folder, else of all tasks.
[[nodiscard]] Place place_on(unsigned cpu, const UniqueFd& cgroup);

/// All parts of a scope.
struct Places {
  std::vector<Place> places;
  UniqueFd cgroup;  ///< its folder, which the targets name; may be closed when the events are open
};

/// Where a task is watched.
enum class TaskPlaces {
  anywhere,  ///< one event for all CPUs
  by_cpu,    ///< one for each that is online: a ring has one writer, and children may run anywhere
};

/// Looks up the threads and CPUs. Throws Error.
[[nodiscard]] Places places_of(const PerfScope& scope, TaskPlaces tasks, const std::string& sys,
                               const std::string& proc);

/// Whom the scope's threads make.
[[nodiscard]] PerfFollow follow_of(const PerfScope& scope);

/// Whether tasks are watched.
[[nodiscard]] bool is_of_tasks(const PerfScope& scope);

/// Sets the bits of inheritance.
void set_follow(perf_event_attr& attr, PerfFollow follow);

/// The highest perf_event_paranoid that allows it to somebody without capabilities (kernel/events/core.c,
/// perf_allow_kernel() and perf_allow_cpu()).
[[nodiscard]] int allowed_paranoid(const perf_event_attr& attr, const PerfScope& scope);

/// Throws Error (EINVAL) where nobody in the scope could exec.
void check_start(PerfStart start, const PerfScope& scope);

/// Throws Error (ESRCH): there were threads, and all have ended.
[[noreturn]] void throw_nobody();

/// Whether the place is one that went before it was opened, and that nobody asked for by number.
[[nodiscard]] bool went_away(const Place& place, const Error& error);

/// What `open` gives for each place, but those that went away. Throws Error (ESRCH or EINVAL) where none is left, and
/// what `open` throws.
template <class Open>
[[nodiscard]] auto open_each(const Places& places, Open open) {
  std::vector<decltype(open(places.places.front()))> opened;
  opened.reserve(places.places.size());
  for (const Place& place : places.places) {
    try {
      opened.push_back(open(place));
    } catch (const Error& error) {
      if (!went_away(place, error))
        throw;
    }
  }
  if (opened.empty())
    throw_nobody();
  return opened;
}

}  // namespace fathom::perf
