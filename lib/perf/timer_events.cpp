#include "timer_events.hpp"

#include <fathom/base/error.hpp>

#include <poll.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <variant>

namespace fathom::perf {

namespace {

constexpr const char* kAction = "make a timer";

bool is_offline(const Error& error) {
  return error.code() == std::errc::no_such_device;
}
bool is_gone(const Error& error) {
  return error.code() == std::errc::no_such_process;
}

void check_set(const CpuSet& cpus, const CpuSet& online) {
  if (cpus.empty())
    throw Error(std::errc::invalid_argument, kAction, {}, "its set of CPUs is empty");
  for (const unsigned cpu : cpus.cpus()) {
    if (!online.contains(cpu))
      throw Error(std::errc::no_such_device, "make a timer on CPU " + std::to_string(cpu), {},
                  "it is not online; online are " + online.list());
  }
}

void check_number(int number) {
  if (number <= 0)
    throw Error(std::errc::invalid_argument, "make a timer of thread " + std::to_string(number), {},
                "no thread has this number; the caller is PerfThread::self() and PerfProcess::self()");
}

[[noreturn]] void gone(int tid) {
  throw Error(std::errc::no_such_process, "make a timer of thread " + std::to_string(tid), {},
              "it has ended, or is of another pid namespace");
}

// The threads of a process; none if it is gone.
std::vector<int> threads_of(int pid, const std::string& proc) {
  std::vector<int> threads;
  std::error_code error;
  for (std::filesystem::directory_iterator at(proc + "/" + std::to_string(pid) + "/task", error), end;
       !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    int tid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), tid).ec == std::errc())
      threads.push_back(tid);
  }
  return threads;
}

// Nothing where /sys cannot be read any more, though it could before.
std::optional<CpuSet> online_now(const std::string& sys) {
  try {
    return CpuSet::online(sys);
  } catch (const Error&) {
    return std::nullopt;
  }
}

// Whether nothing more can come of it.
bool hung_up(int fd) {
  pollfd asked{.fd = fd, .events = 0, .revents = 0};
  return ::poll(&asked, 1, 0) == 1 && (asked.revents & POLLHUP) != 0;
}

}  // namespace

TimerEvents::TimerEvents(const Use& use) : use_(use) {
  const PerfScope& on = use_.options.on;
  if (std::holds_alternative<OnlineCpus>(on)) {
    open_cpus(CpuSet::online(use_.options.sys));
  } else if (const auto* cpus = std::get_if<CpuSet>(&on)) {
    check_set(*cpus, CpuSet::online(use_.options.sys));
    open_cpus(*cpus);
  } else if (const auto* thread = std::get_if<PerfThread>(&on)) {
    check_number(thread->tid);
    open_thread(thread->tid, thread->follow);
  } else if (const auto* process = std::get_if<PerfProcess>(&on)) {
    check_number(process->pid);
    open_process(*process);
  } else {
    throw Error(std::errc::invalid_argument, kAction, {}, "it ticks on CPUs or in threads, not in a cgroup");
  }
}

void TimerEvents::open_cpus(const CpuSet& cpus) {
  for (const unsigned cpu : cpus.cpus()) {
    try {
      open({.cpu = cpu});
    } catch (const Error& error) {
      // One that went down just now.
      if (!is_offline(error) || !std::holds_alternative<OnlineCpus>(use_.options.on))
        throw;
    }
  }
}

void TimerEvents::open_thread(int tid, PerfFollow follow) {
  try {
    ThreadWatch watch(tid, use_.options.proc);
    // The kernel maps no ring of an event that is inherited on all CPUs (kernel/events/core.c, perf_mmap).
    if (use_.program != nullptr || follow == PerfFollow::nobody) {
      open({.tid = tid, .follow = follow});
    } else {
      for (const unsigned cpu : CpuSet::online(use_.options.sys).cpus())
        open({.cpu = cpu, .tid = tid, .follow = follow});
    }
    use_.descriptor.add(watch.fd());
    watches_.push_back(std::move(watch));
  } catch (const Error& error) {
    if (is_gone(error))
      gone(tid);
    throw;
  }
  threads_.push_back(tid);
}

void TimerEvents::open_process(const PerfProcess& process) {
  for (const int tid : threads_of(process.pid, use_.options.proc)) {
    try {
      open_thread(tid, process.follow);
    } catch (const Error& error) {
      if (!is_gone(error))  // one of many may have ended meanwhile
        throw;
    }
  }
  if (threads_.empty())
    gone(process.pid);
}

void TimerEvents::open(const TimerEvent::Place& place) {
  TimerEvent event(place, use_.period, use_.options);
  if (use_.program != nullptr) {
    event.run(*use_.program);
  } else {
    event.map(use_.options.ring_pages);
    use_.descriptor.add(event.fd());
  }
  events_.push_back(std::move(event));
}

