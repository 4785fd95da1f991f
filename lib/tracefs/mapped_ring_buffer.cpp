#include "mapped_ring_buffer.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/parse_stats.hpp>
#include <fathom/rawtrace/detail/commit_bits.hpp>
#include <fathom/rawtrace/detail/page_cursor.hpp>

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace fathom::tracefs {

namespace {

// include/uapi/linux/trace_mmap.h, Linux 6.10; the headers that we are built with may be older.
struct Meta {
  std::uint32_t meta_page_size;
  std::uint32_t meta_struct_len;
  std::uint32_t subbuf_size;
  std::uint32_t nr_subbufs;
  std::uint64_t reader_lost_events;
  std::uint32_t reader_id;
  std::uint32_t reader_read;
  std::uint64_t flags;
  std::uint64_t entries;
  std::uint64_t overrun;
  std::uint64_t read;
};
constexpr unsigned long kGetReader = _IO('R', 0x20);

using fathom::detail::kMissedEvents;
using fathom::detail::kMissedStored;

// As the kernel left it at our last call: it writes this page when it is asked, and when others read.
Meta meta_of(const void* page) {
  Meta meta{};
  std::memcpy(&meta, page, sizeof(meta));
  return meta;
}

std::uint64_t load_long(const std::byte* from, std::uint32_t size) {
  std::uint64_t value = 0;  // this machine's own byte order; of a 32-bit kernel's long the other half stays 0
  if (size == sizeof(value)) {
    std::memcpy(&value, from, sizeof(value));
    return value;
  }
  std::uint32_t half = 0;
  std::memcpy(&half, from, sizeof(half));
  return half;
}

void store_long(std::byte* to, std::uint64_t value, std::uint32_t size) {
  if (size == sizeof(value)) {
    std::memcpy(to, &value, sizeof(value));
    return;
  }
  const auto half = static_cast<std::uint32_t>(value);
  std::memcpy(to, &half, sizeof(half));
}

// Where the clock stands behind the last event of a page.
std::uint64_t last_time(const PageLayout& layout, std::span<const std::byte> page) {
  ParseStats unused;
  fathom::detail::PageCursor<false> cursor(layout, 0, 0, page, unused);
  for (RawRecord record; cursor.next(record);) {
  }
  return cursor.time();
}

}  // namespace

MappedRingBuffer::Memory::~Memory() {
  if (begin_ != nullptr)
    ::munmap(begin_, size_);
}

MappedRingBuffer::Memory MappedRingBuffer::map_pages(int fd, std::size_t size, std::size_t offset) {
  void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(offset));
  return {memory == MAP_FAILED ? nullptr : memory, size};
}

std::unique_ptr<MappedRingBuffer> MappedRingBuffer::map(int fd, const PageLayout& layout) {
  Memory meta_page = map_pages(fd, static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)), 0);
  if (meta_page.begin() == nullptr)
    return nullptr;
  const Meta meta = meta_of(meta_page.begin());
  if (meta.meta_struct_len < sizeof(Meta) || meta.subbuf_size != layout.page_size() ||
      meta.reader_id >= meta.nr_subbufs || meta.reader_read > layout.data_size)
    return nullptr;
  Memory pages = map_pages(fd, std::size_t{meta.subbuf_size} * meta.nr_subbufs, meta.meta_page_size);
  if (pages.begin() == nullptr)
    return nullptr;
  // Its constructor is not for make_unique.
  return std::unique_ptr<MappedRingBuffer>(new MappedRingBuffer(fd, layout, meta.reader_id, meta.reader_read,
                                                                std::move(meta_page),  // NOLINT(*-owning-memory)
                                                                std::move(pages)));
}

MappedRingBuffer::MappedRingBuffer(int fd, const PageLayout& layout, std::uint32_t id, std::uint32_t given, Memory meta,
                                   Memory pages)
    : fd_(fd), layout_(layout), meta_(std::move(meta)), pages_(std::move(pages)), id_(id), given_(given) {
  // What others have read of this page: it is a page by itself, up to there.
  PageLayout read_part = layout_;
  read_part.data_size = given_;
  std::vector<std::byte> part(page(), page() + read_part.page_size());
  store_long(part.data() + layout_.commit_offset, given_, layout_.long_size);
  time_ = last_time(read_part, part);
}

const std::byte* MappedRingBuffer::page() const noexcept {
  return static_cast<const std::byte*>(pages_.begin()) + id_ * layout_.page_size();
}

TakenPages MappedRingBuffer::take(std::span<std::byte> buffer) {
  while (::ioctl(fd_, kGetReader) != 0) {
    const int error = errno;
    if (error == EAGAIN)
      return {};
    if (error != EINTR)
      throw Error(error, "read the mapped ring buffer");
  }
  const Meta now = meta_of(meta_.begin());
  if (now.reader_id >= now.nr_subbufs || now.reader_read > layout_.data_size)
    throw Error(EBADMSG, "read the mapped ring buffer", {}, "its page of numbers holds what cannot be");
  if (now.reader_id != id_ || now.reader_read < given_) {
    id_ = now.reader_id;
    given_ = 0;
  }
  if (now.reader_read == given_)
    return {};
  const bool finished = is_finished(now.reader_read);
  if (finished && given_ == 0) {
    given_ = now.reader_read;
    return {{page(), layout_.page_size()}, true};
  }
  return {copy_new(now.reader_read, buffer), finished};
}

// Whether nobody writes to this page any more, so that it may be looked at in place. The kernel does not tell: its
// numbers of events run ahead of what is on the page. But it fills what is left of a page before it goes on to the next
// (rb_reset_tail), unless no event would fit; and it marks a loss only on a page that its writers have left.
bool MappedRingBuffer::is_finished(std::uint32_t read) const noexcept {
  constexpr std::uint32_t kSmallestEvent = 8;
  return layout_.data_size - read < kSmallestEvent ||
         (load_long(page() + layout_.commit_offset, layout_.long_size) & kMissedEvents) != 0;
}

// The kernel does the same for a reader that comes back to a page: what is new is a page that begins with the time of
// the last event before it (ring_buffer_read_page).
std::span<const std::byte> MappedRingBuffer::copy_new(std::uint32_t end, std::span<std::byte> buffer) {
  const std::span<std::byte> copy = buffer.first(layout_.page_size());
  std::byte* const data = copy.data() + layout_.data_offset;
  const std::byte* const from = page() + layout_.data_offset;
  const std::uint32_t size = end - given_;
  std::ranges::fill(copy, std::byte{0});
  std::memcpy(data, from + given_, size);
  std::uint64_t commit = size;
  if (given_ == 0) {
    std::memcpy(copy.data() + layout_.timestamp_offset, page() + layout_.timestamp_offset, sizeof(time_));
    const std::uint64_t marks =
        load_long(page() + layout_.commit_offset, layout_.long_size) & (kMissedEvents | kMissedStored);
    commit |= marks;
    if ((marks & kMissedStored) != 0 && layout_.data_size - size >= layout_.long_size)
      std::memcpy(data + size, from + size, layout_.long_size);
  } else {
    std::memcpy(copy.data() + layout_.timestamp_offset, &time_, sizeof(time_));
  }
  store_long(copy.data() + layout_.commit_offset, commit, layout_.long_size);
  given_ = end;
  time_ = last_time(layout_, copy);
  return copy;
}

}  // namespace fathom::tracefs
