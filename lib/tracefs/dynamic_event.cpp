#include "text.hpp"
#include "trace_event_error.hpp"

#include <fathom/base/error.hpp>
#include <fathom/tracefs/dynamic_event.hpp>
#include <fathom/tracefs/owner.hpp>
#include <fathom/tracefs/trace_array.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <initializer_list>
#include <optional>
#include <ranges>
#include <system_error>
#include <thread>
#include <utility>

namespace fathom {

namespace {

constexpr std::string_view kFile = "dynamic_events";
constexpr std::string_view kSynthetic = "synthetic";
constexpr std::size_t kLongestName = 63;  // MAX_EVENT_NAME_LEN less its end
constexpr std::chrono::milliseconds kRetryEvery{10};
constexpr int kRetries = 100;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

// Whether the kernel would read the text as one word, and nothing of it as a comment.
bool is_one_word(std::string_view text) {
  return !text.empty() && text.find_first_of(" \t\r\n\v\f#") == std::string_view::npos &&
         text.find('\0') == std::string_view::npos;
}

// `ext4:ext4_sync_file+0x10` becomes `ext4_ext4_sync_file_0x10`.
std::string name_from(std::string_view place) {
  std::string name(place.substr(place.rfind('/') + 1));
  std::ranges::replace_if(name, [](char c) { return !is_word(c); }, '_');
  if (name.empty() || is_digit(name.front()))
    name.insert(0, "at_");
  return name.substr(0, kLongestName);
}

void require_name(std::string_view name) {
  const bool good =
      !name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, is_word) && !is_digit(name.front());
  if (!good)
    throw Error(std::errc::invalid_argument, "name an event '" + std::string(name) + "'", {},
                "at most 63 letters, digits and underscores, and no digit first");
}

void require_word(std::string_view text) {
  if (!is_one_word(text))
    throw Error(std::errc::invalid_argument, "use '" + std::string(text) + "' in a dynamic event", {},
                "the kernel takes no empty text, no white space and no # there");
}

// Everywhere: at the top level and in each instance.
std::vector<std::string> all_prefixes(TraceFiles& files) {
  std::vector<std::string> prefixes{""};
  if (files.is_directory("instances")) {
    for (const std::string& instance : files.list("instances"))
      prefixes.push_back("instances/" + instance + '/');
  }
  return prefixes;
}

bool is_gone(const Error& error) {
  return error.code() == std::errc::no_such_file_or_directory || error.code() == std::errc::no_such_device;
}

// An event that is on, or that a trigger listens to, cannot be removed.
void switch_off(const std::shared_ptr<TraceFiles>& files, const EventName& name) {
  for (const std::string& prefix : all_prefixes(*files)) {
    TraceEvent event(files, prefix, name);
    try {
      if (!event.exists())
        continue;
      event.clear_triggers();
      event.disable();
    } catch (const Error& error) {
      // Somebody removed this instance meanwhile.
      if (!is_gone(error))
        throw;
    }
  }
}

void remove_definition(TraceFiles& files, const EventName& name) {
  const std::string command = "-:" + name.system + '/' + name.event + '\n';
  for (int tries = 0;; ++tries) {
    try {
      // Never truncate: that removes everybody's.
      files.append(kFile, command);
      return;
    } catch (const Error& error) {
      if (is_gone(error))
        return;
      // The kernel may still be letting go of it, a grace period after it was disabled.
      if (error.code() != std::errc::device_or_resource_busy)
        throw;
      if (tries == kRetries)
        throw Error(error.code(), "remove the event " + name.str() + " from", files.full_path(kFile),
                    "something still uses it: perf, a histogram's action, or an eprobe");
    }
    std::this_thread::sleep_for(kRetryEvery);
  }
}

std::optional<Owner> owner_of(const DynamicEventInfo& event) {
  if (event.name.system != kSynthetic)
    return Owner::parse(event.name.system);
  // Behind the unique name, four parts after the first, stands what the event is called.
  std::size_t end = 0;
  for (int i = 0; i < 5 && end != std::string::npos; ++i)
    end = event.name.event.find('_', end + (i == 0 ? 0 : 1));
  return Owner::parse(std::string_view(event.name.event).substr(0, end));
}

}  // namespace

