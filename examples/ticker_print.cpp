#include "ticker_print.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

namespace ticker_example {

namespace {

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

double rate(std::uint64_t ticks, std::chrono::nanoseconds time) {
  return time.count() > 0 ? static_cast<double>(ticks) / seconds(time) : 0;
}

double micros(std::uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1000;
}

double asked(const Result& result) {
  return 1 / seconds(result.period);
}

void print_histogram(std::ostream& out, const Histogram& counts) {
  std::size_t used = counts.size();
  while (used != 0 && counts[used - 1] == 0)
    used -= 1;
  if (used == 0)
    return;
  const std::uint64_t most = *std::ranges::max_element(counts);
  out << fmt::format("\n{:>17} {:>9}\n", "late by, us", "ticks");
  for (std::size_t i = 0; i < used; ++i) {
    const std::uint64_t from = i == 0 ? 0 : std::uint64_t{1} << (i - 1);
    const std::string range =
        i + 1 == kBuckets ? fmt::format("{} and more", from) : fmt::format("{} to {}", from, std::uint64_t{1} << i);
    const std::size_t width = 40 * counts[i] / most;
    out << fmt::format("{:>17} {:>9} {}\n", range, counts[i], std::string(width, '#'));
  }
}

}  // namespace

void print(std::ostream& out, const Result& result) {
  const auto& [expected, delivered, skipped] = result.ticks;
  out << fmt::format("asked {:.1f} Hz ({} ns), {:.2f} s: {} expected, {} delivered, {} skipped", asked(result),
                     result.period.count(), seconds(result.took), expected, delivered, skipped);
  if (expected != 0)
    out << fmt::format(" ({:.2f} %)", 100 * static_cast<double>(skipped) / static_cast<double>(expected));
  out << '\n';
  if (result.throttled != 0)
    out << fmt::format("{} times the kernel held ticks back\n", result.throttled);
  out << fmt::format("\n{:>4} {:>9} {:>9} {:>9} {:>9} {:>9}   late, us\n", "CPU", "ticks", "Hz", "p50", "p99", "max");
  for (const auto& [number, cpu] : result.account.cpus())
    out << fmt::format("{:>4} {:>9} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.1f}\n", number, cpu.ticks,
                       rate(cpu.ticks, result.took), micros(cpu.late.quantile(0.5)), micros(cpu.late.quantile(0.99)),
                       micros(cpu.late.quantile(1)));
  print_histogram(out, result.account.histogram());
}

nlohmann::ordered_json to_json(const Result& result) {
  nlohmann::ordered_json cpus = nlohmann::ordered_json::array();
  for (const auto& [number, cpu] : result.account.cpus()) {
    nlohmann::ordered_json one{{"cpu", number}, {"ticks", cpu.ticks}, {"hz", rate(cpu.ticks, result.took)}};
    if (cpu.late.ticks() != 0)
      one["late_ns"] = {
          {"p50", cpu.late.quantile(0.5)}, {"p99", cpu.late.quantile(0.99)}, {"max", cpu.late.quantile(1)}};
    cpus.push_back(std::move(one));
  }
  nlohmann::ordered_json json{{"period_ns", result.period.count()},
                              {"seconds", seconds(result.took)},
                              {"expected", result.ticks.expected},
                              {"delivered", result.ticks.delivered},
                              {"skipped", result.ticks.skipped},
                              {"recorded", result.account.ticks()},
                              {"lost", result.lost},
                              {"doubled", result.account.doubled()},
                              {"throttled", result.throttled},
                              {"cpus", std::move(cpus)}};
  json["late_us_histogram"] = result.account.histogram();
  return json;
}

}  // namespace ticker_example
