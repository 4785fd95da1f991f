#include "sample_ring.hpp"

#include "read_counts.hpp"
#include "record_walk.hpp"

#include <fathom/base/error.hpp>

#include <linux/perf_event.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string_view>
#include <utility>
#include <variant>

namespace fathom::perf {

namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::size_t kLargestRecord = std::numeric_limits<decltype(perf_event_header::size)>::max();

// How many it takes to hold so many bytes.
constexpr std::size_t words_of(std::size_t bytes) {
  return (bytes + kWord - 1) / kWord;
}

}  // namespace

SampleRing::SampleRing(int fd, std::size_t pages, std::optional<unsigned> cpu, std::string_view what)
    : first_(fd), cpu_(cpu), mapping_(fd, pages, what), ring_(mapping_.ring()) {}

void SampleRing::add_event(int fd, std::uint64_t read_format, std::size_t index) {
  if (fd != first_ && ::ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, first_) != 0)
    throw Error(errno, "have several events write to one ring");
  std::uint64_t id = 0;
  if (::ioctl(fd, PERF_EVENT_IOC_ID, &id) != 0)
    throw Error(errno, "ask for the number of an event");
  const auto behind = std::ranges::upper_bound(events_, id, {}, &Event::id);
  events_.insert(behind, {.id = id, .fd = fd, .read_format = read_format, .index = index});
}

std::size_t SampleRing::look() {
  head_ = ring_.head();
  return words_of(ring_.bytes_until(head_));
}

void SampleRing::drain(const RecordLayout& layout, SampleBuffer& buffer, ParseStats& stats) {
  const std::size_t bytes = ring_.bytes_until(head_);
  // Where the largest of records would still have found room, none was lost.
  const bool may_be_more = bytes + kLargestRecord > ring_.size();
  const std::span<std::uint64_t> free = std::span(buffer.words).subspan(buffer.used, words_of(bytes));
  const bool whole = ring_.take_until(head_, std::as_writable_bytes(free));
  const std::span<const std::uint64_t> words = free.first(bytes / kWord);
  walk_records(whole ? words : words.first(0), stats,
               [&](std::span<const std::uint64_t> record) { return take(layout, record, buffer); });
  // What the kernel has written over, and what is no whole word, which it never writes.
  const std::size_t rest = whole ? bytes % kWord : bytes;
  if (rest > 0) {
    stats.bytes += rest;
    const auto text = std::as_bytes(free).subspan(bytes - rest, rest);
    stats.count_skipped(SkipReason::cut_line, {reinterpret_cast<const char*>(text.data()), text.size()}, rest);
  }
  buffer.used += words.size();
  tell_losses(may_be_more, buffer, stats);
}

bool SampleRing::take(const RecordLayout& layout, std::span<const std::uint64_t> record, SampleBuffer& buffer) {
  const Decoded decoded = decode_record(layout, record, buffer.records, lost_told_);
  if (decoded != Decoded::record || (layout.sample_type & PERF_SAMPLE_IDENTIFIER) == 0)
    return decoded != Decoded::nothing;
  auto* const sample = std::get_if<PerfSample>(&buffer.records.back());
  if (sample == nullptr || find_event(*sample))
    return true;
  buffer.records.pop_back();
  return false;
}

bool SampleRing::find_event(PerfSample& sample) const {
  const auto event = std::ranges::lower_bound(events_, sample.id.value_or(0), {}, &Event::id);
  if (event == events_.end() || event->id != sample.id)
    return false;
  sample.event = event->index;
  return true;
}

std::uint64_t SampleRing::lost_by_events() const {
  std::uint64_t lost = 0;
  for (const Event& event : events_) {
    if (const auto counts = read_counts(event.fd, event.read_format))
      lost += counts->lost;
  }
  return lost;
}

void SampleRing::tell_losses(bool may_be_more, SampleBuffer& buffer, ParseStats& stats) {
  const auto tell = [&](PerfLoss::Reason reason, std::uint64_t records) {
    buffer.losses.push_back({.reason = reason, .cpu = cpu_, .records = records});
    stats.losses += 1;
    stats.lost_events += records;
  };
  const std::uint64_t lost = std::max(lost_told_.ring_full, may_be_more ? lost_by_events() : 0);
  if (lost > lost_counted_)
    tell(PerfLoss::Reason::ring_full, lost - std::exchange(lost_counted_, lost));
  if (lost_told_.hardware > 0)
    tell(PerfLoss::Reason::hardware, std::exchange(lost_told_.hardware, 0));
}

}  // namespace fathom::perf
