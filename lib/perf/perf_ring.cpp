#include "perf_ring.hpp"

#include <linux/perf_event.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace fathom::perf {

bool PerfRing::take_until(Position head, std::span<std::byte> copy) noexcept {
  const bool whole = head - *tail_ <= data_.size();
  const std::size_t size = bytes_until(head);
  const std::size_t start = *tail_ & (data_.size() - 1);
  const std::size_t until_end = std::min(size, data_.size() - start);
  const auto behind = std::ranges::copy(data_.subspan(start, until_end), copy.begin()).out;
  std::ranges::copy(data_.first(size - until_end), behind);
  // Release: the records were read before their room is given back.
  std::atomic_ref(*tail_).store(head, std::memory_order_release);
  return whole;
}

std::span<const std::byte> PerfRing::bytes(Position position, std::size_t size) {
  const std::size_t start = position & (data_.size() - 1);
  const std::size_t until_end = data_.size() - start;
  if (size <= until_end)
    return data_.subspan(start, size);
  wrapped_.resize(size);
  std::memcpy(wrapped_.data(), data_.data() + start, until_end);
  std::memcpy(wrapped_.data() + until_end, data_.data(), size - until_end);
  return wrapped_;
}

std::span<const std::byte> PerfRing::next(Position tail, Position head) {
  const Position left = head - tail;
  if (left > data_.size() || left < sizeof(perf_event_header))
    return {};
  perf_event_header header{};
  std::memcpy(&header, bytes(tail, sizeof header).data(), sizeof header);
  if (header.size < sizeof header || header.size > left)
    return {};
  return bytes(tail, header.size);
}

void PerfRing::skip(ParseStats& stats, Position tail, Position head) {
  // A kernel that claims to have written more than there is room for has overwritten it.
  const auto left = std::min<std::size_t>(head - tail, data_.size());
  stats.bytes += left;
  count_skipped(stats, bytes(tail, left), SkipReason::cut_line);
}

void PerfRing::count_skipped(ParseStats& stats, std::span<const std::byte> record, SkipReason reason) {
  stats.count_skipped(reason, {reinterpret_cast<const char*>(record.data()), record.size()}, record.size());
}

}  // namespace fathom::perf
