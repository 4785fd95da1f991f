#include <fathom/tracefs/page_history.hpp>

#include <algorithm>
#include <cstring>

namespace fathom {

PageHistory::PageHistory(const PageLayout& layout, std::size_t bytes_per_cpu)
    : page_size_(layout.page_size()), capacity_(std::max(bytes_per_cpu / page_size_, std::size_t{1}) * page_size_) {}

void PageHistory::on(const RawPages& pages) {
  Ring& ring = rings_[pages.cpu];
  ring.bytes.resize(capacity_);
  for (std::size_t at = 0; pages.bytes.size() - at >= page_size_; at += page_size_) {
    if (ring.next == capacity_)
      ring.next = 0;
    std::memcpy(ring.bytes.data() + ring.next, pages.bytes.data() + at, page_size_);
    ring.next += page_size_;
    if (ring.used < capacity_)
      ring.used += page_size_;
    else
      forgotten_ += page_size_;
  }
}

}  // namespace fathom
