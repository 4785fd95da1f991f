#include "taskstate_probe.hpp"

#include <fathom/perf/perf_sampler.hpp>
#include <fathom/rawtrace/field_reader.hpp>

#include <chrono>
#include <cstdint>
#include <thread>

namespace taskstate_example {

namespace {

// So long that it is not over before the thread has left its CPU, on an emulated machine neither.
constexpr std::chrono::milliseconds kSleep{20};

}  // namespace

std::vector<fathom::ReportedTaskState> sleep_once(const fathom::EventFormat& sched_switch) {
  const fathom::FieldReader<std::int64_t> prev_state(sched_switch, "prev_state");
  fathom::PerfSampler sampler(fathom::TracepointEvent{sched_switch.id()},
                              {.rate = fathom::EventCount{1}, .fields = {.raw = true}});
  std::this_thread::sleep_for(kSleep);
  std::vector<fathom::ReportedTaskState> out;
  const fathom::PerfSampleBatch batch = sampler.drain();
  for (const fathom::PerfSample& sample : batch.samples()) {
    if (const auto value = prev_state(sample.raw))
      out.push_back({static_cast<std::uint64_t>(*value)});
  }
  return out;
}

}  // namespace taskstate_example
