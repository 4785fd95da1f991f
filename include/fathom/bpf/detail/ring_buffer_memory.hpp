#pragma once

#include <fathom/base/owning_process.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/detail/ring_walk.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>

namespace fathom::detail {

/// The memory of a map of type ringbuf, and how far it is read: a RingBuffer without the type of its records. A page
/// with the reader's position, one with the writer's, and the records, of which RingWalk knows. One that was moved from
/// is that of a ring into which nothing was ever written, and throws BpfError (EBADF) where it is to wait.
class RingBufferMemory {
 public:
  using Position = RingWalk::Position;

  /// Throws BpfError: bad_object if it is of another type.
  explicit RingBufferMemory(const BpfMap& map);
  ~RingBufferMemory();
  RingBufferMemory(RingBufferMemory&& other) noexcept;
  RingBufferMemory& operator=(RingBufferMemory&& other) noexcept;
  RingBufferMemory(const RingBufferMemory&) = delete;
  RingBufferMemory& operator=(const RingBufferMemory&) = delete;

  [[nodiscard]] int native_handle() const noexcept { return epoll_.get(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return walk_.capacity(); }
  [[nodiscard]] std::size_t waiting() const noexcept { return produced() - walk_.position(); }

  /// Up to where records have been reserved.
  [[nodiscard]] Position produced() const noexcept {
    return std::atomic_ref(*producer_).load(std::memory_order_acquire);
  }
  /// Whether a whole record is there; if not, the kernel wakes who waits when the next one is.
  [[nodiscard]] bool ready() const noexcept {
    if (walk_.ready(produced()))
      return true;
    // The kernel wakes only a reader whose position is that of the new record. So that either it sees ours, or we see
    // its record, ours has to be there before the second look.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return walk_.ready(produced());
  }
  /// Gives back what was read, and waits until a record is there whose size `fits`, the time is over, or a signal
  /// handler has run. Throws BpfError.
  void wait(std::optional<std::chrono::nanoseconds> timeout, bool (*fits)(std::size_t size) noexcept);

  /// RingWalk's.
  [[nodiscard]] std::span<const std::byte> next(Position end, Position& after) noexcept {
    return walk_.next(end, after);
  }
  /// The same for records whose size `fits`; the others are counted and passed over.
  template <class Fits>
  [[nodiscard]] std::span<const std::byte> next(Position end, Position& after, Fits fits) noexcept {
    auto record = next(end, after);
    while (record.data() != nullptr && !fits(record.size())) [[unlikely]] {
      stats().wrong_size += 1;
      read_up_to(after);
      record = next(end, after);
    }
    return record;
  }
  void read_up_to(Position position) noexcept { walk_.read_up_to(position); }
  /// Gives the room of what was read back to the program.
  void release() noexcept { std::atomic_ref(*consumer_).store(walk_.position(), std::memory_order_release); }

  [[nodiscard]] RingReaderStats& stats() noexcept { return walk_.stats; }
  [[nodiscard]] const RingReaderStats& stats() const noexcept { return walk_.stats; }

 private:
  OwningProcess owner_;
  BpfMap map_;
  UniqueFd epoll_;
  Position* consumer_ = nullptr;
  Position* producer_ = nullptr;  // mapped for reading only
  RingWalk walk_;
};

}  // namespace fathom::detail
