#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace fathom {

/// What a RingBuffer did with the records that it found. `read + discarded + wrong_size` is all.
struct RingReaderStats {
  std::uint64_t read{};        ///< handed out
  std::uint64_t discarded{};   ///< reserved by the program and given back with bpf_ringbuf_discard()
  std::uint64_t wrong_size{};  ///< of another size than T, passed over
  /// How often the positions made no sense, since somebody else reads the same map; what was there is given up.
  std::uint64_t resynchronized{};
};

}  // namespace fathom

namespace fathom::detail {

/// Goes through the records in the memory of a ring buffer, whatever bytes are there. As in kernel/bpf/ringbuf.c
/// (Linux 5.8) the memory is mapped twice in a row, so that no record is in two pieces, and before each record stands
/// its length, with two bits for "not yet written" and "given back". Positions count all bytes ever written. Nothing
/// outside the two mappings is touched.
class RingWalk {
 public:
  using Position = unsigned long;  ///< the kernel's

  RingWalk() = default;
  /// `data` are 2 * `capacity` bytes, and `capacity` is a power of two from 8 on. Positions of records are multiples
  /// of 8; what is read first is at `position` or just before it.
  RingWalk(const std::byte* data, std::size_t capacity, Position position) noexcept
      : data_(data), mask_(capacity - 1), position_(position / kHeader * kHeader) {}

  [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }
  /// Up to where it has been read.
  [[nodiscard]] Position position() const noexcept { return position_; }
  /// Whether there is something for next() to do.
  [[nodiscard]] bool ready(Position end) const noexcept {
    return !is_read_up_to(end) && (is_stale(end) || (length_word(position_) & kBusy) == 0);
  }
  /// The next record before `end` that the program submitted, with no data() if there is none. read_up_to() makes it
  /// the past.
  [[nodiscard]] std::span<const std::byte> next(Position end, Position& after) noexcept {
    while (!is_read_up_to(end)) {
      if (is_stale(end)) [[unlikely]] {
        resynchronize(end);
        break;
      }
      const std::uint32_t word = length_word(position_);
      if ((word & kBusy) != 0) [[unlikely]]
        break;
      const std::size_t size = word & ~kDiscarded;
      after = position_ + (size + kHeader + 7) / 8 * 8;
      if (after - position_ > end - position_) [[unlikely]] {
        resynchronize(end);
        break;
      }
      if ((word & kDiscarded) == 0) [[likely]]
        return {data_ + (position_ & mask_) + kHeader, size};
      stats.discarded += 1;
      position_ = after;
    }
    return {};
  }
  void read_up_to(Position position) noexcept { position_ = position; }
  /// Goes on at `end`, if the position is not one that a reader could have reached by then.
  void start_before(Position end) noexcept {
    if (position_ != end && is_read_up_to(end))
      resynchronize(end);
  }

  RingReaderStats stats;

 private:
  static constexpr std::uint32_t kBusy = 1U << 31;
  static constexpr std::uint32_t kDiscarded = 1U << 30;
  static constexpr std::size_t kHeader = 8;

  // Positions wrap around, so "behind" is by less than half of them. One may be ahead of `end`: that of a batch from
  // before the last.
  [[nodiscard]] bool is_read_up_to(Position end) const noexcept {
    return position_ - end <= std::numeric_limits<Position>::max() / 2;
  }
  // More is written than there is room for: another reader gave back what was not read here.
  [[nodiscard]] bool is_stale(Position end) const noexcept { return end - position_ > capacity(); }
  [[nodiscard]] std::uint32_t length_word(Position position) const noexcept {
    // Only read; std::atomic_ref<const T> came with C++26.
    auto* const header = const_cast<std::byte*>(data_ + (position & mask_));  // NOLINT(*-const-cast)
    return std::atomic_ref(*reinterpret_cast<std::uint32_t*>(header)).load(std::memory_order_acquire);
  }
  void resynchronize(Position end) noexcept {
    stats.resynchronized += 1;
    position_ = end;
  }

  const std::byte* data_ = nullptr;
  std::size_t mask_ = 0;
  Position position_ = 0;
};

}  // namespace fathom::detail
