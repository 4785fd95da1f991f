#include "stacks_output.hpp"

#include "common/output.hpp"
#include "common/printable.hpp"
#include "common/program.hpp"
#include "stacks_names.hpp"
#include "stacks_states.hpp"

#include <fathom/output/folded_text.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <ostream>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stacks {

namespace {

using fathom::NamedProfile;
using fathom::NamedStack;
using fathom::Profile;
using fathom::ProfileWeight;
using nlohmann::ordered_json;

// Off CPU what counts is the time, in microseconds, not how often.
ProfileWeight natural_weight(const Profile& profile) {
  return profile.kind == fathom::ProfileKind::on_cpu ? ProfileWeight::count : ProfileWeight::time;
}

std::uint64_t weight(const NamedStack& stack, ProfileWeight by) {
  return by == ProfileWeight::count ? stack.count : static_cast<std::uint64_t>(stack.time.count());
}

// By name, the first of each stack, which is the task's, left out.
std::vector<FunctionWeight> weights(const NamedProfile& named, ProfileWeight by) {
  std::vector<FunctionWeight> all(named.names.size());
  for (const NamedStack& stack : named.stacks) {
    if (stack.frames.size() < 2)
      continue;
    const std::set<std::uint32_t> functions(stack.frames.begin() + 1, stack.frames.end());  // each once
    for (const std::uint32_t function : functions)
      all[function].total += weight(stack, by);
    all[stack.frames.back()].self += weight(stack, by);
  }
  return all;
}

void write_functions(std::ostream& out, const Profile& profile, const NamedProfile& named, unsigned top) {
  const ProfileWeight by = natural_weight(profile);
  const std::vector<FunctionWeight> all = weights(named, by);
  std::uint64_t sum = 0;
  for (const NamedStack& stack : named.stacks)
    sum += weight(stack, by);
  std::vector<std::uint32_t> order;
  for (std::uint32_t name = 0; name < all.size(); ++name) {
    if (all[name].total != 0)
      order.push_back(name);
  }
  // Off CPU all stacks end in the scheduler: what counts is who led there.
  const bool time = by == ProfileWeight::time;
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::uint32_t name) {
    return time ? std::pair(all[name].total, all[name].self) : std::pair(all[name].self, all[name].total);
  });
  const auto percent = [sum](std::uint64_t part) {
    return sum == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(sum);
  };
  out << (time ? fmt::format("{:>8} {:>12}  {}\n", "TOTAL %", "TOTAL ms", "FUNCTION")
               : fmt::format("{:>8} {:>8} {:>12}  {}\n", "SELF %", "TOTAL %", "SELF", "FUNCTION"));
  for (std::size_t i = 0; i < std::min<std::size_t>(order.size(), top); ++i) {
    const FunctionWeight& one = all[order[i]];
    const std::string name = examples::printable(named.names[order[i]]);
    out << (time
                ? fmt::format("{:>8.2f} {:>12.3f}  {}\n", percent(one.total), static_cast<double>(one.total) / 1e6,
                              name)
                : fmt::format("{:>8.2f} {:>8.2f} {:>12}  {}\n", percent(one.self), percent(one.total), one.self, name));
  }
  if (order.size() > top)
    out << fmt::format("# {} more functions\n", order.size() - top);
}

void write_states(std::ostream& out, const std::vector<StateWeight>& weights) {
  out << fmt::format("\n{:>12} {:>12}  {:<18} {}\n", "TIMES", "ms", "STATE", "BITS");
  for (const StateWeight& one : weights)
    out << fmt::format("{:>12} {:>12.3f}  {:<18} {}\n", one.count, static_cast<double>(one.time.count()) / 1e6,
                       one.label, one.bits);
}

ordered_json states_of(const std::vector<StateWeight>& weights) {
  ordered_json json = ordered_json::array();
  for (const StateWeight& one : weights)
    json.push_back({{"state", one.label},
                    {"bits", one.bits},
                    {"count", one.count},
                    {"nanoseconds", one.time.count()},
                    {"waiting_nanoseconds", one.waiting.count()}});
  return json;
}

ordered_json counts_of(const Profile& profile) {
  const fathom::ProfileCounts& counts = profile.counts;
  ordered_json json{{"seen", counts.seen},
                    {"samples", counts.samples},
                    {"idle", counts.idle},
                    {"lost", counts.lost},
                    {"untold", counts.untold},
                    {"no_room", counts.no_room},
                    {"stacks_cut", counts.stacks_cut},
                    {"stacks_missing", counts.stacks_missing},
                    {"user_stacks_missing", counts.user_stacks_missing},
                    {"began_before", counts.began_before},
                    {"children_missing", counts.children_missing},
                    {"mappings_lost", counts.mappings_lost}};
  if (profile.ticks)
    json["ticks"] = {{"expected", profile.ticks->expected},
                     {"delivered", profile.ticks->delivered},
                     {"skipped", profile.ticks->skipped}};
  return json;
}

