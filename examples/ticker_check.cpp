#include "ticker_check.hpp"

#include "common/output.hpp"
#include "common/program.hpp"
#include "ticker_print.hpp"
#include "ticker_run.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>

namespace ticker_example {

namespace {

using namespace std::chrono_literals;

// At least half on some CPU: a virtual machine's kernel may keep an idle CPU's clock from ticking at all.
bool ticks(const Result& result) {
  const auto& cpus = result.account.cpus();
  return std::ranges::any_of(
      cpus, [&](const auto& cpu) { return cpu.second.ticks > result.ticks.expected / cpus.size() / 2; });
}

bool agrees(const Result& result) {
  const auto& [expected, delivered, skipped] = result.ticks;
  return delivered + skipped == expected && result.account.ticks() + result.lost >= delivered &&
         result.account.ticks() <= delivered && result.account.doubled() == 0 && ticks(result);
}

}  // namespace

int check(const Options& options, fathom::StopSignals& stop) {
  nlohmann::ordered_json all;
  bool agree = true;
  auto output = examples::Output::standard_output();
  for (const bool wake : {false, true}) {
    Options one = options;
    one.wake = wake;
    one.duration = options.duration.value_or(2s);
    const Result result = run_timer(one, stop);
    const bool same = agrees(result);
    agree = agree && same;
    const char* const form = wake ? "wake_up" : "program";
    all[form] = to_json(result);
    all[form]["agree"] = same;
    if (!options.json)
      output.stream() << fmt::format(
          "{}: {} expected, {} delivered, {} skipped; recorded {}, {} in a slot that had one: {}\n",
          wake ? "wake-up" : "program", result.ticks.expected, result.ticks.delivered, result.ticks.skipped,
          result.account.ticks(), result.account.doubled(), same ? "they agree" : "they DIFFER");
  }
  if (options.json)
    output.stream() << all.dump() << '\n';
  output.close();
  return agree ? 0 : examples::kFailure;
}

}  // namespace ticker_example
