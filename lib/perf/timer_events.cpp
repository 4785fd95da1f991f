#include "timer_events.hpp"

#include "hung_up.hpp"
#include "scope_places.hpp"

#include <fathom/base/error.hpp>

#include <algorithm>
#include <utility>

namespace fathom::perf {

namespace {

TimerChange::What change_of(PerfCpuChange::What what) {
  switch (what) {
    case PerfCpuChange::What::cpu_went:
      return TimerChange::What::cpu_went;
    case PerfCpuChange::What::cpu_came:
      return TimerChange::What::cpu_came;
    case PerfCpuChange::What::cpu_unwatched:
      break;
  }
  return TimerChange::What::cpu_unwatched;
}

}  // namespace

TimerEvents::TimerEvents(const Use& use) : use_(use), follower_(use.options.on, use.options.sys) {
  const PerfTimerOptions& options = use_.options;
  // The kernel maps no ring of an event that is inherited on all CPUs (kernel/events/core.c, perf_mmap).
  const bool anywhere = use_.program != nullptr || follow_of(options.on) == PerfFollow::nobody;
  Places found = places_of(options.on, anywhere ? TaskPlaces::anywhere : TaskPlaces::by_cpu, options.sys, options.proc);
  for (const Place& place : found.places) {
    try {
      if (place.tid)
        watch(*place.tid);
      open(place);
    } catch (const Error& error) {
      if (!went_away(place, error))
        throw;
    }
  }
  if (events_.empty())
    throw_nobody();
  cgroup_ = std::move(found.cgroup);
}

void TimerEvents::open(const Place& place) {
  using Ring = TimerEvent::Ring;
  // Who runs has scheduler ticks, and is not throttled.
  const Ring idle_cpus = on_cpus() ? Ring::throttles : Ring::none;
  const Ring ring = use_.program == nullptr ? Ring::ticks : idle_cpus;
  TimerEvent event(place, use_.period, use_.options, ring, ring == Ring::ticks ? use_.options.ring_pages : 1);
  if (use_.program != nullptr)
    event.run(*use_.program);
  if (ring != Ring::none)
    use_.descriptor.add(event.fd());
  events_.push_back(std::move(event));
}

void TimerEvents::watch(int tid) {
  // Several places may be of one thread, and stand side by side.
  if (!watches_.empty() && watches_.back().tid() == tid)
    return;
  ThreadWatch watched(tid, use_.options.proc);
  use_.descriptor.add(watched.fd());
  watches_.push_back(std::move(watched));
}

bool TimerEvents::on_cpus() const noexcept {
  return std::holds_alternative<OnlineCpus>(use_.options.on) || std::holds_alternative<CpuSet>(use_.options.on);
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
    const Slots slots = event.slots();
    sum.begun += slots.begun;
    sum.over += slots.over;
  }
  return sum;
}

std::vector<PerfTimer::Grid> TimerEvents::grids() const {
  std::vector<PerfTimer::Grid> grids;
  for (const TimerEvent& event : events_) {
    if (event.is_of_cpu())
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
    const TimerChange throttled{.what = TimerChange::What::throttled, .cpu = event.place().cpu};
    // Once until it is told, however often it was: who only asks for the ticks never takes what is found.
    if (drained.throttled && std::ranges::find(found.changes, throttled) == found.changes.end())
      found.changes.push_back(throttled);
    if (drained.held_back && on_cpus())
      event.go_on();
    if (use_.program != nullptr) {
      ticks.resize(had);  // what the program let through
      continue;
    }
    found.lost += drained.lost;
    sources += static_cast<std::size_t>(ticks.size() > had);
  }
  if (sources > 1)
    std::stable_sort(ticks.begin() + static_cast<std::ptrdiff_t>(before), ticks.end(),
                     [](const PerfTick& a, const PerfTick& b) { return a.time < b.time; });
}

void TimerEvents::retire(const TimerEvent& event) {
  retired_ += event.last_slots().begun;
  use_.descriptor.remove(event.fd());
}

void TimerEvents::follow_cpus(Found& found) {
  if (!follows_cpus())
    return;
  const auto of_cpu = [this](unsigned cpu) {
    return std::ranges::find_if(events_, [cpu](const TimerEvent& event) { return event.place().cpu == cpu; });
  };
  CpuFollower::Watched watched{
      .cpus = {},
      .listens =
          [&](unsigned cpu) {
            const auto event = of_cpu(cpu);
            return !event->hung_up() && event->still_ticks();
          },
      .leave =
          [&](unsigned cpu) {
            const auto event = of_cpu(cpu);
            retire(*event);
            events_.erase(event);
          },
      .join =
          [&](unsigned cpu) {
            open(place_on(cpu, cgroup_));
            events_.back().enable();
          },
  };
  for (const TimerEvent& event : events_)
    watched.cpus.insert(*event.place().cpu);
  for (const PerfCpuChange& change : follower_.follow(watched))
    found.changes.push_back({.what = change_of(change.what), .cpu = change.cpu});
}

bool TimerEvents::leave_ended(Found& found) {
  std::erase_if(watches_, [&](const ThreadWatch& watch) {
    if (!hung_up(watch.fd()))
      return false;
    use_.descriptor.remove(watch.fd());
    found.changes.push_back({.what = TimerChange::What::thread_ended, .tid = watch.tid()});
    return true;
  });
  if (follows_cpus())
    return std::ranges::any_of(events_, [](const TimerEvent& event) { return event.hung_up(); });
  // Of one that is inherited: when all that came of the thread have ended too.
  std::erase_if(events_, [&](const TimerEvent& event) {
    if (!event.hung_up())
      return false;
    retire(event);
    return true;
  });
  return false;
}

}  // namespace fathom::perf
