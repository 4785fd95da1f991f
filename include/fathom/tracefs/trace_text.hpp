#pragma once

#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <string_view>

namespace fathom {

class TraceArray;

/// When to end reading a trace.
struct TextOptions {
  /// A descriptor that ends it by becoming readable: Child::pidfd(). Negative: none.
  int until = -1;
  /// Another one, for a stop from outside: StopSignals::native_handle().
  int stop = -1;
  /// How often to look for text while there is none.
  std::chrono::milliseconds tick{10};
};

/// The text of a running trace as a range of pieces, in the kernel's order, cut anywhere.
///
///     for (std::string_view chunk : session.text({.until = child.pidfd()}))
///       parser.feed(chunk, forest);
///
/// Reads trace_pipe without blocking and, when there is nothing, sleeps until one of the descriptors is readable, at
/// most for a tick (poll() on trace_pipe itself is not to be trusted). When a descriptor becomes readable, or tracing
/// is found off (TraceSession::stop(), a traceoff trigger, or anybody), it switches tracing off, gives the rest, and
/// ends. Begun before start(): with a descriptor it waits for tracing to be switched on, without one it ends at once.
///
/// It must be let go of before the tracer can be changed or the session closed, and must not outlive the session.
///
/// A chunk is valid until the next step. Single pass, move-only, one thread. Throws Error from begin() and ++.
class TraceText {
 public:
  class Iterator {
   public:
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    Iterator() = default;
    explicit Iterator(TraceText& text) : text_(&text) {}
    [[nodiscard]] std::string_view operator*() const { return text_->chunk_; }
    Iterator& operator++() {
      text_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.at_end(); }

   private:
    [[nodiscard]] bool at_end() const { return text_->chunk_.empty(); }

    TraceText* text_ = nullptr;
  };

  /// Opens the trace_pipe of `array`, which must outlive this.
  TraceText(TraceArray& array, TextOptions options);
  ~TraceText();
  TraceText(TraceText&& other) noexcept;
  TraceText& operator=(TraceText&& other) noexcept;
  TraceText(const TraceText&) = delete;
  TraceText& operator=(const TraceText&) = delete;

  /// Reads the first piece.
  [[nodiscard]] Iterator begin() {
    next();
    return Iterator(*this);
  }
  /// Where the trace ends.
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return std::default_sentinel; }

 private:
  friend class Iterator;

  struct Impl;
  void next();

  std::unique_ptr<Impl> impl_;
  std::string_view chunk_;
};

}  // namespace fathom
