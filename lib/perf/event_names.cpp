#include "event_names.hpp"

#include <fathom/perf/perf_event.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace fathom {

namespace {

// First the name that is printed, then aliases; by the numbers of the kernel (tools/perf/util/parse-events.l has the
// spellings).
using Names = std::array<std::string_view, 3>;

constexpr std::array<Names, kSoftwareEvents.size()> kSoftware = {{
    {"cpu-clock"},
    {"task-clock"},
    {"page-faults", "faults"},
    {"context-switches", "cs"},
    {"cpu-migrations", "migrations"},
    {"minor-faults"},
    {"major-faults"},
    {"alignment-faults"},
    {"emulation-faults"},
    {"dummy"},
    {"bpf-output"},
    {"cgroup-switches"},
}};

constexpr std::array<Names, kHardwareEvents.size()> kHardware = {{
    {"cpu-cycles", "cycles"},
    {"instructions"},
    {"cache-references"},
    {"cache-misses"},
    {"branch-instructions", "branches"},
    {"branch-misses"},
    {"bus-cycles"},
    {"stalled-cycles-frontend", "idle-cycles-frontend"},
    {"stalled-cycles-backend", "idle-cycles-backend"},
    {"ref-cycles"},
}};

using Aliases = std::array<std::string_view, 5>;

constexpr std::array<Aliases, 7> kCaches = {{
    {"L1-dcache", "l1-d", "l1d", "L1-data"},
    {"L1-icache", "l1-i", "l1i", "L1-instruction"},
    {"LLC", "L2"},
    {"dTLB", "d-tlb", "Data-TLB"},
    {"iTLB", "i-tlb", "Instruction-TLB"},
    {"branch", "branches", "bpu", "btb", "bpc"},
    {"node"},
}};
constexpr std::array<Aliases, 3> kOps = {{
    {"load", "loads", "read"},
    {"store", "stores", "write"},
    {"prefetch", "prefetches", "speculative-read", "speculative-load"},
}};
constexpr std::array<Aliases, 2> kResults = {{
    {"refs", "Reference", "ops", "access"},
    {"misses", "miss"},
}};
// How accesses are printed: "loads", "stores", "prefetches".
constexpr std::array<std::string_view, 3> kAccesses = {"loads", "stores", "prefetches"};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

// The row that has `name`.
template <class Table>
std::optional<std::size_t> row_of(const Table& table, std::string_view name) {
  for (std::size_t row = 0; row < table.size(); ++row) {
    for (const std::string_view alias : table[row]) {
      if (!alias.empty() && same(alias, name))
        return row;
    }
  }
  return std::nullopt;
}

// The row that has the longest beginning of `text` that ends before a '-' or at the end, which is taken off.
template <class Table>
std::optional<std::size_t> take(const Table& table, std::string_view& text) {
  std::optional<std::size_t> best;
  std::size_t length = 0;
  for (std::size_t row = 0; row < table.size(); ++row) {
    for (const std::string_view alias : table[row]) {
      const bool fits = alias.size() > length && text.size() >= alias.size() &&
                        same(text.substr(0, alias.size()), alias) &&
                        (text.size() == alias.size() || text[alias.size()] == '-');
      if (fits) {
        best = row;
        length = alias.size();
      }
    }
  }
  if (best)
    text.remove_prefix(std::min(length + 1, text.size()));
  return best;
}

template <class Event>
std::size_t index(Event event) {
  return static_cast<std::size_t>(event);
}

template <class Table>
std::string_view name_in(const Table& table, std::size_t row) {
  return row < table.size() ? table[row].front() : std::string_view("unknown");
}

std::vector<CacheEvent> all_caches() {
  std::vector<CacheEvent> events;
  for (std::size_t cache = 0; cache < kCaches.size(); ++cache) {
    for (std::size_t op = 0; op < kOps.size(); ++op) {
      for (std::size_t result = 0; result < kResults.size(); ++result) {
        events.push_back({.cache = static_cast<CacheId>(cache),
                          .op = static_cast<CacheOp>(op),
                          .result = static_cast<CacheResult>(result)});
      }
    }
  }
  return events;
}

}  // namespace

std::string_view to_string(SoftwareEvent event) noexcept {
  return name_in(kSoftware, index(event));
}

std::string_view to_string(HardwareEvent event) noexcept {
  return name_in(kHardware, index(event));
}

std::string to_string(const CacheEvent& event) {
  std::string name(name_in(kCaches, index(event.cache)));
  if (index(event.op) >= kOps.size() || index(event.result) >= kResults.size())
    return "unknown";
  name += '-';
  if (event.result == CacheResult::access)
    return name += kAccesses[index(event.op)];
  name += kOps[index(event.op)].front();
  return name += "-misses";
}

std::vector<std::string> PerfEvent::names() {
  const std::vector<CacheEvent> caches = all_caches();
  std::vector<std::string> names;
  names.reserve(kSoftwareEvents.size() + kHardwareEvents.size() + caches.size());
  for (const SoftwareEvent event : kSoftwareEvents)
    names.emplace_back(to_string(event));
  for (const HardwareEvent event : kHardwareEvents)
    names.emplace_back(to_string(event));
  for (const CacheEvent& event : caches)
    names.push_back(to_string(event));
  return names;
}

namespace perf {

std::optional<SoftwareEvent> software_event(std::string_view name) {
  const auto row = row_of(kSoftware, name);
  return row ? std::optional(static_cast<SoftwareEvent>(*row)) : std::nullopt;
}

std::optional<HardwareEvent> hardware_event(std::string_view name) {
  const auto row = row_of(kHardware, name);
  return row ? std::optional(static_cast<HardwareEvent>(*row)) : std::nullopt;
}

// CACHE[-OP][-RESULT], where both may stand in either order, as perf takes them.
std::optional<CacheEvent> cache_event(std::string_view name) {
  const auto cache = take(kCaches, name);
  if (!cache)
    return std::nullopt;
  CacheEvent event{.cache = static_cast<CacheId>(*cache)};
  bool has_op = false;
  bool has_result = false;
  while (!name.empty()) {
    if (const auto op = take(kOps, name); op && !has_op) {
      event.op = static_cast<CacheOp>(*op);
      has_op = true;
    } else if (const auto result = take(kResults, name); result && !op && !has_result) {
      event.result = static_cast<CacheResult>(*result);
      has_result = true;
    } else {
      return std::nullopt;
    }
  }
  return event;
}

std::vector<std::string> all_names() {
  std::vector<std::string> names = PerfEvent::names();
  const auto add_aliases = [&](const auto& table) {
    for (const Names& row : table) {
      for (const std::string_view alias : row) {
        if (!alias.empty() && alias != row.front())
          names.emplace_back(alias);
      }
    }
  };
  add_aliases(kSoftware);
  add_aliases(kHardware);
  return names;
}

}  // namespace perf

}  // namespace fathom
