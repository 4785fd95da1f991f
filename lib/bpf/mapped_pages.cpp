#include "mapped_pages.hpp"

#include "error_cause.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace fathom::bpf {

MappedPages::MappedPages(const BpfMap& map, std::size_t offset, std::size_t size, bool write, void* at) : size_(size) {
  const int flags = MAP_SHARED | (at == nullptr ? 0 : MAP_FIXED_NOREPLACE);
  void* const address = ::mmap(at, size, write ? PROT_READ | PROT_WRITE : PROT_READ, flags, map.native_handle(),
                               static_cast<off_t>(offset));
  if (address == MAP_FAILED)
    throw failed(errno, "map the memory of", map.object_name(), map.name());
  data_ = static_cast<std::byte*>(address);
}

MappedPages::~MappedPages() {
  ::munmap(data_, size_);
}

std::size_t page_size() noexcept {
  return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace fathom::bpf
