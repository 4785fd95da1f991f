#pragma once

#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/bpf_variable.hpp>
#include <fathom/bpf/detail/reader_record.hpp>
#include <fathom/bpf/detail/ring_buffer_memory.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fathom {

/// The records that RingBuffer::poll() found: a range to go through once. A record counts as read when the loop has
/// come to it; those behind a `break` are there again at the next poll().
template <class T>
class RingBatch {
  using Record = detail::ReaderRecord<T>;

 public:
  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = T;
    using reference = typename Record::View;

    Iterator() = default;
    [[nodiscard]] reference operator*() const {
      take();
      return Record::view(record_);
    }
    Iterator& operator++() {
      take();
      find();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& at, std::default_sentinel_t /*end*/) { return at.record_.data() == nullptr; }

   private:
    friend class RingBatch;
    Iterator(detail::RingBufferMemory* memory, detail::RingBufferMemory::Position end) : memory_(memory), end_(end) {
      find();
    }
    void find() {
      taken_ = false;
      record_ = memory_->next(end_, after_, Record::fits);
    }
    void take() const {
      if (taken_)
        return;
      taken_ = true;
      memory_->stats().read += 1;
      memory_->read_up_to(after_);
    }

    detail::RingBufferMemory* memory_ = nullptr;
    detail::RingBufferMemory::Position end_ = 0;
    detail::RingBufferMemory::Position after_ = 0;
    std::span<const std::byte> record_;
    mutable bool taken_ = false;
  };

  /// None.
  RingBatch() = default;

  /// The first that has not been read.
  [[nodiscard]] Iterator begin() const { return memory_ == nullptr ? Iterator() : Iterator(memory_, end_); }
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }
  /// Whether none is left.
  [[nodiscard]] bool empty() const { return begin() == end(); }

 private:
  template <class>
  friend class RingBuffer;
  RingBatch(detail::RingBufferMemory& memory, detail::RingBufferMemory::Position end) : memory_(&memory), end_(end) {}

  detail::RingBufferMemory* memory_ = nullptr;
  detail::RingBufferMemory::Position end_ = 0;
};

/// Reads the records that a program writes into a map of type BPF_MAP_TYPE_RINGBUF, in the order in which they were
/// reserved on all CPUs.
///
///     auto opens = bpf.ring_buffer<Open>("opens");
///     for (const Open& open : opens.poll(100ms)) print(open);       // views into the ring, until the next poll
///     opens.consume([](const Open& open) { print(open); });         // without waiting
///     if (opens.lost().value_or(0) != 0) ...                        // FATHOM_RINGBUF(opens, ...) in the program
///
/// T is a record of one size, or std::span<const std::byte> for records of any. What is of another size than T is
/// passed over and counted in stats(), never given as a T. A program that finds no room loses its record, which no
/// kernel counts: fathom.bpf.h's fathom_ringbuf_reserve() and fathom_ringbuf_output() do, and lost() reads that.
///
/// Nothing is copied and nothing is allocated. Records that were read keep their room until the next poll(), so what
/// is slow should copy them (read()). One reader a map: the kernel keeps one position. A forked child that destroys its
/// copy leaves that as it is. Move-only; batches are of this object where it is, and one that was moved from has no
/// records, and throws BpfError (EBADF) where poll() would wait. For one thread at a time. Since Linux 5.8. Throws
/// BpfError.
template <class T>
class RingBuffer {
  using Record = detail::ReaderRecord<T>;

 public:
  /// Reads from where the last reader of the map left off. `record` is the struct's name on the BPF side, or empty for
  /// the name that T has here. If the object's BTF has it, T is compared with it, member by member where these are
  /// known (FATHOM_RECORD); if not, and `record` or the members are given, that is an error too: bad_object.
  explicit RingBuffer(const BpfMap& map, std::string_view record = {})
      : check_(Record::check(map, record)), lost_(detail::find_lost_counter(map)), memory_(map) {}

