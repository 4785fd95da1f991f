#pragma once

#include "perf_ring.hpp"

#include <fathom/base/owning_process.hpp>

#include <cstddef>
#include <string_view>

namespace fathom::perf {

/// The mapped ring of one event: a page of control, and `pages` of data. A forked child does not have it (the kernel
/// maps it VM_DONTCOPY), and may have something else there: only the process that mapped it unmaps it.
class PerfMapping {
 public:
  PerfMapping() = default;
  /// Throws Error (EPERM: more memory than may be locked; EINVAL: `pages` is no power of two). `what` is called so in
  /// it.
  PerfMapping(int fd, std::size_t pages, std::string_view what);
  ~PerfMapping();
  PerfMapping(PerfMapping&& other) noexcept;
  PerfMapping& operator=(PerfMapping&& other) noexcept;
  PerfMapping(const PerfMapping&) = delete;
  PerfMapping& operator=(const PerfMapping&) = delete;

  /// A reader of it, good as long as this object lives; one at a time.
  [[nodiscard]] PerfRing ring() const;

 private:
  void* address_ = nullptr;
  std::size_t size_ = 0;
  OwningProcess owner_;
};

}  // namespace fathom::perf
