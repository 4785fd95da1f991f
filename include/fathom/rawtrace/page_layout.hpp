#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fathom {

/// How the pages of a kernel's ring buffer are laid out, as `events/header_page` says, and in which byte order.
///
///     const auto layout = PageLayout::parse(read("/sys/kernel/tracing/events/header_page"));
///     if (!layout) ...                                 // not the text of such a file
///     layout->page_size();                             // 4096; more where buffer_subbuf_size_kb was raised
///
/// The file (Linux 6.12, x86-64):
///
///     	field: u64 timestamp;	offset:0;	size:8;	signed:0;
///     	field: local_t commit;	offset:8;	size:8;	signed:1;
///     	field: int overwrite;	offset:8;	size:1;	signed:1;
///     	field: char data;	offset:16;	size:4080;	signed:1;
///
/// The text does not say the byte order: for pages of another machine it comes from elsewhere (a trace.dat has it).
/// The default is the layout of a 64-bit kernel with pages of 4 KiB, in the order of this machine. A plain value.
struct PageLayout {
  std::endian byte_order = std::endian::native;  ///< of everything on the pages
  std::uint32_t long_size = 8;                   ///< of the kernel's `long`: that of the field `commit`; 4 or 8
  std::uint32_t timestamp_offset = 0;            ///< of the page's time, 64 bits
  std::uint32_t commit_offset = 8;               ///< of the bytes in use and the marks of loss, `long_size` bytes
  std::uint32_t data_offset = 16;                ///< where events begin
  std::uint32_t data_size = 4080;                ///< so many bytes of events fit

  /// Of a page or sub-buffer: what one read of `trace_pipe_raw` gives.
  [[nodiscard]] std::size_t page_size() const noexcept { return std::size_t{data_offset} + data_size; }

  /// From the texts of `events/header_page` and, if given, `events/header_event`. Empty where the first lacks a field
  /// or gives one a place that it cannot have, or where the second tells of another event header than the one that
  /// kernels have used since 2.6.30 (5 bits of type, 27 of time). Sub-buffers up to 128 MiB, which is what `commit` can
  /// count.
  [[nodiscard]] static std::optional<PageLayout> parse(std::string_view header_page, std::string_view header_event = {},
                                                       std::endian byte_order = std::endian::native);

  friend bool operator==(const PageLayout&, const PageLayout&) = default;
};

}  // namespace fathom
