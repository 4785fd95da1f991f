#include "event_modifiers.hpp"
#include "event_names.hpp"
#include "event_source.hpp"
#include "name_error.hpp"
#include "parse_number.hpp"

#include <fathom/base/error.hpp>
#include <fathom/perf/perf_event.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <tuple>

namespace fathom {

namespace {

constexpr std::string_view kModifierHint =
    "behind the colon stand u, k, h (where it counts), G, H, I, D, e and up to three p";

Error bad_name(std::string_view name, std::string_view hint) {
  return {EINVAL, "understand the event '" + std::string(name) + "'", {}, hint};
}

std::string hex(std::uint64_t value) {
  std::array<char, 16> digits{};
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return {static_cast<const char*>(digits.data()), end};
}

// --- mem:ADDRESS[/LENGTH][:ACCESS] -----------------------------------------------------------------------------------

std::optional<BreakpointAccess> access_of(std::string_view letters) {
  if (letters == "r")
    return BreakpointAccess::read;
  if (letters == "w")
    return BreakpointAccess::write;
  if (letters == "rw" || letters == "wr")
    return BreakpointAccess::read_write;
  if (letters == "x")
    return BreakpointAccess::execute;
  return std::nullopt;
}

std::string_view letters_of(BreakpointAccess access) {
  switch (access) {
    case BreakpointAccess::read:
      return "r";
    case BreakpointAccess::write:
      return "w";
    case BreakpointAccess::read_write:
      return "rw";
    case BreakpointAccess::execute:
      return "x";
  }
  return "unknown";
}

// The part of `text` up to `end`, which is taken off with it.
std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

// `place` is ADDRESS[/LENGTH]. Without a length perf's: 4 bytes of data, or a word of code, as the kernel wants it.
std::optional<BreakpointEvent> breakpoint(std::string_view place, BreakpointAccess access) {
  const bool has_length = place.find('/') != std::string_view::npos;
  const auto address = perf::parse_number(take_until(place, '/'));
  const auto length = has_length ? perf::parse_number(place)
                                 : std::optional<std::uint64_t>(access == BreakpointAccess::execute ? sizeof(long) : 4);
  if (!address || !length)
    return std::nullopt;
  return BreakpointEvent{.address = *address, .access = access, .length = *length};
}

// --- SYSTEM:NAME
// ------------------------------------------------------------------------------------------------------

bool is_folder(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

bool is_file_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

[[noreturn]] void throw_no_tracepoint(const std::string& events, std::string_view system, std::string_view event,
                                      int error) {
  const std::string name = std::string(system) + ':' + std::string(event);
  if (!is_folder(events)) {
    throw Error(error == EACCES ? EACCES : ENOENT, "find the tracepoint '" + name + "' in", events,
                "tracefs is root's, and mounted by: mount -t tracefs tracefs /sys/kernel/tracing");
  }
  std::vector<std::string> known;
  if (is_folder(events + '/' + std::string(system))) {
    for (const std::string& other : perf::file_names(events + '/' + std::string(system)))
      known.push_back(std::string(system) + ':' + other);
    throw Error(ENOENT, "find the tracepoint '" + name + "' in", events, perf::nearest_hint(name, known));
  }
  throw Error(ENOENT, "find the tracepoint '" + name + "' in", events,
              perf::nearest_hint(system, perf::file_names(events)));
}

TracepointEvent tracepoint(const std::string& tracefs, std::string_view system, std::string_view event) {
  const std::string events = tracefs + "/events";
  if (!is_file_name(system) || !is_file_name(event))
    throw bad_name(std::string(system) + ':' + std::string(event), "a tracepoint is SYSTEM:NAME, one of each");
  errno = 0;
  std::ifstream file(events + '/' + std::string(system) + '/' + std::string(event) + "/id");
  const int error = errno;
  std::uint64_t id = 0;
  if (!(file >> id))
    throw_no_tracepoint(events, system, event, error);
  return {.id = id};
}

// --- All names
// --------------------------------------------------------------------------------------------------------

// An event's value, the name without modifiers that is worth keeping, and the letters behind it.
struct Parsed {
  PerfEvent::What what;
  std::string base_name{};
  std::string_view letters{};
};

std::optional<PerfEvent::What> symbolic(std::string_view name) {
  if (const auto event = perf::hardware_event(name))
    return *event;
  if (const auto event = perf::software_event(name))
    return *event;
  if (const auto event = perf::cache_event(name))
    return *event;
  if (name.starts_with('r')) {
    if (const auto config = perf::parse_digits(name.substr(1), 16))
      return PmuEvent{.config = *config};
  }
  return std::nullopt;
}

Parsed parse_breakpoint(std::string_view name) {
  std::string_view rest = name;
  rest.remove_prefix(std::string_view("mem:").size());
  const std::string_view place = take_until(rest, ':');
  std::string_view letters = rest;
  auto access = access_of(take_until(letters, ':'));
  if (!access) {  // what stands there is no access but the modifiers, or nothing
    access = BreakpointAccess::read_write;
    letters = rest;
  }
  const auto event = breakpoint(place, *access);
  if (!event)
    throw bad_name(name, "a breakpoint is mem:ADDRESS[/LENGTH][:r|w|x|rw]");
  return {.what = *event, .letters = letters};
}

Parsed parse_of_source(std::string_view name, const std::string& sys) {
  const std::size_t slash = name.find('/');
  const std::size_t end = name.find('/', slash + 1);
  if (end == std::string_view::npos)
    throw bad_name(name, "an event of a source is PMU/term=value,.../");
  std::string_view letters = name.substr(end + 1);
  if (letters.starts_with(':'))
    letters.remove_prefix(1);
  return {.what = perf::event_of_source(sys, std::string(name.substr(0, slash)),
                                        name.substr(slash + 1, end - slash - 1), name),
          .base_name = std::string(name.substr(0, end + 1)),
          .letters = letters};
}

Parsed parse(std::string_view name, const PerfEventPaths& paths) {
  if (name.starts_with("mem:"))
    return parse_breakpoint(name);
  std::string_view rest = name;
  const std::string_view first = take_until(rest, ':');
  if (const auto event = symbolic(first))
    return {.what = *event, .letters = rest};
  if (name.find('/') != std::string_view::npos)
    return parse_of_source(name, paths.sys);
  if (first.size() != name.size()) {
    const std::string_view event = take_until(rest, ':');
    return {.what = tracepoint(paths.tracefs, first, event),
            .base_name = std::string(first) + ':' + std::string(event),
            .letters = rest};
  }
  throw Error(ENOENT, "find the event '" + std::string(name) + "'", {}, perf::nearest_hint(name, perf::all_names()));
}

// --- Names of values
// --------------------------------------------------------------------------------------------------

std::string name_of(SoftwareEvent event) {
  return std::string(to_string(event));
}
std::string name_of(HardwareEvent event) {
  return std::string(to_string(event));
}
std::string name_of(const CacheEvent& event) {
  return to_string(event);
}
std::string name_of(const TracepointEvent& event) {
  return "tracepoint " + std::to_string(event.id);
}
std::string name_of(const BreakpointEvent& event) {
  std::string name = "mem:0x" + hex(event.address) + '/' + std::to_string(event.length) + ':';
  return name += letters_of(event.access);
}
std::string name_of(const PmuEvent& event) {
  if (event.type == PmuEvent::kRaw && event.config1 == 0 && event.config2 == 0)
    return 'r' + hex(event.config);
  std::string name = "type " + std::to_string(event.type) + "/config=0x" + hex(event.config);
  if (event.config1 != 0)
    name += ",config1=0x" + hex(event.config1);
  if (event.config2 != 0)
    name += ",config2=0x" + hex(event.config2);
  return name += '/';
}

}  // namespace

PerfEvent::PerfEvent(std::string_view name, const PerfEventPaths& paths) {
  Parsed parsed = parse(name, paths);
  what_ = parsed.what;
  base_name_ = std::move(parsed.base_name);
  if (parsed.letters.empty()) {
    if (name.ends_with(':'))
      throw bad_name(name, kModifierHint);
    return;
  }
  const auto modifiers = perf::parse_modifiers(parsed.letters);
  if (!modifiers)
    throw bad_name(name, kModifierHint);
  modifiers_ = *modifiers;
}

PerfEvent PerfEvent::with(PerfModifiers modifiers) const {
  return {what_, modifiers, base_name_};
}

std::string PerfEvent::name() const {
  std::string name = base_name_;
  if (name.empty())
    name = std::visit([](const auto& what) { return name_of(what); }, what_);
  const std::string letters = perf::modifier_letters(modifiers_);
  if (letters.empty())
    return name;
  return name += ':' + letters;
}

}  // namespace fathom
