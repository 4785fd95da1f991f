#include "error_cause.hpp"
#include "object_file.hpp"
#include "readable.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/detail/ring_buffer_memory.hpp>

#include <sched.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <string>
#include <utility>

namespace fathom::detail {

namespace {

// BPF_F_RB_OVERWRITE, Linux 6.19: the oldest records are written over, and are to be read in another way.
constexpr std::uint32_t kOverwrite = 1U << 19;

void check(const BpfMap& map) {
  if (map.type() != BpfMapType::ringbuf)
    throw bpf::bad_object(EINVAL, "read as a ring buffer", map.object_name(), map.name(),
                          "it is a map of type " + std::string(to_string(map.type())));
  if ((map.flags() & kOverwrite) != 0)
    throw BpfError({.errno_value = EOPNOTSUPP,
                    .operation = "read as a ring buffer",
                    .object = map.object_name(),
                    .name = map.name(),
                    .cause = BpfCause::unsupported,
                    .hint = "it writes over its oldest records (BPF_F_RB_OVERWRITE): make it without that flag"});
}

std::size_t page_size() {
  return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::byte* map_part(const BpfMap& map, std::size_t size, int protection, std::size_t offset) {
  void* const address = ::mmap(nullptr, size, protection, MAP_SHARED, map.native_handle(), static_cast<off_t>(offset));
  if (address == MAP_FAILED) {
    const int error = errno;
    throw bpf::failed(error, "map the memory of", map.object_name(), map.name());
  }
  return static_cast<std::byte*>(address);
}

// A record is written in microseconds, as a rule; a program that sleeps may take as long as it likes. False if a signal
// handler has run.
bool wait_for_writer(unsigned looks) {
  constexpr unsigned kYields = 16;
  constexpr timespec kNap{.tv_sec = 0, .tv_nsec = 100'000};
  if (looks >= kYields)
    return ::nanosleep(&kNap, nullptr) == 0;
  ::sched_yield();
  return true;
}

// The positions of a reader that was moved from: that of the program, which nobody writes, and its own.
RingBufferMemory::Position nothing_produced = 0;
RingBufferMemory::Position nothing_consumed = 0;

}  // namespace

RingBufferMemory::RingBufferMemory(const BpfMap& map) : map_(map) {
  check(map);
  epoll_ = bpf::make_epoll(map);
  bpf::add_to_epoll(epoll_, EPOLLIN, map.native_handle(), map);
  const std::size_t page = page_size();
  const std::size_t capacity = map.max_entries();
  consumer_ = reinterpret_cast<Position*>(map_part(map, page, PROT_READ | PROT_WRITE, 0));
  try {
    std::byte* const rest = map_part(map, page + 2 * capacity, PROT_READ, page);
    producer_ = reinterpret_cast<Position*>(rest);
    walk_ = RingWalk(rest + page, capacity, std::atomic_ref(*consumer_).load(std::memory_order_acquire));
    walk_.start_before(produced());
  } catch (...) {
    ::munmap(consumer_, page);
    throw;
  }
}

RingBufferMemory::~RingBufferMemory() {
  if (consumer_ == &nothing_consumed)
    return;
  // The position is the map's: that of a forked child's copy is an old one.
  if (owner_.is_current())
    release();
  const std::size_t page = page_size();
  ::munmap(consumer_, page);
  ::munmap(producer_, page + 2 * capacity());
}

RingBufferMemory::RingBufferMemory(RingBufferMemory&& other) noexcept
    : owner_(other.owner_),
      map_(other.map_),
      epoll_(std::move(other.epoll_)),
      consumer_(std::exchange(other.consumer_, &nothing_consumed)),
      producer_(std::exchange(other.producer_, &nothing_produced)),
      walk_(std::exchange(other.walk_, RingWalk())) {}

RingBufferMemory& RingBufferMemory::operator=(RingBufferMemory&& other) noexcept {
  RingBufferMemory taken(std::move(other));
  std::swap(owner_, taken.owner_);
  std::swap(map_, taken.map_);
  std::swap(epoll_, taken.epoll_);
  std::swap(consumer_, taken.consumer_);
  std::swap(producer_, taken.producer_);
  std::swap(walk_, taken.walk_);
  return *this;
}

void RingBufferMemory::wait(std::optional<std::chrono::nanoseconds> timeout, bool (*fits)(std::size_t size) noexcept) {
  release();
  const Position first = produced();
  Position after = 0;
  if (next(first, after, fits).data() != nullptr)
    return;
  const bpf::Deadline deadline(timeout);
  unsigned looks = 0;
  // The kernel wakes a reader at the position of the new record: what was passed over is given back before each wait.
  for (release(); deadline.left() != std::chrono::nanoseconds::zero(); release()) {
    if (!ready()) {
      if (!bpf::wait_readable(epoll_, deadline, map_))
        return;
      // The kernel calls a record that is reserved but not yet written readable.
      if (!ready() && !wait_for_writer(looks++))
        return;
    }
    if (next(produced(), after, fits).data() != nullptr)
      return;
  }
}

}  // namespace fathom::detail
