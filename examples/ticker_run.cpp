#include "ticker_run.hpp"

#include "common/any_readable.hpp"
#include "common/program.hpp"

#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/perf_event_program.hpp>
#include <fathom/bpf/ring_buffer.hpp>
#include <fathom/perf/perf_timer.hpp>

#include <fmt/core.h>

#include <poll.h>

#include <fathom-bpf/ticker.bpf.hpp>
#include <functional>
#include <variant>

namespace ticker_example {

namespace {

using fathom::PerfTimer;
using fathom::TimerBatch;
using fathom::TimerChange;
using std::chrono::steady_clock;

constexpr int kLookEveryMs = 100;

// Tells of a change; whether it was the process's end.
bool tell(const TimerChange& change, const Options& options, Result& result) {
  using What = TimerChange::What;
  switch (change.what) {
    case What::cpu_went:
      examples::tell("ticker", fmt::format("CPU {} went down", *change.cpu));
      break;
    case What::cpu_came:
      examples::tell("ticker", fmt::format("CPU {} came up, and ticks", *change.cpu));
      break;
    case What::cpu_unwatched:
      examples::tell("ticker", fmt::format("CPU {} came up, and does not tick", *change.cpu));
      break;
    case What::limit_lowered:
      examples::tell(
          "ticker", fmt::format("kernel.perf_event_max_sample_rate is {} now: ticks will be held back", *change.limit));
      break;
    case What::throttled:
      result.throttled += 1;
      break;
    case What::thread_ended: {
      const auto* process = std::get_if<fathom::PerfProcess>(&options.on);
      return process != nullptr && change.tid == process->pid;
    }
  }
  return false;
}

// `ticks` takes what the program, or the batch, tells of ticks.
Result run(PerfTimer& timer, const Options& options, fathom::StopSignals& stop,
           const std::function<void(Account&, const TimerBatch&)>& ticks) {
  Result result{.account = Account(timer.period()), .ticks = {}, .period = timer.period(), .took = {}};
  examples::AnyReadable readable;
  readable.add(timer.native_handle());
  readable.add(stop.native_handle());
  if (options.duration)
    readable.add_timer(*options.duration);
  const auto drain = [&] {
    result.account.see(timer.grids());
    const TimerBatch batch = timer.drain();
    ticks(result.account, batch);
    result.lost += batch.lost;
    bool ended = false;
    for (const TimerChange& change : batch.changes)
      ended = tell(change, options, result) || ended;
    return ended;
  };
  const auto begin = steady_clock::now();
  timer.start();
  bool ended = false;
  while (!ended && !stop.received() && !readable.timer_expired()) {
    pollfd waited{.fd = readable.native_handle(), .events = POLLIN, .revents = 0};
    ::poll(&waited, 1, kLookEveryMs);
    ended = drain();
  }
  timer.stop();
  result.took = steady_clock::now() - begin;
  drain();
  result.ticks = timer.ticks();
  return result;
}

Result run_woken(const Options& options, fathom::StopSignals& stop) {
  PerfTimer timer{{.rate = options.rate, .on = options.on, .start = false, .ring_pages = 8}};
  return run(timer, options, stop, [](Account& account, const TimerBatch& batch) {
    for (const fathom::PerfTick& tick : batch.ticks)
      account.add({tick.time.nanoseconds, tick.cpu});
  });
}

Result run_program(const Options& options, fathom::StopSignals& stop) {
  const auto bpf = fathom::BpfObject::open(ticker::object).load();
  auto ring = bpf.ring_buffer<ticker::tick>(ticker::ticks);
  PerfTimer timer{bpf.program<fathom::PerfEventProgram>("on_tick"),
                  {.rate = options.rate, .on = options.on, .start = false}};
  Result result = run(timer, options, stop, [&](Account& account, const TimerBatch& /*batch*/) {
    for (const ticker::tick& tick : ring.drain())
      account.add({tick.time, tick.cpu});
  });
  result.lost += ring.lost().value_or(0);
  return result;
}

}  // namespace

Result run_timer(const Options& options, fathom::StopSignals& stop) {
  return options.wake ? run_woken(options, stop) : run_program(options, stop);
}

}  // namespace ticker_example
