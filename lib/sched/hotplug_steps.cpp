#include <fathom/sched/detail/hotplug_steps.hpp>

namespace fathom::detail {

namespace {

constexpr std::uint32_t kMaxCpu = 65'535;

}  // namespace

void HotplugSteps::on(std::uint32_t recorded_on, Timestamp time, const Enter& enter) {
  if (recorded_on <= kMaxCpu)
    begun_[recorded_on] = {enter, time};
}

std::optional<CpuAbsence> HotplugSteps::on(std::uint32_t recorded_on, Timestamp time, const Exit& exit) {
  const auto found = begun_.find(recorded_on);
  if (found == begun_.end())
    return std::nullopt;
  const auto [enter, began] = found->second;
  begun_.erase(found);
  // Who does the steps may move to another CPU in the midst of one.
  if (enter.cpu != exit.cpu || enter.step != exit.step || exit.ret != 0 || exit.cpu == recorded_on)
    return std::nullopt;
  // On the way down each step leaves the state before it, or its own in older kernels. Those that leave another one
  // wait for what the CPU does itself, and begin while it still runs.
  if (enter.target == 0 && enter.step > 0 && (exit.state == exit.step || exit.state == exit.step - 1))
    return CpuAbsence{.cpu = exit.cpu, .time = time};
  // On the way up each leaves its own, and the last of them begins before the CPU does. A step that is installed, or
  // removed, while the CPU runs leaves the state as it was.
  if (enter.target >= enter.step && exit.state == exit.step)
    return CpuAbsence{.cpu = exit.cpu, .time = began};
  return std::nullopt;
}

}  // namespace fathom::detail
