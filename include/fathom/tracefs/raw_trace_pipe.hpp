#pragma once

#include <fathom/rawtrace/page_layout.hpp>
#include <fathom/tracefs/trace_array.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace fathom {

/// How a RawTracePipe reads.
struct RawTracePipeOptions {
  /// What drain() gives at most; one page at least.
  std::size_t chunk_bytes = 65536;
  /// Map the ring buffer into this process where the kernel can (Linux 6.10): full pages are then not copied. As long
  /// as it is mapped, the buffer's size can't be changed (EBUSY) and no snapshot can be taken.
  bool map = false;
};

/// The raw pages of one CPU's ring buffer, `per_cpu/cpuN/trace_pipe_raw`, taken out as they are read.
///
///     RawTracePipe pipe(instance, 0);
///     PageDecoder decoder(read_formats(instance));
///     while (running) {
///       wait_readable(pipe.native_handle(), pipe.tick());
///       for (auto pages = pipe.drain(); !pages.empty(); pages = pipe.drain()) decoder.feed(0, pages, sink);
///     }
///
/// Never waits. The kernel wakes those who wait for the descriptor when `buffer_percent` of the buffer is full (Linux
/// 5.0; before that at each event), and up to Linux 6.1 not always: so ask again after each tick(). For all CPUs of a
/// buffer at once there is Recorder, for Boost.Asio AsyncPageReader.
///
/// Pages have the size that `layout()` says; it must not be changed while this is open (buffer_subbuf_size_kb, Linux
/// 6.8). The last page may be one that the kernel still fills: what is on it now is given, and what comes later is on
/// the next page. Two readers of one CPU take each other's pages away. For a CPU that is offline there are no pages; it
/// may come later.
///
/// Move-only. Not safe to share between threads. Must be gone before its instance can be removed. Needs root, or the
/// group that tracefs was mounted for; works on a kernel that is locked down for integrity.
class RawTracePipe {
 public:
  /// Opens the pipe. Throws Error: ENOENT if there is no such CPU, EINVAL if a chunk is smaller than a page.
  RawTracePipe(const TraceArray& array, unsigned cpu, const RawTracePipeOptions& options = {});
  ~RawTracePipe();
  RawTracePipe(RawTracePipe&& other) noexcept;
  RawTracePipe& operator=(RawTracePipe&& other) noexcept;
  RawTracePipe(const RawTracePipe&) = delete;
  RawTracePipe& operator=(const RawTracePipe&) = delete;

  /// Whole pages: what there is now, a chunk at most (mapped: a page); empty if there is nothing. Good until the next
  /// call. Throws Error; pages that were read before it came are given first.
  [[nodiscard]] std::span<const std::byte> drain();
  /// Moves whole, full pages into a file without copying them through this process (splice(2)), a megabyte at most, and
  /// gives how many bytes; 0 if there are none, though a page that is not full may be left for drain(). What `fd` did
  /// not take (ENOSPC, or EAGAIN, which is no error and gives 0) goes first into the next call's. Throws Error; EINVAL
  /// where the file or the source can't be spliced.
  std::uint64_t splice_to(int fd);

  /// Whose buffer it is.
  [[nodiscard]] unsigned cpu() const noexcept;
  /// Of its pages.
  [[nodiscard]] const PageLayout& layout() const noexcept;
  /// Whether the ring buffer is mapped.
  [[nodiscard]] bool mapped() const noexcept;
  /// Readable when there is much to read; owned by this object.
  [[nodiscard]] int native_handle() const noexcept;
  /// How long to wait for readiness before asking anyway.
  [[nodiscard]] static constexpr std::chrono::milliseconds tick() noexcept { return std::chrono::milliseconds{10}; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom
