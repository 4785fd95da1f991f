#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>

namespace fathom {

/// Where code runs: what the markers in a call chain say (enum perf_callchain_context).
enum class PerfContext : std::uint8_t {
  unknown,       ///< a marker that this library does not know, or none at all
  hypervisor,    ///< below this system
  kernel,        ///< of this system
  user,          ///< of this system
  guest,         ///< in a virtual machine of this system
  guest_kernel,  ///< the kernel of one
  guest_user,    ///< the user space of one
};

/// A part of a call chain that lies in one context.
struct PerfFrames {
  PerfContext context{};                     ///< where
  std::span<const std::uint64_t> addresses;  ///< innermost first: where it is, then where each call returns to
};

/// Who called whom, as the kernel found it by frame pointers or its own unwinder: addresses, innermost first, with
/// markers between the kernel's and the user's.
///
///     for (std::uint64_t address : sample.callchain.kernel()) ...
///     for (std::uint64_t address : sample.callchain.user()) ...
///     for (const PerfFrames& frames : sample.callchain) ...       // all parts, in their order
///
/// A view: good as long as the words that it was made of.
class PerfCallchain {
 public:
  /// Goes from part to part.
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;  ///< can be gone over several times
    using value_type = PerfFrames;                        ///< a part
    using difference_type = std::ptrdiff_t;               ///< never used
    using pointer = const PerfFrames*;                    ///< to the part that it stands at
    using reference = const PerfFrames&;                  ///< the part that it stands at

    Iterator() = default;
    /// The part that it stands at.
    [[nodiscard]] reference operator*() const noexcept { return frames_; }
    /// The same.
    [[nodiscard]] pointer operator->() const noexcept { return &frames_; }
    /// To the next part.
    Iterator& operator++() noexcept {
      advance();
      return *this;
    }
    /// The same.
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      advance();
      return before;
    }
    /// Equal if they stand at the same part.
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
      return a.rest_.data() == b.rest_.data() && a.at_end_ == b.at_end_;
    }

   private:
    friend class PerfCallchain;
    explicit Iterator(std::span<const std::uint64_t> words) noexcept : rest_(words), at_end_(false) { advance(); }
    void advance() noexcept;

    std::span<const std::uint64_t> rest_;
    PerfFrames frames_{};
    bool at_end_ = true;
  };

  PerfCallchain() = default;
  /// Of the words as the kernel gives them, markers and all.
  explicit PerfCallchain(std::span<const std::uint64_t> words) noexcept : words_(words) {}

  /// The first part; a chain without words has none.
  [[nodiscard]] Iterator begin() const noexcept { return Iterator(words_); }
  /// Behind the last part.
  [[nodiscard]] Iterator end() const noexcept;
  /// The addresses in this system's kernel, innermost first; none if it was in user space.
  [[nodiscard]] std::span<const std::uint64_t> kernel() const noexcept { return part(PerfContext::kernel); }
  /// The addresses in user space, innermost first; none of a kernel thread.
  [[nodiscard]] std::span<const std::uint64_t> user() const noexcept { return part(PerfContext::user); }
  /// The first part in this context.
  [[nodiscard]] std::span<const std::uint64_t> part(PerfContext context) const noexcept;
  /// Whether there is nothing.
  [[nodiscard]] bool empty() const noexcept { return words_.empty(); }
  /// As the kernel gave it.
  [[nodiscard]] std::span<const std::uint64_t> words() const noexcept { return words_; }

 private:
  std::span<const std::uint64_t> words_;
};

}  // namespace fathom
