#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

namespace fathom::detail {

/// An array of plain values that grows. Other than std::vector it grows with realloc, which moves pages of a big block
/// instead of copying them, and never writes a value that nobody asked for: most of the memory of a symbol table is
/// touched once.
template <class T>
  requires std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>
class RawArray {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] T* data() noexcept { return block_.get(); }
  [[nodiscard]] const T* data() const noexcept { return block_.get(); }
  [[nodiscard]] T* begin() noexcept { return data(); }
  [[nodiscard]] T* end() noexcept { return data() + size_; }
  [[nodiscard]] const T* begin() const noexcept { return data(); }
  [[nodiscard]] const T* end() const noexcept { return data() + size_; }
  [[nodiscard]] T& operator[](std::size_t i) noexcept { return data()[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const noexcept { return data()[i]; }
  [[nodiscard]] std::size_t allocated_bytes() const noexcept { return capacity_ * sizeof(T); }

  void push_back(const T& value) { *extend(1) = value; }
  /// Room for `count` more, which the caller fills.
  T* extend(std::size_t count) {
    if (count > capacity_ - size_)
      set_capacity(size_ + count > 2 * capacity_ ? size_ + count + kLeast : 2 * capacity_);
    T* const added = data() + size_;
    size_ += count;
    return added;
  }
  /// Forgets what stands behind the first `size` values.
  void truncate(std::size_t size) noexcept { size_ = size; }
  /// Gives back what is not used.
  void shrink() {
    if (size_ < capacity_)
      set_capacity(size_);
  }

 private:
  static constexpr std::size_t kLeast = 4096 / sizeof(T);

  struct Free {
    void operator()(T* block) const noexcept { std::free(block); }
  };

  void set_capacity(std::size_t capacity) {
    if (capacity == 0) {
      block_.reset();
    } else {
      void* const block = std::realloc(block_.get(), capacity * sizeof(T));
      if (block == nullptr)
        throw std::bad_alloc();
      static_cast<void>(block_.release());  // realloc has freed it
      block_.reset(static_cast<T*>(block));
    }
    capacity_ = capacity;
  }

  std::unique_ptr<T, Free> block_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace fathom::detail
