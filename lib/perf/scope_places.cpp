#include "scope_places.hpp"

#include "parse_number.hpp"

#include <fathom/base/error.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace fathom::perf {

namespace {

std::vector<int> threads_of(int pid, const std::string& proc) {
  const std::string path = proc + '/' + std::to_string(pid) + "/task";
  const auto close = [](DIR* folder) { ::closedir(folder); };
  const std::unique_ptr<DIR, decltype(close)> folder(::opendir(path.c_str()), close);
  if (!folder) {
    const int error = errno;
    throw Error(error == ENOENT ? ESRCH : error, "list the threads of process " + std::to_string(pid) + " in", path,
                error == ENOENT ? "there is no process of this number, or it has ended" : "");
  }
  std::vector<int> threads;
  while (const dirent* entry = ::readdir(folder.get())) {
    if (const auto tid = parse_digits(&entry->d_name[0], 10))
      threads.push_back(static_cast<int>(*tid));
  }
  return threads;
}

UniqueFd open_cgroup(const std::string& path) {
  UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) {
    const int error = errno;
    throw Error(error, "open the cgroup", path, error == ENOENT ? "there is no such cgroup" : "");
  }
  return folder;
}

// The kernel takes -1 for everybody, and 0 for the caller.
void check_number(int number) {
  if (number <= 0)
    throw Error(std::errc::invalid_argument, "watch thread " + std::to_string(number), {},
                "no thread has this number; the caller is PerfThread::self() and PerfProcess::self()");
}

void check_set(const CpuSet& cpus, const CpuSet& online) {
  if (cpus.empty())
    throw Error(std::errc::invalid_argument, "watch CPUs", {}, "the set of CPUs is empty");
  for (const unsigned cpu : cpus.cpus()) {
    if (!online.contains(cpu))
      throw Error(std::errc::no_such_device, "watch CPU " + std::to_string(cpu), {},
                  "it is not online; online are " + online.list());
  }
}

// Turns a scope into places.
class Find {
 public:
  Find(TaskPlaces tasks, const std::string& sys, const std::string& proc) : tasks_(tasks), sys_(sys), proc_(proc) {}

  Places operator()(const PerfThread& thread) {
    check_number(thread.tid);
    add_thread(thread.tid, false);
    return take();
  }
  Places operator()(const PerfProcess& process) {
    check_number(process.pid);
    for (const int tid : threads_of(process.pid, proc_))
      add_thread(tid, true);  // also the first one, which may have ended before the others
    return take();
  }
  Places operator()(OnlineCpus online) {
    add_cpus(online, {});
    return take();
  }
  Places operator()(const CpuSet& cpus) {
    add_cpus(cpus, {});
    return take();
  }
  Places operator()(const PerfCgroup& cgroup) {
    result_.cgroup = open_cgroup(cgroup.path);
    add_cpus(cgroup.cpus, {.pid = result_.cgroup.get(), .cgroup = true});
    return take();
  }

 private:
  Places take() { return std::exchange(result_, {}); }

  void add_cpus(const PerfCpus& cpus, Target target) {
    const auto* chosen = std::get_if<CpuSet>(&cpus);
    const CpuSet online = CpuSet::online(sys_);
    if (chosen != nullptr)
      check_set(*chosen, online);
    for (const unsigned cpu : chosen != nullptr ? chosen->cpus() : online.cpus()) {
      target.cpu = static_cast<int>(cpu);
      result_.places.push_back({.target = target, .cpu = cpu, .tid = {}, .may_be_gone = chosen == nullptr});
    }
  }

  void add_thread(int tid, bool may_be_gone) {
    if (tasks_ == TaskPlaces::anywhere) {
      result_.places.push_back({.target = {.pid = tid}, .cpu = {}, .tid = tid, .may_be_gone = may_be_gone});
      return;
    }
    const std::size_t before = result_.places.size();
    add_cpus(OnlineCpus{}, {.pid = tid});
    for (std::size_t i = before; i < result_.places.size(); ++i) {
      result_.places[i].tid = tid;
      result_.places[i].may_be_gone = may_be_gone;
    }
  }

  TaskPlaces tasks_;
  const std::string& sys_;
  const std::string& proc_;
  Places result_;
};

}  // namespace

const CpuSet* chosen_cpus(const PerfScope& scope) {
  if (const auto* set = std::get_if<CpuSet>(&scope))
    return set;
  const auto* cgroup = std::get_if<PerfCgroup>(&scope);
  return cgroup == nullptr ? nullptr : std::get_if<CpuSet>(&cgroup->cpus);
}

Place place_on(unsigned cpu, const UniqueFd& cgroup) {
  const int pid = cgroup ? cgroup.get() : -1;
  return {.target = {.pid = pid, .cpu = static_cast<int>(cpu), .cgroup = bool{cgroup}}, .cpu = cpu, .tid = {}};
}

Places places_of(const PerfScope& scope, TaskPlaces tasks, const std::string& sys, const std::string& proc) {
  return std::visit(Find(tasks, sys, proc), scope);
}

PerfFollow follow_of(const PerfScope& scope) {
  if (const auto* thread = std::get_if<PerfThread>(&scope))
    return thread->follow;
  if (const auto* process = std::get_if<PerfProcess>(&scope))
    return process->follow;
  return PerfFollow::nobody;
}

bool is_of_tasks(const PerfScope& scope) {
  return std::holds_alternative<PerfThread>(scope) || std::holds_alternative<PerfProcess>(scope);
}

void set_follow(perf_event_attr& attr, PerfFollow follow) {
  attr.inherit = follow != PerfFollow::nobody;
  attr.inherit_thread = follow == PerfFollow::threads;
}

int allowed_paranoid(const perf_event_attr& attr, const PerfScope& scope) {
  if (attr.type == PERF_TYPE_TRACEPOINT && (attr.sample_type & PERF_SAMPLE_RAW) != 0)
    return -1;
  if (!is_of_tasks(scope))
    return 0;
  return attr.exclude_kernel != 0 ? 2 : 1;
}

void check_start(PerfStart start, const PerfScope& scope) {
  if (start == PerfStart::on_exec && !is_of_tasks(scope))
    throw Error(EINVAL, "watch from an exec on", {}, "CPUs and cgroups have none: on_exec is for threads");
}

void throw_nobody() {
  throw Error(ESRCH, "watch threads", {}, "all of the process have ended");
}

bool went_away(const Place& place, const Error& error) {
  const bool cpu_gone = place.cpu && error.code() == std::errc::no_such_device;
  const bool thread_gone = place.tid && error.code() == std::errc::no_such_process;
  return place.may_be_gone && (cpu_gone || thread_gone);
}

}  // namespace fathom::perf