std::vector<DynamicEventInfo> parse_dynamic_events(std::string_view text) {
  std::vector<DynamicEventInfo> events;
  // r10:fathom_1_ab/rv vfs_read ret=$retval:s64
  // s:synthetic/latency	u64 us; pid_t pid
  for (const std::string_view line : tracefs::lines_of(text)) {
    const auto colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos || colon > line.find_first_of(" \t"))
      continue;
    const std::string_view name = line.substr(colon + 1, line.find_first_of(" \t") - colon - 1);
    if (auto parsed = parse_event_name(name))
      events.push_back({line.front(), std::move(*parsed), std::string(line)});
  }
  return events;
}

std::set<DynamicEventType> parse_dynamic_event_types(std::string_view readme) {
  using enum DynamicEventType;
  std::set<DynamicEventType> types;
  const auto has = [&](std::string_view text) { return readme.find(text) != std::string_view::npos; };
  //	   Format: p[:[<group>/][<event>]] <place> [<args>]
  //	           f[:[<group>/][<event>]] <func-name>[%return] [<args>]
  //	    place: [<module>:]<symbol>[+<offset>]|<memaddr>
  //   place (uprobe): <path>:<offset>[%return][(ref_ctr_offset)]
  if (!has("dynamic_events"))
    return types;
  if (has("place: [<module>:]<symbol>"))
    types.insert({kprobe, kretprobe});
  if (has("place (uprobe): "))
    types.insert({uprobe, uretprobe});
  if (has(" f[:[<group>/]"))
    types.insert(fprobe);
  if (has(" t[:[<group>/]"))
    types.insert(tprobe);
  if (has(" e[:[<group>/]"))
    types.insert(eprobe);
  if (has(" s:[synthetic/]"))
    types.insert(synthetic);
  return types;
}

DynamicEvent::DynamicEvent(std::shared_ptr<TraceFiles> files, EventName name, std::string definition)
    : files_(std::move(files)), name_(std::move(name)), definition_(std::move(definition)) {}

DynamicEvent::~DynamicEvent() {
  try {
    remove();
  } catch (const std::exception&) {
    // There is nobody to tell; the next run removes it.
  }
}

DynamicEvent::DynamicEvent(DynamicEvent&& other) noexcept
    : files_(std::move(other.files_)), name_(std::move(other.name_)), definition_(std::move(other.definition_)) {}

DynamicEvent& DynamicEvent::operator=(DynamicEvent&& other) noexcept {
  if (this != &other) {
    const DynamicEvent old(std::move(*this));
    files_ = std::move(other.files_);
    name_ = std::move(other.name_);
    definition_ = std::move(other.definition_);
  }
  return *this;
}

TraceEvent DynamicEvent::event() const {
  return {files_, {}, name_};
}

TraceEvent DynamicEvent::in(const TraceArray& array) const {
  return {array.files(), array.prefix(), name_};
}

void DynamicEvent::remove() {
  if (!files_)
    return;
  switch_off(files_, name_);
  remove_definition(*files_, name_);
  files_.reset();
}

/// A definition in pieces: `HEAD:GROUP/EVENT PLACE ARGUMENTS if FILTER`.
struct DynamicEvents::Line {
  std::string head;
  std::string event;  ///< made from the place if empty
  std::string place;
  const std::vector<std::string>& arguments;
  std::string filter{};
};

DynamicEvents::DynamicEvents(std::shared_ptr<TraceFiles> files, const std::string& proc)
    : files_(std::move(files)),
      group_(Owner::current(proc).unique_name()),
      types_(parse_dynamic_event_types(files_->read("README"))) {}

void DynamicEvents::require(DynamicEventType type) const {
  if (!knows(type))
    throw UnsupportedError(std::string(to_string(type)) + " events", files_->full_path(kFile),
                           "the file README beside it says which kinds this kernel knows");
}

DynamicEvent DynamicEvents::define(const EventName& name, const std::string& definition) const {
  require_name(name.event);
  tracefs::write_explained(*files_, kFile, WriteMode::append, definition + '\n', {});
  return {files_, name, definition};
}

