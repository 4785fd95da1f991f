#pragma once

#include <fathom/rawtrace/page_layout.hpp>
#include <fathom/tracefs/detail/page_output.hpp>
#include <fathom/tracefs/raw_pages.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <type_traits>
#include <vector>

namespace fathom {

/// The last pages of each CPU: a flight recorder whose events can be looked at while it flies. A PageSink.
///
///     PageHistory history(recorder.layout(), 4 << 20);
///     recorder.run([&](const RawPages& pages) { history.on(pages); decoder.feed(pages.cpu, pages.bytes, watch); },
///                  {.when = [&] { return watch.found; }});
///     history.give([&](const RawPages& pages) { write(pages.cpu, pages.bytes); });
///
/// Where no decision has to be made of the events themselves, leave the pages in the kernel's own buffers: see
/// Recorder::wait. Memory: so many bytes a CPU, taken when its first page comes. Copies each page once. Not safe to
/// share between threads. Touches no file.
class PageHistory {
 public:
  /// For pages of this layout; keeps as many whole pages as fit into so many bytes, one at least.
  PageHistory(const PageLayout& layout, std::size_t bytes_per_cpu);

  /// Takes pages, and forgets the oldest of their CPU where there is no more room. An end that is no whole page is left
  /// out.
  void on(const RawPages& pages);
  /// Gives all that it keeps to a sink, CPU after CPU, the oldest page first. It keeps them.
  template <class Sink>
    requires PageSink<std::remove_reference_t<Sink>>
  void give(Sink&& sink) const {  // NOLINT(*-missing-std-forward): it is used more than once
    const detail::PageOutput output = detail::PageOutput::pages_of(sink);
    for (const auto& [cpu, ring] : rings_) {
      const std::span<const std::byte> all(ring.bytes);
      if (ring.used == all.size() && ring.next < all.size())
        output.take(output.target, {cpu, all.subspan(ring.next)});
      if (ring.next > 0)
        output.take(output.target, {cpu, all.first(ring.next)});
    }
  }
  /// Forgets all of it.
  void clear() noexcept { rings_.clear(); }
  /// How many bytes of pages were forgotten for want of room.
  [[nodiscard]] std::uint64_t forgotten_bytes() const noexcept { return forgotten_; }

 private:
  struct Ring {
    std::vector<std::byte> bytes;
    std::size_t next = 0;  // where the next page goes
    std::size_t used = 0;
  };

  std::size_t page_size_;
  std::size_t capacity_;
  std::map<unsigned, Ring> rings_;
  std::uint64_t forgotten_ = 0;
};

}  // namespace fathom
