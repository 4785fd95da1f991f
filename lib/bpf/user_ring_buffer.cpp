#include "mapped_pages.hpp"

#include <fathom/base/owning_process.hpp>
#include <fathom/bpf/user_ring_buffer.hpp>

#include <linux/bpf.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace fathom {

namespace detail {

namespace {

constexpr std::size_t kHeader = BPF_RINGBUF_HDR_SZ;

std::size_t room_for(std::size_t size) {
  return (size + kHeader + 7) / 8 * 8;
}

}  // namespace

/// The buffer as kernel/bpf/ringbuf.c lays it out: a page with the consumer's position, one with the producer's, and
/// the data twice one after the other, so that a record that goes over the end is in one piece.
class UserRing {
 public:
  explicit UserRing(const BpfMap& map)
      : size_(map.max_entries()),
        consumer_(map, 0, bpf::page_size(), false),
        producer_(map, bpf::page_size(), bpf::page_size() + 2 * size_, true) {}

  [[nodiscard]] bool is_of_this_process() const noexcept { return owner_.is_current(); }

  [[nodiscard]] std::span<std::byte> reserve(std::size_t size) noexcept {
    if (size == 0 || size >= BPF_RINGBUF_DISCARD_BIT || room_for(size) > size_)
      return {};
    const std::uint64_t position = produced().load(std::memory_order_relaxed);
    if (size_ - pending() < room_for(size))
      return {};
    std::byte* const header = data() + position % size_;
    length(header).store(static_cast<std::uint32_t>(size) | BPF_RINGBUF_BUSY_BIT, std::memory_order_relaxed);
    // What stands behind the position is seen by programs: the length first.
    produced().store(position + room_for(size), std::memory_order_release);
    return {header + kHeader, size};
  }

  static void finish(std::span<std::byte> bytes, bool keep) noexcept {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    length(bytes.data() - kHeader).store(keep ? size : size | BPF_RINGBUF_DISCARD_BIT, std::memory_order_release);
  }

  [[nodiscard]] std::uint64_t pending() const noexcept {
    const std::uint64_t consumed = position(consumer_).load(std::memory_order_acquire);
    return produced().load(std::memory_order_acquire) - consumed;
  }

 private:
  static std::atomic_ref<std::uint64_t> position(const bpf::MappedPages& pages) noexcept {
    return std::atomic_ref(*reinterpret_cast<std::uint64_t*>(pages.data()));
  }
  static std::atomic_ref<std::uint32_t> length(std::byte* header) noexcept {
    return std::atomic_ref(*reinterpret_cast<std::uint32_t*>(header));
  }
  [[nodiscard]] std::atomic_ref<std::uint64_t> produced() const noexcept { return position(producer_); }
  [[nodiscard]] std::byte* data() const noexcept { return producer_.data() + bpf::page_size(); }

  OwningProcess owner_;
  std::size_t size_;
  bpf::MappedPages consumer_;
  bpf::MappedPages producer_;
};

}  // namespace detail

UserRingBuffer::Record::~Record() {
  if (ring_ && ring_->is_of_this_process())
    discard();
}

UserRingBuffer::Record& UserRingBuffer::Record::operator=(Record&& other) noexcept {
  if (this != &other) {
    discard();
    ring_ = std::move(other.ring_);
    bytes_ = std::exchange(other.bytes_, std::span<std::byte>());
  }
  return *this;
}

void UserRingBuffer::Record::submit() noexcept {
  if (!bytes_.empty())
    detail::UserRing::finish(std::exchange(bytes_, std::span<std::byte>()), true);
}

void UserRingBuffer::Record::discard() noexcept {
  if (!bytes_.empty())
    detail::UserRing::finish(std::exchange(bytes_, std::span<std::byte>()), false);
}

UserRingBuffer::UserRingBuffer(BpfMap map)
    : TypedMap(std::move(map), BpfMapType::user_ringbuf, detail::no_record(), detail::no_record()),
      ring_(std::make_shared<detail::UserRing>(this->map())) {}

UserRingBuffer UserRingBuffer::create(const MapOptions& options) {
  return UserRingBuffer(detail::create_typed(options, BpfMapType::user_ringbuf, 0, 0));
}

UserRingBuffer UserRingBuffer::open_pinned(const std::string& path) {
  return UserRingBuffer(BpfMap::open_pinned(path));
}

UserRingBuffer::Record UserRingBuffer::reserve(std::size_t size) {
  return {ring_, ring_->reserve(size)};
}

std::size_t UserRingBuffer::pending_bytes() const noexcept {
  return ring_->pending();
}

}  // namespace fathom
