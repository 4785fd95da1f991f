#include "sample_ring.hpp"

#include "read_counts.hpp"

#include <fathom/base/error.hpp>

#include <linux/perf_event.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

namespace fathom::perf {

namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::size_t kLargestRecord = std::numeric_limits<decltype(perf_event_header::size)>::max();

}  // namespace

SampleRing::SampleRing(int fd, std::size_t pages, std::optional<unsigned> cpu, std::string_view what)
    : first_(fd), cpu_(cpu), mapping_(fd, pages, what), ring_(mapping_.ring()) {}

void SampleRing::add_event(int fd, std::uint64_t read_format) {
  if (fd != first_ && ::ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, first_) != 0)
    throw Error(errno, "have several events write to one ring");
  events_.push_back({.fd = fd, .read_format = read_format});
}

std::size_t SampleRing::look() {
  head_ = ring_.head();
  return ring_.bytes_until(head_) / kWord;
}

void SampleRing::drain(const RecordLayout& layout, SampleBuffer& buffer, ParseStats& stats) {
  const std::size_t bytes = ring_.bytes_until(head_);
  // Where the largest of records would still have found room, none was lost.
  const bool may_be_more = bytes + kLargestRecord > ring_.size();
  ring_.drain_until(head_, stats, [&](std::span<const std::byte> record) {
    const std::size_t words = record.size() / kWord;
    if (words * kWord != record.size())
      return false;
    const std::span<std::uint64_t> copy = std::span(buffer.words).subspan(buffer.used, words);
    std::memcpy(copy.data(), record.data(), record.size());
    const Decoded decoded = decode_record(layout, copy, buffer.records.emplace_back(), lost_told_);
    if (decoded == Decoded::record)
      buffer.used += words;
    else
      buffer.records.pop_back();
    return decoded != Decoded::nothing;
  });
  tell_losses(may_be_more, buffer, stats);
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
