#include <fathom/base/owning_process.hpp>

#include <unistd.h>

namespace fathom {

OwningProcess::OwningProcess() noexcept : pid_(::getpid()) {}

bool OwningProcess::is_current() const noexcept {
  return pid_ == ::getpid();
}

}  // namespace fathom
