#include <fathom/profile/cpu_idle_states.hpp>

#include <fstream>

namespace fathom {

namespace {

// The only line of a file of /sys.
bool read_line(const std::string& path, std::string& out) {
  std::ifstream in(path);
  return static_cast<bool>(std::getline(in, out));
}

}  // namespace

CpuIdleStates CpuIdleStates::read(std::uint32_t cpu, const std::string& sys) {
  const std::string cpus = sys + "/devices/system/cpu/";
  CpuIdleStates out;
  if (!read_line(cpus + "cpuidle/current_driver", out.driver) || out.driver == "none") {
    out.driver.clear();
    return out;
  }
  const std::string states = cpus + "cpu" + std::to_string(cpu) + "/cpuidle/state";
  constexpr std::uint32_t kMost = 16;  // CPUIDLE_STATE_MAX is 10
  for (std::uint32_t number = 0; number < kMost; ++number) {
    std::string name;
    if (!read_line(states + std::to_string(number) + "/name", name))
      break;
    out.names.push_back(std::move(name));
  }
  return out;
}

std::string_view CpuIdleStates::name(std::uint32_t state) const noexcept {
  if (state < names.size())
    return names[state];
  if (!driver.empty() || state > 1)
    return {};
  return state == 0 ? "polling" : "halt";
}

}  // namespace fathom
