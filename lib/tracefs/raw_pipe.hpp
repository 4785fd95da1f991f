#pragma once

#include "mapped_ring_buffer.hpp"
#include "taken_pages.hpp"

#include <fathom/rawtrace/page_layout.hpp>
#include <fathom/tracefs/trace_array.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fathom::tracefs {

class PageOutlet;

/// One open trace_pipe_raw, for those who bring the memory: RawTracePipe and Recorder.
class RawPipe {
 public:
  /// Opens it. Throws Error.
  RawPipe(const TraceArray& array, unsigned cpu, const PageLayout& layout);

  /// Maps the ring buffer, if the kernel can, or unmaps it.
  void set_mapped(bool mapped);
  [[nodiscard]] bool mapped() const noexcept { return map_ != nullptr; }

  /// Whole pages, in `buffer`, which has room for one at least, or mapped. Throws Error, but not when it has pages to
  /// give: then the next call does.
  [[nodiscard]] TakenPages read(std::span<std::byte> buffer);
  /// What was read of a page that the source did not go on with: none by the kernel. Afterwards it is forgotten.
  [[nodiscard]] std::vector<std::byte> take_cut_page();
  struct Spliced {
    std::size_t bytes = 0;
    bool more = false;  // the outlet had no room for all; else whoever came back at once would get page by page
  };
  /// Moves full pages into the outlet's pipe, in which nothing waits. Empty where the source can only be read. Throws
  /// Error.
  [[nodiscard]] std::optional<Spliced> splice(PageOutlet& outlet);
  /// Whether a part of a page was read, of which the rest may have to be read too before pages can be spliced (before
  /// Linux 6.1, commit fa8f4a89736b).
  [[nodiscard]] bool page_begun() const noexcept { return page_begun_; }

  [[nodiscard]] unsigned cpu() const noexcept { return cpu_; }
  [[nodiscard]] const PageLayout& layout() const noexcept { return layout_; }
  [[nodiscard]] int native_handle() const noexcept { return stream_->native_handle(); }

 private:
  bool read_page(std::span<std::byte> page);
  [[nodiscard]] bool is_full(std::span<const std::byte> page) const noexcept;

  PageLayout layout_;
  unsigned cpu_;
  std::unique_ptr<TraceStream> stream_;
  std::unique_ptr<MappedRingBuffer> map_;
  std::vector<std::byte> cut_;  // of a page that came in part
  bool can_map_ = true;
  bool can_splice_ = true;
  bool page_begun_ = false;
};

}  // namespace fathom::tracefs
