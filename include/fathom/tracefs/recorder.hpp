#pragma once

#include <fathom/base/cpu_set.hpp>
#include <fathom/event/sink.hpp>
#include <fathom/rawtrace/page_layout.hpp>
#include <fathom/tracefs/detail/page_output.hpp>
#include <fathom/tracefs/raw_pages.hpp>
#include <fathom/tracefs/recording.hpp>
#include <fathom/tracefs/trace_array.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace fathom {

/// What a Recorder sets before it begins, and how it reads. What is left out stays as it is.
struct RecorderOptions {
  /// Whose buffers to read; empty: of all CPUs that could ever run. On a big machine several recorders, each in a
  /// thread of its own and with CPUs of its own, share the work.
  std::optional<CpuSet> cpus{};
  /// The option `overwrite`: where the buffer is full the oldest events are lost, or else the newest.
  std::optional<bool> overwrite{};
  /// Of each CPU.
  std::optional<std::uint64_t> buffer_size_kb{};
  /// Of a page of the buffer (Linux 6.8).
  std::optional<std::uint64_t> subbuf_size_kb{};
  /// How full a buffer wakes the reader, in percent (Linux 5.0); the kernel's own default is 50.
  std::optional<unsigned> buffer_percent{};
  /// How often to look though nothing woke it; for run() into files every fifth time, if wake-ups are known to come.
  std::chrono::milliseconds tick{10};
  /// How many bytes of pages a sink is given at most at a time, a page at least.
  std::size_t chunk_bytes = std::size_t{256} * 1024;
  /// Map the ring buffers where the kernel can (Linux 6.10), for sinks in this process: full pages are not copied then.
  bool map = true;
};

/// Until when Recorder::run and Recorder::wait go on. A descriptor ends it by becoming readable; negative: none.
struct RecorderUntil {
  int until = -1;                ///< Child::pidfd()
  int stop = -1;                 ///< StopSignals::native_handle()
  std::function<bool()> when{};  ///< ends it by being true; asked at each wake-up, at least once a tick
};

/// Why Recorder::run or Recorder::wait came back.
enum class RecorderEnd : std::uint8_t {
  until,        ///< that descriptor is readable
  stop,         ///< so is that
  condition,    ///< `when` was true
  tracing_off,  ///< tracing is off: by a traceoff trigger or another program, or it never began; seen after some ticks
};

/// Records all CPUs of a buffer as raw pages, into files or into a sink of this process, and counts what was lost.
///
///     Recorder recorder(session.array(), {.overwrite = false, .buffer_size_kb = 4096});
///     PageFiles files("/tmp/trace.cpu");
///     recorder.start();
///     recorder.run(files, {.until = child.pidfd(), .stop = signals.native_handle()});
///     const Recording recording = recorder.stop(files);         // what is left in the buffers, too
///
///     recorder.run([&](const RawPages& pages) { decoder.feed(pages.cpu, pages.bytes, sink); }, {.until = pidfd});
///
/// As a flight recorder, with the events of the last moments in the kernel's buffers until they are wanted:
///
///     Recorder recorder(session.array(), {.overwrite = true});
///     events.event("sched:sched_process_exit").add_trigger("traceoff");
///     recorder.start();
///     recorder.wait({.stop = signals.native_handle()});         // the trigger fired
///     recorder.stop(files);                                     // or dump(), and go on
///
/// It has no thread: whoever calls drain() or run() does the work, so that sinks need no locks and a slow one holds
/// nothing up but itself. The kernel's buffers are the queue between: what does not fit is lost there, and counted
/// there. In an event loop wait for `native_handle()` (it holds the readiness of all CPUs and a timer) and drain().
///
/// Files are filled by splice(2): pages go from the ring buffer into the file without being copied through this
/// process; only the last, unfinished page of each CPU is read and written. A file that does not take more for now
/// (EAGAIN, a pipe or a socket) is left until the next drain; stop() waits for it. A sink in this process gets the
/// mapped pages themselves where the kernel can map them, else a copy.
///
/// CPUs may come and go while it records: what a CPU recorded before it went is read, and one that comes is read from
/// its first event on.
///
/// Losses are exact. In overwrite mode the pages say how many events are missing before them (PageDecoder's
/// `lost_events`), in all as many as the growth of `overrun`; where a page had no room for the number only the mark is
/// there, and Recording has the number. Else the kernel only counts: after the last page stop() gives a sink that wants
/// it a Loss for each CPU, with no more about the place. Events on the pages: as many as `read_events` says. That holds
/// if nobody else reads this buffer, and if it was empty at the start, or had lost nothing.
///
/// Memory: `chunk_bytes`, 1 MiB that a pipe may hold, and some 200 bytes a CPU, however long it records; beside them
/// the kernel's own buffers, which stay as big as they are set.
///
/// Leaves no trace: what the options set, and tracing_on, is put back by the destructor or close(), in the way of the
/// array: with that of a TraceSession, by its journal if this process is killed. Must be gone before the session or the
/// instance. Touches `per_cpu/cpuN/{trace_pipe_raw,stats}`, `tracing_on`, `events/header_page`, `events/header_event`,
/// and as asked `options/overwrite`, `buffer_size_kb`, `buffer_subbuf_size_kb`, `buffer_percent`.
///
/// Move-only; for one thread at a time, distinct recorders for distinct threads. After close(), or when moved from,
/// it can only be destroyed or assigned to. Needs root, or the group that tracefs was mounted for.
class Recorder {
 public:
  /// Sets what the options say and opens the pipes. Throws Error (EINVAL: options that cannot be), UnsupportedError
  /// where the kernel lacks what an option wants.
  explicit Recorder(const TraceArray& array, const RecorderOptions& options = {});
  ~Recorder();
  Recorder(Recorder&& other) noexcept;
  Recorder& operator=(Recorder&& other) noexcept;
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Notes what the kernel has counted so far, and switches tracing on.
  void start();