// Off CPU each stack has its state as the innermost name, in brackets.
void write_json(std::ostream& out, const Profile& profile, const NamedProfile& named, const States& states) {
  const bool off_cpu = profile.kind == fathom::ProfileKind::off_cpu;
  ordered_json stacks = ordered_json::array();
  for (const NamedStack& stack : named.stacks) {
    ordered_json frames = ordered_json::array();
    for (const std::uint32_t frame : std::span(stack.frames).first(stack.frames.size() - (off_cpu ? 1 : 0)))
      frames.push_back(named.names[frame]);
    ordered_json one{{"frames", std::move(frames)}, {"count", stack.count}, {"nanoseconds", stack.time.count()}};
    if (off_cpu) {
      const std::string& state = named.names[stack.frames.back()];
      one["waiting_nanoseconds"] = stack.waiting.count();
      one["state"] = state.substr(1, state.size() - 2);
    }
    stacks.push_back(std::move(one));
  }
  ordered_json files = ordered_json::array();
  for (const fathom::ProfileFile& file : profile.files)
    files.push_back({{"path", file.path}, {"build_id", file.build_id}});
  ordered_json json{{"kind", off_cpu ? "off_cpu" : "on_cpu"},
                    {"period_nanoseconds", profile.period.count()},
                    {"nanoseconds", (profile.end - profile.begin).count()},
                    {"counts", counts_of(profile)},
                    {"files", std::move(files)},
                    {"stacks", std::move(stacks)}};
  if (off_cpu)
    json["states"] = states_of(weights_by_state(profile, states));
  out << json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << '\n';
}

void write(std::ostream& out, const Profile& profile, const Options& options) {
  const States states;
  const bool in_stacks = options.states || options.format == Format::json;
  const NamedProfile named = name(profile, options, in_stacks ? &states : nullptr);
  switch (options.format) {
    case Format::folded:
      return fathom::write_folded(out, named.folded(natural_weight(profile)));
    case Format::table:
      write_functions(out, profile, named, options.top);
      if (profile.kind == fathom::ProfileKind::off_cpu)
        write_states(out, weights_by_state(profile, states));
      return;
    case Format::json:
      return write_json(out, profile, named, states);
  }
}

std::string account(const Profile& profile) {
  const fathom::ProfileCounts& counts = profile.counts;
  const bool on_cpu = profile.kind == fathom::ProfileKind::on_cpu;
  std::string text = fmt::format("{} {} in {:.3f} s", counts.samples, on_cpu ? "samples" : "times off CPU",
                                 std::chrono::duration<double>(profile.end - profile.begin).count());
  const std::array<std::pair<std::uint64_t, std::string_view>, 11> others{{
      {profile.ticks ? profile.ticks->skipped : 0, "ticks that never came"},
      {counts.idle, "ticks of idle CPUs left out"},
      {counts.lost - counts.untold, on_cpu ? "lost, for the ring was full" : "lost, for there were too many threads"},
      {counts.untold, "lost, for the kernel did not tell their end"},
      {counts.no_room, "lost, for there were too many stacks"},
      {counts.stacks_cut, "stacks cut at the kernel's depth limit"},
      {counts.stacks_missing, "without a stack, for there were too many"},
      {counts.user_stacks_missing, "without a stack of user space"},
      {counts.children_missing, "children that were not followed, for want of room"},
      {counts.began_before, "that had left their CPU before"},
      {counts.mappings_lost, "mappings lost: names may be missing"},
  }};
  for (const auto& [count, what] : others) {
    if (count != 0)
      text += fmt::format("; {} {}", count, what);
  }
  return text;
}

}  // namespace

int run(std::string_view program, const Options& options, const std::function<Profile()>& record) {
  examples::Output output = examples::Output::file(options.output);  // before anything is recorded in vain
  const Profile profile = record();
  write(output.stream(), profile, options);
  output.close();
  if (!options.quiet)
    examples::tell(program, account(profile));
  return 0;
}

FunctionWeight weight_of(const NamedProfile& named, std::string_view function, ProfileWeight by) {
  const auto found = std::ranges::find(named.names, function);
  if (found == named.names.end())
    return {};
  return weights(named, by)[static_cast<std::size_t>(found - named.names.begin())];
}

}  // namespace stacks
