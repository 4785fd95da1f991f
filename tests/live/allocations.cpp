#include "allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace fathom::live {

namespace {
std::atomic<std::size_t> count = 0;
}

std::size_t allocations() noexcept {
  return count;
}

}  // namespace fathom::live

// NOLINTBEGIN(misc-new-delete-overloads,*-no-malloc,*-owning-memory)
void* operator new(std::size_t size) {
  ++fathom::live::count;
  if (void* const memory = std::malloc(size))
    return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}
// NOLINTEND(misc-new-delete-overloads,*-no-malloc,*-owning-memory)
