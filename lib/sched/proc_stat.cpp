#include <fathom/sched/proc_stat.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

namespace fathom {

namespace {

constexpr std::array kFields = {&CpuTicks::user,   &CpuTicks::nice,      &CpuTicks::system,  &CpuTicks::idle,
                                &CpuTicks::iowait, &CpuTicks::irq,       &CpuTicks::softirq, &CpuTicks::steal,
                                &CpuTicks::guest,  &CpuTicks::guest_nice};
constexpr std::size_t kFewest = 4;

constexpr std::array<std::string_view, 9> kOtherLines = {
    "page ", "swap ", "intr ", "ctxt ", "btime ", "processes ", "procs_running ", "procs_blocked ", "softirq "};

// The line behind "cpu".
std::optional<CpuTicks> parse_cpu(std::string_view line) {
  CpuTicks out;
  const char* at = line.data();
  const char* const end = line.data() + line.size();
  if (at != end && *at != ' ') {
    std::uint32_t cpu = 0;
    const auto number = std::from_chars(at, end, cpu);
    if (number.ec != std::errc{})
      return std::nullopt;
    out.cpu = cpu;
    at = number.ptr;
  }
  std::size_t fields = 0;
  for (; fields < kFields.size() && at != end; ++fields) {
    if (*at != ' ')
      return std::nullopt;
    while (at != end && *at == ' ')
      ++at;
    const auto number = std::from_chars(at, end, out.*kFields[fields]);
    if (number.ec != std::errc{})
      return std::nullopt;
    at = number.ptr;
  }
  return fields >= kFewest && (at == end || *at == ' ') ? std::optional(out) : std::nullopt;
}

}  // namespace

CpuTicks CpuTicks::since(const CpuTicks& earlier) const noexcept {
  CpuTicks out;
  out.cpu = cpu;
  for (const auto field : kFields)
    out.*field = std::max(this->*field, earlier.*field) - earlier.*field;
  return out;
}

const CpuTicks* ProcStat::find(std::uint32_t cpu) const& noexcept {
  const auto found = std::ranges::find(cpus, std::optional(cpu), &CpuTicks::cpu);
  return found == cpus.end() ? nullptr : &*found;
}

ProcStat parse_proc_stat(std::string_view text) {
  ProcStat out;
  out.stats.bytes = text.size();
  std::uint32_t highest = 0;  // the kernel counts upwards
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, length);
    const std::size_t taken = std::min(length + 1, text.size());
    text.remove_prefix(taken);
    bool known = std::ranges::any_of(kOtherLines, [&](std::string_view start) { return line.starts_with(start); });
    if (line.starts_with("cpu")) {
      const auto cpu = parse_cpu(line.substr(3));
      known = cpu && (cpu->cpu ? out.cpus.empty() || *cpu->cpu > highest : !out.total);
      if (known && cpu->cpu) {
        highest = *cpu->cpu;
        out.cpus.push_back(*cpu);
      } else if (known) {
        out.total = cpu;
      }
    }
    if (known)
      out.stats.count_parsed(taken);
    else
      out.stats.count_skipped(SkipReason::unknown_line, line, taken);
  }
  return out;
}

}  // namespace fathom
