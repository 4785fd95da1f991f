#include "perf_mapping.hpp"

#include <fathom/base/error.hpp>

#include <linux/perf_event.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <limits>
#include <span>
#include <string>
#include <utility>

namespace fathom::perf {

namespace {

std::size_t page_size() {
  return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::string_view hint(int errno_value) {
  switch (errno_value) {
    case EPERM:
      return "more memory than this program may lock: use smaller rings, raise RLIMIT_MEMLOCK (ulimit -l) or "
             "kernel.perf_event_mlock_kb";
    case EINVAL:
      return "the size of a ring is a power of two of pages";
    default:
      return {};
  }
}

}  // namespace

PerfMapping::PerfMapping(int fd, std::size_t pages, std::string_view what) {
  const std::size_t page = page_size();
  const bool possible = std::has_single_bit(pages) && pages < std::numeric_limits<std::size_t>::max() / page;
  if (possible) {
    size_ = (pages + 1) * page;
    // Writable: only so does the kernel respect the tail, and count a loss instead of overwriting.
    address_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  if (possible && address_ != MAP_FAILED)
    return;
  const int error = possible ? errno : EINVAL;
  address_ = nullptr;
  throw Error(error, "map a ring of " + std::to_string(pages) + " pages for " + std::string(what), {}, hint(error));
}

PerfMapping::~PerfMapping() {
  if (address_ != nullptr && owner_.is_current())
    ::munmap(address_, size_);
}

PerfMapping::PerfMapping(PerfMapping&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)), owner_(other.owner_) {}

PerfMapping& PerfMapping::operator=(PerfMapping&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(size_, other.size_);
  std::swap(owner_, other.owner_);
  return *this;
}

PerfRing PerfMapping::ring() const {
  auto* const control = static_cast<perf_event_mmap_page*>(address_);
  const std::size_t page = page_size();
  const std::span<const std::byte> data(static_cast<const std::byte*>(address_) + page, size_ - page);
  return {control->data_head, control->data_tail, data};
}

}  // namespace fathom::perf
