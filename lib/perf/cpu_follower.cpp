#include "cpu_follower.hpp"

#include "scope_places.hpp"

#include <fathom/base/error.hpp>

#include <optional>
#include <system_error>
#include <utility>

namespace fathom::perf {

namespace {

// Nothing where /sys cannot be read any more, though it could before.
std::optional<CpuSet> online_now(const std::string& sys) {
  try {
    return CpuSet::online(sys);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

CpuFollower::CpuFollower(const PerfScope& scope, std::string sys)
    : scope_(scope), sys_(std::move(sys)), follows_(!is_of_tasks(scope)) {}

std::vector<PerfCpuChange> CpuFollower::follow(const Watched& watched) {
  std::vector<PerfCpuChange> changes;
  const auto online = follows_ ? online_now(sys_) : std::nullopt;
  if (!online)
    return changes;
  CpuSet have;
  for (const unsigned cpu : watched.cpus.cpus()) {
    if (online->contains(cpu) && watched.listens(cpu)) {
      have.insert(cpu);
      continue;
    }
    watched.leave(cpu);
    changes.push_back({.what = PerfCpuChange::What::cpu_went, .cpu = cpu});
  }
  const CpuSet* const chosen = chosen_cpus(scope_);
  for (const unsigned cpu : online->cpus()) {
    if ((chosen == nullptr || chosen->contains(cpu)) && !have.contains(cpu))
      join(watched, cpu, changes);
  }
  return changes;
}

void CpuFollower::join(const Watched& watched, unsigned cpu, std::vector<PerfCpuChange>& changes) {
  try {
    watched.join(cpu);
    unwatched_.erase(cpu);
    changes.push_back({.what = PerfCpuChange::What::cpu_came, .cpu = cpu});
  } catch (const Error& error) {
    const bool went_again = error.code() == std::errc::no_such_device;
    if (went_again || unwatched_.contains(cpu))
      return;
    unwatched_.insert(cpu);
    changes.push_back({.what = PerfCpuChange::What::cpu_unwatched, .cpu = cpu});
  }
}

}  // namespace fathom::perf