  /// Takes what there is now, into files only pages that are full, and gives how many bytes of pages; 0 for nothing.
  /// Where events come faster than the target takes them it comes back after some rounds, and `native_handle()` stays
  /// readable. Throws Error when it has tried each CPU, where a buffer cannot be read; at once, where a file cannot be
  /// written (ENOSPC) or the target throws. What was read is with the target, or, where that is a file, kept for the
  /// next call, also if that is given a sink: only a page that a file took a part of is kept until there is a file.
  template <class Target>
    requires PageTarget<std::remove_reference_t<Target>>
  std::uint64_t drain(Target&& target) {  // NOLINT(*-missing-std-forward): it is used more than once
    return drain_into(detail::PageOutput::of(target));
  }
  /// Drains until something ends it; tracing stays on, and there may be more in the buffers: stop() takes that.
  template <class Target>
    requires PageTarget<std::remove_reference_t<Target>>
  RecorderEnd run(Target&& target, const RecorderUntil& until = {}) {  // NOLINT(*-missing-std-forward)
    return run_into(detail::PageOutput::of(target), until);
  }
  /// Takes nothing until something ends it: the flight recorder's way to spend its time.
  RecorderEnd wait(const RecorderUntil& until = {});
  /// Switches tracing off, takes all there is, and switches tracing on again, also where it throws.
  template <class Target>
    requires PageTarget<std::remove_reference_t<Target>>
  Recording dump(Target&& target) {  // NOLINT(*-missing-std-forward)
    return dump_into(detail::PageOutput::of(target));
  }
  /// Switches tracing off and takes all there is: an event that was recorded is not lost. Gives what was recorded since
  /// the start. It can be started again.
  template <class Target>
    requires PageTarget<std::remove_reference_t<Target>>
  Recording stop(Target&& target) {  // NOLINT(*-missing-std-forward)
    return stop_into(detail::PageOutput::of(target));
  }
  /// What was recorded and lost until now. Reads a file a CPU.
  [[nodiscard]] Recording counts() const;
  /// How many bytes of pages were handed over since the start; reads no file.
  [[nodiscard]] std::uint64_t bytes() const noexcept;

  /// Closes the pipes and puts the settings back. Throws the first Error, having tried everything; what failed is tried
  /// again by the next call and by the destructor.
  void close();

  /// Readable when there may be something to take; owned by this object.
  [[nodiscard]] int native_handle() const noexcept;
  /// Of the pages.
  [[nodiscard]] const PageLayout& layout() const noexcept;
  /// Those whose buffers it reads.
  [[nodiscard]] const CpuSet& cpus() const noexcept;
  /// Whether the ring buffers are mapped.
  [[nodiscard]] bool mapped() const noexcept;

 private:
  std::uint64_t drain_into(const detail::PageOutput& output);
  RecorderEnd run_into(const detail::PageOutput& output, const RecorderUntil& until);
  Recording dump_into(const detail::PageOutput& output);
  Recording stop_into(const detail::PageOutput& output);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom
