#include "text.hpp"

#include <fathom/tracefs/hist_table.hpp>

#include <algorithm>
#include <utility>

// What the kernel prints is made in kernel/trace/trace_events_hist.c, hist_trigger_show() and below:
//
//   # event histogram
//   #
//   # trigger info: hist:keys=prev_pid,prev_comm:vals=hitcount,prev_prio:sort=hitcount:size=2048 [active]
//   #
//
//   { prev_pid:         32, prev_comm: kcompactd0                                         } hitcount:          1
//   prev_prio:        120
//
//   Totals:
//       Hits: 1
//       Entries: 1
//       Dropped: 0

namespace fathom {

namespace {

// Three keys of at most 256 bytes each, as many values as there are fields, names of symbols up to 512 bytes.
constexpr std::size_t kLongestLine = 8192;
// To how many characters the kernel fills up a string as a key, and one that save() kept.
constexpr std::size_t kKeyWidth = 50;
constexpr std::size_t kSavedWidth = 32;
constexpr std::string_view kHeader = "# trigger info: hist:";
constexpr std::string_view kEntry = "{ ";
constexpr std::string_view kHitcount = "} hitcount:";
constexpr std::string_view kFrame = "         ";

std::optional<std::uint64_t> number_of(std::string_view text, int base = 10) {
  return tracefs::parse_number<std::uint64_t>(text, base);
}

std::string_view left_trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? std::string_view{} : text.substr(first);
}

std::string_view right_trimmed(std::string_view text) {
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

bool take_start(std::string_view& text, std::string_view start) {
  if (!text.starts_with(start))
    return false;
  text.remove_prefix(start.size());
  return true;
}

bool is_stack(const HistField& field) {
  return field.modifier == HistModifier::stacktrace || field.name == "stacktrace" || field.name == "common_stacktrace";
}

// How the field's name stands in an entry.
std::string printed_name(const HistField& field) {
  return field.modifier == HistModifier::stacktrace ? field.str() : field.name;
}

std::vector<HistField> parse_fields(std::string_view list) {
  std::vector<HistField> fields;
  for (;;) {
    const auto comma = list.find(',');
    HistField field = parse_hist_field(list.substr(0, comma));
    // Linux 7.3 prints this one twice over in the header; in the entries it is right.
    if (field.name == "common_cpucommon_cpu")
      field.name = "common_cpu";
    fields.push_back(std::move(field));
    if (comma == std::string_view::npos)
      return fields;
    list.remove_prefix(comma + 1);
  }
}

// The text between `before` and the next `end`; empty if there is no such place.
std::string_view between(std::string_view text, std::string_view before, char end) {
  const auto begin = text.find(before);
  if (begin == std::string_view::npos)
    return {};
  text.remove_prefix(begin + before.size());
  return text.substr(0, text.find(end));
}

// A name in front of a number in brackets: `kworker/0:1     [         9]`, `sys_close                     [  3]`.
bool parse_named_number(std::string_view text, HistKey& key) {
  const auto open = text.rfind('[');
  if (open == std::string_view::npos || !text.ends_with(']'))
    return false;
  key.text = right_trimmed(text.substr(0, open));
  key.number = number_of(left_trimmed(text.substr(open + 1, text.size() - open - 2)));
  return key.number.has_value();
}

// An address in brackets in front of a symbol: `[ffffffff81551d53] event_hist_open     `.
bool parse_symbol(std::string_view text, HistKey& key) {
  const auto close = text.find("] ");
  if (!text.starts_with('[') || close == std::string_view::npos)
    return false;
  key.text = right_trimmed(text.substr(close + 2));
  key.number = number_of(text.substr(1, close - 1), 16);
  return key.number.has_value();
}

// `~ 160-191`
bool parse_bucket(std::string_view text, HistKey& key) {
  if (!take_start(text, "~ "))
    return false;
  const auto dash = text.find('-');
  if (dash == std::string_view::npos)
    return false;
  key.number = number_of(text.substr(0, dash));
  key.last = number_of(text.substr(dash + 1));
  return key.number && key.last;
}

// A number, or a string that is filled up to `width`.
bool parse_plain(std::string_view text, std::size_t width, HistKey& key) {
  key.number = number_of(left_trimmed(text));
  if (key.number)
    return true;
  if (text.size() < width)
    return false;
  key.text = right_trimmed(text);
  return true;
}

// Whether `text` is a whole value of key.field, which it then becomes.
bool parse_key_value(std::string_view text, std::size_t width, HistKey& key) {
  switch (key.field.modifier) {
    case HistModifier::hex:
      key.number = number_of(text, 16);
      return key.number.has_value();
    case HistModifier::sym:
    case HistModifier::sym_offset:
      return parse_symbol(text, key);
    case HistModifier::execname:
    case HistModifier::syscall:
      return parse_named_number(text, key);
    case HistModifier::log2:
      key.number = take_start(text, "~ 2^") ? number_of(right_trimmed(text)) : std::nullopt;
      return key.number.has_value();
    case HistModifier::buckets:
      return parse_bucket(text, key);
    default:
      return parse_plain(text, width, key);
  }
}

// Takes the value of `field` off the front of `text`: up to the first place where `next` stands and what is before is a
// value. A string may hold anything, `next` too, but it is filled up to a width. An empty `next`: all of it.
std::optional<HistKey> take_value(std::string_view& text, const HistField& field, std::string_view next,
                                  std::size_t width) {
  for (auto at = next.empty() ? text.size() : text.find(next); at != std::string_view::npos;
       at = next.empty() ? std::string_view::npos : text.find(next, at + 1)) {
    HistKey key{.field = field, .number = {}, .last = {}, .text = {}, .stack = {}};
    if (!parse_key_value(text.substr(0, at), width, key))
      continue;
    text.remove_prefix(at);
    return key;
  }
  return std::nullopt;
}

// hitcount:          1  bytes_req (%):   0.00  bytes_alloc: ##########            next_pid:       1f
std::optional<HistValue> take_sum(std::string_view& text, const std::vector<HistField>& fields, std::size_t& at) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  std::string_view name = text.substr(0, colon);
  const bool is_percent = name.ends_with(" (%)");
  if (is_percent)
    name.remove_suffix(std::string_view(" (%)").size());
  // Expressions and variables stand in the header and not here.
  while (at < fields.size() && fields[at].name != name)
    ++at;
  if (at == fields.size())
    return std::nullopt;
  HistValue value{.field = fields[at++], .number = {}, .text = {}};
  text.remove_prefix(colon + 1);
  if (is_percent != (value.field.modifier == HistModifier::percent))
    return std::nullopt;

  constexpr std::string_view kFailed = "[ERROR]";
  const auto begin = text.find_first_not_of(' ');
  if (value.field.modifier == HistModifier::graph) {
    constexpr std::size_t kBar = 20;
    if (text.size() < 1 + kBar)
      return std::nullopt;
    const std::string_view bar = text.substr(1, kBar);
    if (bar.find_first_not_of("# ") != std::string_view::npos && left_trimmed(bar) != kFailed)
      return std::nullopt;
    value.text = left_trimmed(right_trimmed(bar));
    text.remove_prefix(1 + kBar);
    return value;
  }
  if (begin == std::string_view::npos)
    return std::nullopt;
  text.remove_prefix(begin);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  if (is_percent && word == kFailed)
    return value;
  if (is_percent) {
    const auto dot = word.find('.');
    const auto whole = number_of(word.substr(0, dot));
    const auto hundredths =
        dot == std::string_view::npos || word.size() - dot != 3 ? std::nullopt : number_of(word.substr(dot + 1));
    if (!whole || !hundredths || *whole > 100)
      return std::nullopt;
    value.number = *whole * 100 + *hundredths;
    return value;
  }
  value.number = number_of(word, value.field.modifier == HistModifier::hex ? 16 : 10);
  if (!value.number)
    return std::nullopt;
  return value;
}

// What has been read of an entry that goes over several lines: it counts as parsed only when it is whole.
struct OpenEntry {
  HistEntry entry;
  std::uint64_t first_record = 0;
  std::uint64_t offset = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::string first_line;
};

class HistParser {
 public:
  HistFile parse(std::string_view text) && {
    while (!text.empty()) {
      const auto end = text.find('\n');
      const bool is_cut = end == std::string_view::npos;
      const std::string_view line = text.substr(0, end);
      const std::size_t size = is_cut ? line.size() : line.size() + 1;
      take_line(line, size, is_cut);
      text.remove_prefix(size);
    }
    drop_open(SkipReason::cut_line);
    return std::move(file_);
  }

