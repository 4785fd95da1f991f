#pragma once

#include <fathom/base/unique_fd.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace fathom::tracefs {

/// The way of pages into files: a pipe that splice(2) fills and empties. What a file does not take for now waits here.
class PageOutlet {
 public:
  /// Makes the pipe. Throws Error.
  PageOutlet();

  /// Where pages are put in, at most so many bytes; note_filled() says how many it were.
  [[nodiscard]] int inlet() const noexcept { return inlet_.get(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  void note_filled(std::size_t bytes) noexcept;

  /// Whether nothing waits.
  [[nodiscard]] bool empty() const noexcept { return piped_ == 0 && rest_.empty(); }
  /// Gives `fd` what waits; false where it does not take everything now (EAGAIN). Throws Error; the rest then waits on.
  bool flush(int fd);
  /// Lets these bytes wait, where nothing does.
  void put(std::span<const std::byte> bytes);
  /// Takes out the pages that wait, of this size. The rest of one that a file has taken in part goes on waiting for it.
  /// Throws Error.
  [[nodiscard]] std::vector<std::byte> take_pages(std::size_t page_size);

 private:
  bool flush_pipe(int fd);
  bool flush_rest(int fd);
  void copy_out();
  void begin() noexcept;

  UniqueFd outlet_;
  UniqueFd inlet_;
  std::size_t capacity_ = 0;
  std::vector<std::byte> rest_;  // comes before what the pipe has
  std::size_t piped_ = 0;
  std::size_t given_ = 0;  // of what waits since it was empty
};

/// Waits until `fd` takes more. Throws Error.
void wait_writable(int fd);

}  // namespace fathom::tracefs
