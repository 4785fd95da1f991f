#pragma once

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_map.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
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

/// The memory of a map of type ringbuf, and how far it is read: a RingBuffer without the type of its records. As in
/// kernel/bpf/ringbuf.c (Linux 5.8): a page with the reader's position, one with the writer's, and the records, mapped
/// twice in a row so that none is ever in two pieces. Before each record stands its length, with two bits for "not yet
/// written" and "given back". Positions count all bytes ever written.
class RingBufferMemory {
 public:
  using Position = unsigned long;  ///< the kernel's

  /// Throws BpfError: bad_object if it is of another type.
  explicit RingBufferMemory(const BpfMap& map);
  ~RingBufferMemory();
  RingBufferMemory(RingBufferMemory&& other) noexcept;
  RingBufferMemory& operator=(RingBufferMemory&& other) noexcept;
  RingBufferMemory(const RingBufferMemory&) = delete;
  RingBufferMemory& operator=(const RingBufferMemory&) = delete;

  [[nodiscard]] int native_handle() const noexcept { return epoll_.get(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }
  [[nodiscard]] std::size_t waiting() const noexcept { return produced() - position_; }

  /// Up to where records have been reserved.
  [[nodiscard]] Position produced() const noexcept {
    return std::atomic_ref(*producer_).load(std::memory_order_acquire);
  }
  /// Whether a whole record is there; if not, the kernel wakes who waits when the next one is.
  [[nodiscard]] bool ready() const noexcept {
    if (is_written(position_, produced()))
      return true;
    // The kernel wakes only a reader whose position is that of the new record. So that either it sees ours, or we see
    // its record, ours has to be there before the second look.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return is_written(position_, produced());
  }
  /// Waits until ready(), the time is over, or a signal handler has run. Throws BpfError.
  void wait(std::optional<std::chrono::nanoseconds> timeout) const;

  /// The next record before `end` that the program submitted, with no data() if there is none. read_up_to() makes it
  /// the past.
  [[nodiscard]] std::span<const std::byte> next(Position end, Position& after) noexcept {
    while (position_ != end) {
      const std::byte* const header = data_ + (position_ & mask_);
      const std::uint32_t word = length_word(header);
      if ((word & kBusy) != 0) [[unlikely]]
        break;
      const std::size_t size = word & ~kDiscarded;
      after = position_ + (size + kHeader + 7) / 8 * 8;
      if (after - position_ > end - position_) [[unlikely]] {
        resynchronize(end);
        break;
      }
      if ((word & kDiscarded) == 0) [[likely]]
        return {header + kHeader, size};
      stats.discarded += 1;
      position_ = after;
    }
    return {};
  }
  void read_up_to(Position position) noexcept { position_ = position; }
  /// Gives the room of what was read back to the program.
  void release() noexcept { std::atomic_ref(*consumer_).store(position_, std::memory_order_release); }

  RingReaderStats stats;

 private:
  static constexpr std::uint32_t kBusy = 1U << 31;
  static constexpr std::uint32_t kDiscarded = 1U << 30;
  static constexpr std::size_t kHeader = 8;

  [[nodiscard]] static std::uint32_t length_word(const std::byte* header) noexcept {
    // Only read; std::atomic_ref<const T> came with C++26.
    auto& word = *reinterpret_cast<std::uint32_t*>(const_cast<std::byte*>(header));  // NOLINT(*-const-cast)
    return std::atomic_ref(word).load(std::memory_order_acquire);
  }
  [[nodiscard]] bool is_written(Position position, Position end) const noexcept {
    return position != end && (length_word(data_ + (position & mask_)) & kBusy) == 0;
  }
  void resynchronize(Position end) noexcept;

  BpfMap map_;
  UniqueFd epoll_;
  Position* consumer_ = nullptr;
  Position* producer_ = nullptr;  // mapped for reading only
  const std::byte* data_ = nullptr;
  std::size_t mask_ = 0;
  Position position_ = 0;
};

}  // namespace fathom::detail