 private:
  enum class Found { whole, open, nothing };
  enum class Part { entries, totals, hits, entry_count };

  void take_line(std::string_view line, std::size_t size, bool is_cut) {
    ParseStats& stats = file_.stats;
    const std::uint64_t offset = stats.bytes;
    ++stats.records;
    stats.bytes += size;
    Found found = Found::nothing;
    SkipReason reason = SkipReason::unknown_line;
    if (is_cut)
      reason = SkipReason::cut_line;
    else if (size > kLongestLine)
      reason = SkipReason::line_too_long;
    else if (line.find('\0') != std::string_view::npos)
      reason = SkipReason::not_text;
    else
      found = understand(line);

    if (found == Found::open) {
      if (open_->records == 0) {
        open_->first_record = stats.records;
        open_->offset = offset;
        open_->first_line = line.substr(0, kQuoted);
      }
      ++open_->records;
      open_->bytes += size;
      return;
    }
    if (found == Found::nothing) {
      drop_open(SkipReason::unknown_line);
      skip(1, size, {stats.records, offset, reason, std::string(line.substr(0, kQuoted))});
      return;
    }
    if (open_) {
      stats.parsed_records += open_->records;
      stats.parsed_bytes += open_->bytes;
      open_.reset();
    }
    ++stats.parsed_records;
    stats.parsed_bytes += size;
  }

