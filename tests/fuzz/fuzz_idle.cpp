#include <fathom/sched/idle_accounting.hpp>
#include <fathom/sched/idle_from_text.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string_view>

namespace {

using namespace fathom;

constexpr std::size_t kSpans = 16;

// The parts of any window add up to it, whatever came, and no more is kept than was asked for.
void check(const IdleAccounting& idle, Timestamp from, Timestamp to) {
  for (const std::uint32_t cpu : idle.cpus()) {
    if (idle.spans(cpu) > kSpans)
      std::abort();
    const CpuIdleTime time = idle.window(cpu, from, to);
    if (time.to < time.from)
      std::abort();
    if (time.idle + time.busy + time.interrupts_in_idle + time.interrupts_in_busy + time.offline + time.unknown !=
        time.to - time.from)
      std::abort();
    Duration tasks{0};
    for (const TaskTime& task : time.tasks)
      tasks += task.time;
    if (tasks != time.busy)
      std::abort();
  }
}

void feed_event(IdleAccounting& idle, const std::uint8_t* bytes, Timestamp time) {
  const std::uint32_t cpu = bytes[1] % 3;
  const auto pid = static_cast<std::int32_t>(bytes[2] % 3);
  const auto other = static_cast<std::int32_t>(bytes[3] % 3);
  const bool flag = bytes[3] % 2 != 0;
  switch (bytes[0] % 8) {
    case 0:
      return idle.on(Loss{.cpu = flag ? std::optional(cpu) : std::nullopt, .events = {}});
    case 1:
      return idle.on(CpuAbsence{cpu, flag ? time : Timestamp{time.nanoseconds / 2}});
    case 2:
      return idle.on(TaskSighting{cpu, time, pid});
    case 3:
      return idle.on(CpuIdleMark{cpu, time, flag ? std::optional(std::uint32_t{bytes[2]}) : std::nullopt});
    case 4:
      return idle.recorded_throughout();
    case 5:
      return idle.on(InterruptMark{cpu, time, bytes[2] % 2 != 0 ? InterruptKind::hard : InterruptKind::soft, flag, {}});
    default:
      return idle.on(SchedSwitch{cpu, time, {pid, "a"}, {other, "b"}, {}});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  IdleAccounting events({.spans_per_cpu = kSpans, .names = 2});
  std::uint64_t time = 100;
  for (std::size_t at = 0; at + 4 <= size; at += 4) {
    // Now and then a step that no clock makes.
    time += data[at + 3] % 32 == 31 ? std::uint64_t{data[at + 2]} << 55U : data[at + 2] % 16;
    feed_event(events, data + at, Timestamp{time - data[at + 1] / 128});
  }
  check(events, Timestamp{0}, Timestamp{time + 10});
  check(events, Timestamp{time / 2}, Timestamp{time});
  check(events, Timestamp{0}, Timestamp{std::numeric_limits<std::uint64_t>::max()});

  // As text: the time and the CPU, and what a line says.
  IdleAccounting by_text({.spans_per_cpu = kSpans, .names = 2});
  IdleFromText lines(by_text);
  std::string_view text(reinterpret_cast<const char*>(data), size);
  while (text.size() >= 4) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const EventContext context{
        .cpu = byte(1) % 3, .time = Timestamp{byte(0)}, .task = Task{byte(2) % 3, "t"}, .flags = {}};
    const std::size_t line = std::min(text.find('\n', 4), text.size());
    lines.on(TextRecord{context, text.substr(4, line - 4)});
    text.remove_prefix(std::min(line + 1, text.size()));
  }
  lines.finish();
  check(by_text, Timestamp{0}, Timestamp{300});
  return 0;
}
