#pragma once

#include "taken_pages.hpp"

#include <fathom/rawtrace/page_layout.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace fathom::tracefs {

/// One CPU's ring buffer in this process's memory (Linux 6.10, commit 117c39200d9d). The kernel hands over one page at
/// a time, the reader page, and takes it back when it hands over the next.
class MappedRingBuffer {
 public:
  /// Maps what `fd`, a non-blocking trace_pipe_raw, has open; null where the kernel can't, whatever the reason.
  [[nodiscard]] static std::unique_ptr<MappedRingBuffer> map(int fd, const PageLayout& layout);
  ~MappedRingBuffer() = default;
  MappedRingBuffer(const MappedRingBuffer&) = delete;
  MappedRingBuffer& operator=(const MappedRingBuffer&) = delete;

  /// A page, if there is something to read: the kernel's own if it is full, else a copy, in `buffer`, of what is new on
  /// it. Good until the next call. Throws Error.
  [[nodiscard]] TakenPages take(std::span<std::byte> buffer);

 private:
  // Unmaps what it has.
  class Memory {
   public:
    Memory(void* begin, std::size_t size) noexcept : begin_(begin), size_(size) {}
    ~Memory();
    Memory(Memory&& other) noexcept : begin_(std::exchange(other.begin_, nullptr)), size_(other.size_) {}
    Memory& operator=(Memory&&) = delete;
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    [[nodiscard]] void* begin() const noexcept { return begin_; }

   private:
    void* begin_;
    std::size_t size_;
  };
  [[nodiscard]] static Memory map_pages(int fd, std::size_t size, std::size_t offset);
  MappedRingBuffer(int fd, const PageLayout& layout, std::uint32_t id, std::uint32_t given, Memory meta, Memory pages);

  [[nodiscard]] const std::byte* page() const noexcept;
  [[nodiscard]] bool is_finished(std::uint32_t read) const noexcept;
  [[nodiscard]] std::span<const std::byte> copy_new(std::uint32_t end, std::span<std::byte> buffer);

  int fd_;
  PageLayout layout_;
  Memory meta_;
  Memory pages_;
  std::uint32_t id_;        // of the reader page
  std::uint32_t given_;     // so many bytes of its data
  std::uint64_t time_ = 0;  // of the last event of these
};

}  // namespace fathom::tracefs