  Found understand(std::string_view line) {
    if (open_) {
      const Found found = continue_entry(line);
      if (found != Found::nothing)
        return found;
      drop_open(SkipReason::unknown_line);
    }
    if (line.starts_with(kEntry))
      return begin_entry(line.substr(kEntry.size()));
    return is_other_line(line) ? Found::whole : Found::nothing;
  }

  bool is_other_line(std::string_view line) {
    if (line.empty() || line == "#" || line == "# event histogram")
      return true;
    if (take_start(line, kHeader))
      return begin_table(line);
    if (file_.tables.empty())
      return false;
    HistTable& table = file_.tables.back();
    switch (part_) {
      case Part::entries:
        if (line == "Totals:") {
          part_ = Part::totals;
          return true;
        }
        return is_action_line(table, line);
      case Part::totals:
        return take_total(line, "    Hits: ", totals_.hits, Part::hits);
      case Part::hits:
        return take_total(line, "    Entries: ", totals_.entries, Part::entry_count);
      case Part::entry_count:
        if (!take_total(line, "    Dropped: ", totals_.dropped, Part::entries))
          return false;
        table.totals = totals_;
        return true;
    }
    return false;
  }

  bool take_total(std::string_view line, std::string_view name, std::uint64_t& total, Part next) {
    if (!take_start(line, name))
      return false;
    const auto number = number_of(line);
    if (!number)
      return false;
    total = *number;
    part_ = next;
    return true;
  }

  // keys=prev_pid,prev_comm:vals=hitcount:ts0=common_timestamp.usecs:sort=hitcount:size=2048 if prev_pid > 1 [active]
  bool begin_table(std::string_view line) {
    HistTable table;
    table.paused = line.ends_with(" [paused]");
    if (!table.paused && !line.ends_with(" [active]"))
      return false;
    line = line.substr(0, line.rfind(" ["));
    table.trigger = "hist:";
    table.trigger += line;
    constexpr std::string_view kIf = " if ";
    if (const auto condition = line.find(kIf); condition != std::string_view::npos) {
      table.filter = line.substr(condition + kIf.size());
      line = line.substr(0, condition);
    }
    const std::string_view keys = between(line, "keys=", ':');
    const std::string_view values = between(line, ":vals=", ':');
    if (keys.empty() || values.empty())
      return false;
    table.keys = parse_fields(keys);
    table.values = parse_fields(values);
    const std::string_view saved = between(line, ".save(", ')');
    saved_ = saved.empty() ? std::vector<HistField>{} : parse_fields(saved);
    file_.tables.push_back(std::move(table));
    part_ = Part::entries;
    return true;
  }

  Found begin_entry(std::string_view rest) {
    return file_.tables.empty() || part_ != Part::entries ? Found::nothing : take_keys(rest, {});
  }

  // Takes keys and values. Stops at a key that is a stack, whose frames follow in lines of their own; the keys behind
  // it, and the values, stand in the line after the last frame.
  Found take_keys(std::string_view text, HistEntry entry) {
    const std::vector<HistField>& fields = file_.tables.back().keys;
    std::string_view sums;
    // The last place: a string may hold the same.
    const auto brace = text.rfind(kHitcount);
    if (brace != std::string_view::npos) {
      sums = text.substr(brace + 2);
      text = text.substr(0, brace);
      // An entry without a stack has a blank before its brace.
      if (!open_ && text.ends_with(' '))
        text.remove_suffix(1);
    }
    while (entry.keys.size() < fields.size()) {
      const HistField& field = fields[entry.keys.size()];
      const bool is_last = entry.keys.size() + 1 == fields.size();
      if (!take_start(text, printed_name(field) + ':'))
        return Found::nothing;
      if (is_stack(field)) {
        entry.keys.push_back({.field = field, .number = {}, .last = {}, .text = {}, .stack = {}});
        return text.empty() && sums.empty() ? open(std::move(entry)) : Found::nothing;
      }
      const std::string next = is_last ? std::string{} : ", " + printed_name(fields[entry.keys.size() + 1]) + ':';
      auto key = take_start(text, " ") ? take_value(text, field, next, kKeyWidth) : std::nullopt;
      if (!key)
        return Found::nothing;
      if (!is_last)
        take_start(text, ", ");
      entry.keys.push_back(std::move(*key));
    }
    return text.empty() && take_sums(sums, std::move(entry)) ? Found::whole : Found::nothing;
  }

