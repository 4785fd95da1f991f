#pragma once

#include <concepts>
#include <cstddef>
#include <span>

namespace fathom {

/// Pages of one CPU's ring buffer, one behind the other, as the kernel keeps them: what a PageDecoder takes.
struct RawPages {
  unsigned cpu = 0;                  ///< whose buffer it was
  std::span<const std::byte> bytes;  ///< whole pages; good until the sink returns
};

/// What takes pages in this process: `on(pages)`, or a callable.
///
///     struct Decode {
///       PageDecoder decoder;
///       Count count;
///       void on(const RawPages& pages) { decoder.feed(pages.cpu, pages.bytes, count); }
///     };
///     recorder.drain([&](const RawPages& pages) { decoder.feed(pages.cpu, pages.bytes, count); });
///
/// One that has `on(const Loss&)` gets the losses that pages do not tell of; see Recorder. What it throws passes
/// through the recorder; the pages that it was given then count as taken.
template <class Sink>
concept PageSink =
    requires(Sink& sink, const RawPages& pages) { sink.on(pages); } || std::invocable<Sink&, const RawPages&>;

/// What takes pages in files: `file(cpu)` gives the descriptor for a CPU, asked for when there are pages of it. It
/// stays the sink's own, and stays open until the recording has stopped. Not with O_APPEND, which splice(2) refuses:
/// the pages are copied then. One that has `path(cpu)` too gets that into the Error where a file cannot be written.
template <class Sink>
concept PageFileSink = requires(Sink& sink, unsigned cpu) {
  { sink.file(cpu) } -> std::convertible_to<int>;
};

/// Either.
template <class Sink>
concept PageTarget = PageSink<Sink> || PageFileSink<Sink>;

}  // namespace fathom