  /// Waits until a record is there, or for `timeout` (none: for ever), and gives all that are. What is discarded or of
  /// another size than T does not end the wait. The batch is empty if the time is over, or if a signal handler has run.
  /// Ends the batch before it. Not for a temporary, which would be gone before the batch is.
  [[nodiscard]] RingBatch<T> poll(std::optional<std::chrono::nanoseconds> timeout = {}) & {
    memory_.wait(timeout, Record::fits);
    return RingBatch<T>(memory_, memory_.produced());
  }
  /// The same without waiting, and without a system call: what is there. For AsyncReader, and for loops of one's own
  /// around native_handle().
  [[nodiscard]] RingBatch<T> drain() & noexcept {
    memory_.release();
    return memory_.ready() ? RingBatch<T>(memory_, memory_.produced()) : RingBatch<T>();
  }

  /// Calls `on_record` with each record that is there, until none is or it returns false (it may return nothing), and
  /// never waits. Gives the number of calls. The view is good during the call; a record whose call threw was read.
  template <class F>
    requires std::invocable<F&, typename Record::View>
  std::size_t consume(F&& on_record) {  // NOLINT(cppcoreguidelines-missing-std-forward): called more than once
    std::size_t count = 0;
    memory_.release();
    while (memory_.ready()) {
      const auto end = memory_.produced();
      detail::RingBufferMemory::Position after = 0;
      for (auto record = memory_.next(end, after); record.data() != nullptr; record = memory_.next(end, after)) {
        const AtEnd release{memory_, after};
        if (!Record::fits(record.size())) [[unlikely]] {
          memory_.stats().wrong_size += 1;
          continue;
        }
        memory_.stats().read += 1;
        count += 1;
        if constexpr (std::convertible_to<std::invoke_result_t<F&, typename Record::View>, bool>) {
          if (!std::invoke(on_record, Record::view(record)))
            return count;
        } else {
          std::invoke(on_record, Record::view(record));
        }
      }
      memory_.release();
    }
    return count;
  }

  /// Copies records that are there into `records`, as many as it holds, and never waits. Gives their number.
  std::size_t read(std::span<T> records)
    requires(!Record::kAnySize)
  {
    std::size_t count = 0;
    if (!records.empty())
      consume([&](const T& record) {
        records[count++] = record;
        return count < records.size();
      });
    return count;
  }

  /// An epoll descriptor, which stays this object's: readable when a record is there, also while
  /// the program has not finished it.
  [[nodiscard]] int native_handle() const noexcept { return memory_.native_handle(); }
  /// What was read, and what was passed over.
  [[nodiscard]] const RingReaderStats& stats() const noexcept { return memory_.stats(); }
  /// How many records the program had no room for, since it was loaded; empty if it does not count them, which it does
  /// in a global `__u64 NAME_lost` (fathom.bpf.h).
  [[nodiscard]] std::optional<std::uint64_t> lost() const noexcept {
    return lost_ ? std::optional(lost_->load(std::memory_order_relaxed)) : std::nullopt;
  }
  /// How far T was compared with the BPF side's.
  [[nodiscard]] RecordCheck record_check() const noexcept { return check_; }
  /// Bytes of room in the ring.
  [[nodiscard]] std::size_t capacity() const noexcept { return memory_.capacity(); }
  /// Bytes that are taken, also by records that the program has not finished.
  [[nodiscard]] std::size_t waiting() const noexcept { return memory_.waiting(); }

 private:
  // Gives the room of a record back after its call, whether that returned or threw.
  struct AtEnd {
    detail::RingBufferMemory& memory;
    detail::RingBufferMemory::Position after;
    AtEnd(detail::RingBufferMemory& of, detail::RingBufferMemory::Position to) noexcept : memory(of), after(to) {}
    ~AtEnd() {
      memory.read_up_to(after);
      memory.release();
    }
    AtEnd(const AtEnd&) = delete;
    AtEnd& operator=(const AtEnd&) = delete;
  };

  RecordCheck check_;
  std::optional<BpfVariable<const std::uint64_t>> lost_;
  detail::RingBufferMemory memory_;
};

}  // namespace fathom