  bool take_sums(std::string_view rest, HistEntry entry) {
    std::size_t field = 0;
    for (;;) {
      auto value = take_sum(rest, file_.tables.back().values, field);
      if (!value)
        return false;
      entry.values.push_back(std::move(*value));
      if (rest.empty())
        break;
      if (!take_start(rest, "  "))
        return false;
    }
    file_.tables.back().entries.push_back(std::move(entry));
    return true;
  }

  Found open(HistEntry entry) {
    if (!open_)
      open_.emplace();
    open_->entry = std::move(entry);
    return Found::open;
  }

  Found continue_entry(std::string_view line) {
    HistEntry& entry = open_->entry;
    if (take_start(line, kFrame)) {
      entry.keys.back().stack.emplace_back(line);
      return Found::open;
    }
    // The end, or further keys behind the stack.
    const bool has_all = entry.keys.size() == file_.tables.back().keys.size();
    if (has_all ? !line.starts_with(kHitcount) : !take_start(line, ", "))
      return Found::nothing;
    return take_keys(line, std::move(entry));
  }

  // 	max:        269  next_comm: kworker/u4:0                      prev_pid:          0
  // Snapshot taken (see tracing/snapshot).  Details:
  // 	triggering value { onmax($lat) }:         84	triggered by event with key: { next_pid:       2103 }
  bool is_action_line(HistTable& table, std::string_view line) {
    if (line == "Snapshot taken (see tracing/snapshot).  Details:" || line.starts_with("\ttriggering value { ") ||
        line.starts_with("\ttriggered by event with key: { "))
      return true;
    if (!take_start(line, "\t") || table.entries.empty())
      return false;
    HistTracked tracked;
    const auto colon = line.find(": ");
    tracked.name = line.substr(0, colon);
    if (colon == std::string_view::npos || (tracked.name != "max" && tracked.name != "changed"))
      return false;
    line.remove_prefix(colon + 2);
    for (std::size_t i = 0; i <= saved_.size(); ++i) {
      const std::string next = i < saved_.size() ? "  " + saved_[i].name + ": " : std::string{};
      auto value = take_value(line, i == 0 ? HistField{} : saved_[i - 1], next, kSavedWidth);
      if (!value || (i == 0 && !value->number))
        return false;
      line.remove_prefix(next.size());
      if (i == 0)
        tracked.number = *value->number;
      else
        tracked.saved.push_back(std::move(*value));
    }
    table.entries.back().tracked.push_back(std::move(tracked));
    return true;
  }

  // Gives up an entry that did not come to its end.
  void drop_open(SkipReason reason) {
    if (!open_)
      return;
    skip(open_->records, open_->bytes, {open_->first_record, open_->offset, reason, open_->first_line});
    open_.reset();
  }

  void skip(std::uint64_t records, std::uint64_t bytes, ParseStats::BadRecord bad) {
    ParseStats& stats = file_.stats;
    stats.skipped_bytes += bytes;
    stats.skipped_records_by_reason[static_cast<std::size_t>(bad.reason)] += records;
    if (!stats.first_bad)
      stats.first_bad = std::move(bad);
  }

  static constexpr std::size_t kQuoted = 200;

  HistFile file_;
  Part part_ = Part::entries;
  HistTable::Totals totals_;
  std::vector<HistField> saved_;
  std::optional<OpenEntry> open_;
};

}  // namespace

std::uint64_t HistEntry::hitcount() const {
  return value("hitcount").value_or(0);
}

std::optional<std::uint64_t> HistEntry::value(std::string_view name) const {
  const auto found = std::ranges::find(values, name, [](const HistValue& v) { return std::string_view(v.field.name); });
  return found == values.end() ? std::nullopt : found->number;
}

HistFile parse_hist(std::string_view text) {
  return HistParser{}.parse(text);
}

}  // namespace fathom