DynamicEvent DynamicEvents::define(DynamicEventType type, const Line& line) const {
  require(type);
  require_word(line.place);
  const EventName name{group_, line.event.empty() ? name_from(line.place) : line.event};
  std::string definition = line.head + ':' + name.system + '/' + name.event + ' ' + line.place;
  for (const std::string& argument : line.arguments) {
    require_word(argument);
    definition += ' ' + argument;
  }
  if (!line.filter.empty())
    definition += " if " + line.filter;
  return define(name, definition);
}

DynamicEvent DynamicEvents::define(const Kprobe& probe) const {
  return define(DynamicEventType::kprobe, {"p", probe.event, probe.place, probe.arguments});
}

DynamicEvent DynamicEvents::define(const Kretprobe& probe) const {
  const std::string maxactive = probe.maxactive ? std::to_string(*probe.maxactive) : "";
  return define(DynamicEventType::kretprobe, {"r" + maxactive, probe.event, probe.function, probe.arguments});
}

DynamicEvent DynamicEvents::define(const Uprobe& probe) const {
  std::string place = probe.path + ":0x" + tracefs::hexadecimal(probe.offset);
  if (probe.ref_ctr_offset)
    place += "(0x" + tracefs::hexadecimal(*probe.ref_ctr_offset) + ')';
  return define(DynamicEventType::uprobe, {"p", probe.event, place, probe.arguments});
}

DynamicEvent DynamicEvents::define(const Uretprobe& probe) const {
  return define(DynamicEventType::uretprobe,
                {"r", probe.event, probe.path + ":0x" + tracefs::hexadecimal(probe.offset), probe.arguments});
}

DynamicEvent DynamicEvents::define(const Fprobe& probe) const {
  return define(DynamicEventType::fprobe,
                {"f", probe.event, probe.function + (probe.on_return ? "%return" : ""), probe.arguments});
}

DynamicEvent DynamicEvents::define(const Tprobe& probe) const {
  return define(DynamicEventType::tprobe, {"t", probe.event, probe.tracepoint, probe.arguments});
}

DynamicEvent DynamicEvents::define(const EventProbe& probe) const try {
  return define(DynamicEventType::eprobe,
                {"e", probe.event, probe.attached.system + '.' + probe.attached.event, probe.arguments, probe.filter});
} catch (const UnsupportedError&) {
  throw;
} catch (const Error& error) {
  // A kernel whose eprobes dislike something logs it; one that has none refuses without a word.
  if (error.code() == std::errc::invalid_argument && error.path() == files_->full_path(kFile) && error.hint().empty())
    throw UnsupportedError("eprobe events", files_->full_path(kFile), "it takes CONFIG_EPROBE_EVENTS");
  throw;
}

DynamicEvent DynamicEvents::define(const SyntheticEvent& event) const {
  require(DynamicEventType::synthetic);
  const EventName name{std::string(kSynthetic), group_ + '_' + event.event};
  std::string definition = "s:" + name.event;
  for (const SyntheticField& field : event.fields)
    definition += ' ' + field.type + ' ' + field.name + ';';
  return define(name, definition);
}

std::vector<DynamicEventInfo> stale_dynamic_events(TraceFiles& files, const std::string& proc) {
  if (!files.exists(kFile))
    return {};
  std::vector<DynamicEventInfo> events = parse_dynamic_events(files.read(kFile));
  std::erase_if(events, [&](const DynamicEventInfo& event) {
    const auto owner = owner_of(event);
    return !owner || owner->alive(proc);
  });
  return events;
}

std::vector<EventName> remove_stale_dynamic_events(const std::shared_ptr<TraceFiles>& files, const std::string& proc) {
  std::vector<EventName> removed;
  // Newest first, since an eprobe holds the event that it was attached to later than that was defined.
  for (const DynamicEventInfo& event : stale_dynamic_events(*files, proc) | std::views::reverse) {
    try {
      switch_off(files, event.name);
      remove_definition(*files, event.name);
      removed.push_back(event.name);
    } catch (const Error&) {
      // Somebody alive uses it.
    }
  }
  return removed;
}

}  // namespace fathom
