#pragma once

#include <fathom/base/parse_stats.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <span>
#include <vector>

namespace fathom::perf {

/// Reads the records out of a ring that the kernel fills: everything about it but the mapping (perf_event_open(2),
/// "MMAP layout"). Records may wrap around the end; what a record says of its size is not trusted.
///
/// `head` is written by the kernel and counts all bytes ever written, `tail` is written here and counts those read. The
/// memory is not owned.
class PerfRing {
 public:
  using Position = unsigned long long;  ///< the kernel's __u64

  PerfRing() = default;
  /// `data` has a size that is a power of two and at least 8.
  PerfRing(Position& head, Position& tail, std::span<const std::byte> data) noexcept
      : head_(&head), tail_(&tail), data_(data) {}

  /// How far the kernel has written.
  [[nodiscard]] Position head() const noexcept {
    // Acquire: the records before `head` were written before it.
    return std::atomic_ref(*head_).load(std::memory_order_acquire);
  }
  /// How many bytes are there to be read, up to `head`; never more than the ring has.
  [[nodiscard]] std::size_t bytes_until(Position head) const noexcept {
    return static_cast<std::size_t>(std::min<Position>(head - *tail_, data_.size()));
  }
  /// How large it is, in bytes.
  [[nodiscard]] std::size_t size() const noexcept { return data_.size(); }

  /// Copies what is before `head`, a position that `head()` gave, to `copy`, which has room for `bytes_until(head)`,
  /// and gives the ring's room back. Whether it makes sense: not where the kernel has written over what was there.
  [[nodiscard]] bool take_until(Position head, std::span<std::byte> copy) noexcept;

  /// Gives `on_record` each whole record, header included, that was there at the call; it says whether it understood.
  /// The bytes are valid during the call only. Counts each in `stats`.
  template <typename OnRecord>
  void drain(ParseStats& stats, OnRecord on_record) {
    const Position head = this->head();
    Position tail = *tail_;  // nobody else writes it
    while (tail != head) {
      const std::span<const std::byte> record = next(tail, head);
      if (record.empty()) {
        skip(stats, tail, head);
        break;
      }
      stats.bytes += record.size();
      if (on_record(record)) {
        stats.count_parsed(record.size());
      } else {
        count_skipped(stats, record, SkipReason::unknown_line);
      }
      tail += record.size();
    }
    // Release: the records were read before their room is given back.
    std::atomic_ref(*tail_).store(head, std::memory_order_release);
  }

 private:
  // The record at `tail`; empty if it has a size that no record has.
  [[nodiscard]] std::span<const std::byte> next(Position tail, Position head);
  // `size` bytes of the ring at `position`, in one piece.
  [[nodiscard]] std::span<const std::byte> bytes(Position position, std::size_t size);
  // All that is left makes no sense.
  void skip(ParseStats& stats, Position tail, Position head);
  static void count_skipped(ParseStats& stats, std::span<const std::byte> record, SkipReason reason);

  Position* head_ = nullptr;
  Position* tail_ = nullptr;
  std::span<const std::byte> data_;
  std::vector<std::byte> wrapped_;  // a record that wrapped around, in one piece
};

}  // namespace fathom::perf
