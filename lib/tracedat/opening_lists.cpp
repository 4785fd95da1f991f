#include "opening.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace fathom {

namespace {

// "0x1f", "-12", "017", "31": as C reads a number whose base it is to find out. 0 where there is none.
std::int64_t number_of(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const bool negative = text.starts_with('-');
  text.remove_prefix(negative || text.starts_with('+') ? 1 : 0);
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.starts_with('0')) {
    base = 8;
  }
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return static_cast<std::int64_t>(negative ? 0 - value : value);
}

// "[local] global counter": the one in brackets.
std::string_view chosen(std::string_view clocks) {
  const auto open = clocks.find('[');
  const auto close = clocks.find(']', open);
  return close == std::string_view::npos ? std::string_view{} : clocks.substr(open + 1, close - open - 1);
}

constexpr std::int64_t kNanosecondsPerMicrosecond = 1000;

}  // namespace

// A list ends with the number 0 alone in version 6; in version 7 with an option 0 that says where the next list is.
std::uint64_t TraceDatReader::Opening::read_option_list(ByteCursor& cursor) {
  while (true) {
    TraceDatOption option;
    option.id = cursor.u16();
    if (r_.version_ == 6 && option.id == 0)
      return 0;
    option.data = cursor.take(cursor.u32());
    if (cursor.failed())
      return 0;
    if (option.id == 0)
      return ByteCursor(option.data, swap_).u64();
    if (options_left_ == 0)
      return 0;
    --options_left_;
    r_.options_.push_back(option);
    take_option(option);
  }
}

void TraceDatReader::Opening::read_options7(std::uint64_t offset) {
  std::set<std::uint64_t> seen;
  std::uint64_t bytes_left = r_.file_.size();  // lists that overlap would be as many times as long
  while (offset != 0) {
    const auto section = section_at(offset);
    if (!section || section->id != 0 || !seen.insert(offset).second || section->content.size() > bytes_left)
      return count_skipped(SkipReason::bad_section, 0);
    bytes_left -= section->content.size();
    const auto content = content_of(*section);
    if (!content)
      return;
    ByteCursor cursor(*content, swap_);
    offset = read_option_list(cursor);
    if (cursor.failed())
      count_skipped(SkipReason::cut_file, section->content.size());
    else
      count_parsed(section->content.size());
  }
}

void TraceDatReader::Opening::take_option(const TraceDatOption& option) {
  ByteCursor data(option.data, swap_);
  switch (static_cast<TraceDatOptionId>(option.id)) {
    case TraceDatOptionId::date:
      return add_time_offset(number_of(option.text()), kNanosecondsPerMicrosecond);
    case TraceDatOptionId::offset:
      return add_time_offset(number_of(option.text()), 1);
    case TraceDatOptionId::tsc_to_nsec:
      if (option.data.size() >= 16) {
        r_.time_.multiplier = data.u32();
        r_.time_.shift = data.u32();
      }
      return;
    case TraceDatOptionId::cpu_count:
      if (option.data.size() >= 4)
        r_.cpu_count_ = data.u32();
      return;
    case TraceDatOptionId::trace_clock:
      r_.trace_clock_ = chosen(option.text());
      return;
    case TraceDatOptionId::buffer:
    case TraceDatOptionId::buffer_text:
      if (r_.version_ == 7)
        return take_buffer7(option);
      instances6_.push_back(option);  // read when the number of CPUs is known, which may stand in a later option
      return;
    default:
      return;
  }
}

// As 64 bits wrap around: the texts may say anything.
void TraceDatReader::Opening::add_time_offset(std::int64_t number, std::int64_t unit) noexcept {
  r_.time_.offset = static_cast<std::int64_t>(static_cast<std::uint64_t>(r_.time_.offset) +
                                              static_cast<std::uint64_t>(number) * static_cast<std::uint64_t>(unit));
}

void TraceDatReader::Opening::take_buffer7(const TraceDatOption& option) {
  ByteCursor data(option.data, swap_);
  const std::uint64_t offset = data.u64();
  TraceDatBuffer buffer;
  buffer.name = data.string();
  buffer.clock = data.string();
  const auto section = section_at(offset);
  if (data.failed() || !section || section->id != option.id)
    return count_skipped(SkipReason::bad_section, option.data.size());
  buffer.compressed = section->compressed;
  buffer.page_size = r_.page_size_;
  if (option.id == static_cast<std::uint16_t>(TraceDatOptionId::buffer_text)) {
    buffer.text = TraceDatCpu{0, offset_of(section->content), section->content.size()};
  } else {
    buffer.page_size = data.u32();
    const std::uint32_t cpus = data.u32();
    for (std::uint32_t i = 0; i < cpus && !data.failed() && cpus_left_ > 0; ++i) {
      TraceDatCpu cpu;
      cpu.cpu = data.u32();
      cpu.offset = data.u64();
      cpu.size = data.u64();
      if (!data.failed())
        add_cpu(buffer, cpu);
    }
    if (data.failed())
      count_skipped(SkipReason::bad_section, option.data.size());
  }
  if (r_.trace_clock_.empty() && buffer.name.empty())
    r_.trace_clock_ = buffer.clock;
  r_.buffers_.push_back(std::move(buffer));
}

void TraceDatReader::Opening::read_instances6() {
  std::set<std::uint64_t> seen;
  for (const TraceDatOption& option : std::exchange(instances6_, {})) {
    ByteCursor data(option.data, swap_);
    const std::uint64_t offset = data.u64();
    TraceDatBuffer buffer;
    buffer.name = data.string();
    ByteCursor cursor = cursor_at(offset);
    if (data.failed() || !seen.insert(offset).second) {
      count_skipped(SkipReason::bad_section, option.data.size());
      continue;
    }
    read_pages_or_text6(cursor, buffer, offset);
    count(cursor, 0);
    r_.buffers_.push_back(std::move(buffer));
  }
}

// What a buffer has in version 6: maybe options, then "latency" and text up to the end of the file, or "flyrecord" and
// a table of where each CPU's pages are.
void TraceDatReader::Opening::read_pages_or_text6(ByteCursor& cursor, TraceDatBuffer& buffer, std::uint64_t start) {
  using std::string_view_literals::operator""sv;
  buffer.page_size = r_.page_size_;
  if (cursor.accept("options  \0"sv))
    read_option_list(cursor);
  if (cursor.accept("latency  \0"sv)) {
    buffer.text = TraceDatCpu{0, start + cursor.at(), cursor.left()};
    return;
  }
  if (!cursor.accept("flyrecord\0"sv)) {
    cursor.fail();
    return;
  }
  const std::uint32_t cpus = r_.cpu_count_.value_or(0);
  for (std::uint32_t cpu = 0; cpu < cpus && cpus_left_ > 0 && !cursor.failed(); ++cpu) {
    TraceDatCpu place{cpu, cursor.u64(), 0};
    place.size = cursor.u64();
    if (!cursor.failed())
      add_cpu(buffer, place);
  }
  buffer.clock = r_.trace_clock_;
}

// The clock again, behind the table, where an option has it: "[local]". Files exist that lack it.
void TraceDatReader::Opening::read_clock6(ByteCursor& cursor, TraceDatBuffer& buffer) {
  ByteCursor clock = cursor;
  const std::string_view text = chosen(clock.text(clock.u64()));
  if (clock.failed() || text.empty())
    return;
  buffer.clock = text;
  cursor = clock;
}

void TraceDatReader::Opening::add_cpu(TraceDatBuffer& buffer, const TraceDatCpu& cpu) {
  --cpus_left_;
  buffer.cpus.push_back(cpu);
}

}  // namespace fathom