void TimerEvents::enable() {
  for (TimerEvent& event : events_)
    event.enable();
}

void TimerEvents::disable() noexcept {
  for (TimerEvent& event : events_)
    event.disable();
}

void TimerEvents::leave() noexcept {
  for (const TimerEvent& event : events_)
    use_.descriptor.remove(event.fd());
  for (const ThreadWatch& watch : watches_)
    use_.descriptor.remove(watch.fd());
}

Slots TimerEvents::slots() const {
  Slots sum{.begun = retired_, .over = retired_};
  for (const TimerEvent& event : events_) {
    const Slots slots = slots_in(event.age(), use_.period);
    sum.begun += slots.begun;
    sum.over += slots.over;
  }
  return sum;
}

std::vector<PerfTimer::Grid> TimerEvents::grids() const {
  std::vector<PerfTimer::Grid> grids;
  for (const TimerEvent& event : events_) {
    if (!event.place().tid)
      grids.push_back({.cpu = *event.place().cpu, .start = event.start()});
  }
  return grids;
}

std::size_t TimerEvents::ring_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const TimerEvent& event : events_)
    bytes += event.ring_bytes();
  return bytes;
}

bool TimerEvents::program_has_other_links() const {
  std::vector<std::uint32_t> own;
  for (const TimerEvent& event : events_) {
    if (const auto id = event.link_id())
      own.push_back(*id);
  }
  return use_.program->has_links_besides(own);
}

void TimerEvents::drain(std::vector<PerfTick>& ticks, ParseStats& stats, Found& found) {
  const std::size_t before = ticks.size();
  std::size_t sources = 0;
  for (TimerEvent& event : events_) {
    const std::size_t had = ticks.size();
    const TimerEvent::Drained drained = event.drain(ticks, stats);
    sources += static_cast<std::size_t>(ticks.size() > had);
    found.lost += drained.lost;
    if (drained.throttled)
      found.changes.push_back(
          {.what = TimerChange::What::throttled, .cpu = event.place().cpu, .tid = event.place().tid});
  }
  if (sources > 1)
    std::stable_sort(ticks.begin() + static_cast<std::ptrdiff_t>(before), ticks.end(),
                     [](const PerfTick& a, const PerfTick& b) { return a.time < b.time; });
}

void TimerEvents::retire(const TimerEvent& event) {
  retired_ += slots_in(event.last_age(), use_.period).begun;
  use_.descriptor.remove(event.fd());
}

CpuSet TimerEvents::wanted(const CpuSet& online) const {
  const auto* set = std::get_if<CpuSet>(&use_.options.on);
  if (set == nullptr)
    return online;
  CpuSet both;
  for (const unsigned cpu : set->cpus()) {
    if (online.contains(cpu))
      both.insert(cpu);
  }
  return both;
}

void TimerEvents::join(unsigned cpu, Found& found) {
  TimerChange change{.what = TimerChange::What::cpu_came, .cpu = cpu};
  try {
    open({.cpu = cpu});
    events_.back().enable();
    unwatched_.erase(cpu);
  } catch (const Error& error) {
    if (is_offline(error) || unwatched_.contains(cpu))
      return;
    unwatched_.insert(cpu);
    change.what = TimerChange::What::cpu_unwatched;
  }
  found.changes.push_back(change);
}

void TimerEvents::follow_cpus(Found& found) {
  if (!on_cpus())
    return;
  const auto online = online_now(use_.options.sys);
  if (!online)
    return;
  CpuSet have;
  std::erase_if(events_, [&](TimerEvent& event) {
    const unsigned cpu = *event.place().cpu;
    if (online->contains(cpu) && event.still_ticks()) {
      have.insert(cpu);
      return false;
    }
    retire(event);
    found.changes.push_back({.what = TimerChange::What::cpu_went, .cpu = cpu});
    return true;
  });
  for (const unsigned cpu : wanted(*online).cpus()) {
    if (!have.contains(cpu))
      join(cpu, found);
  }
}

void TimerEvents::leave_ended(Found& found) {
  std::erase_if(watches_, [&](const ThreadWatch& watch) {
    if (!hung_up(watch.fd()))
      return false;
    use_.descriptor.remove(watch.fd());
    found.changes.push_back({.what = TimerChange::What::thread_ended, .tid = watch.tid()});
    return true;
  });
  // Of one that is inherited: when all that came of the thread have ended too.
  std::erase_if(events_, [&](const TimerEvent& event) {
    if (!event.place().tid || !event.has_ring() || !hung_up(event.fd()))
      return false;
    retire(event);
    return true;
  });
}

}  // namespace fathom::perf
