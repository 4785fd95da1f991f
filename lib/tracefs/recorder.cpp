#include "buffer_size.hpp"
#include "page_outlet.hpp"
#include "raw_pipe.hpp"
#include "recorder_wakeups.hpp"
#include "saved_settings.hpp"

#include <fathom/base/error.hpp>
#include <fathom/tracefs/raw_formats.hpp>
#include <fathom/tracefs/recorder.hpp>

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fathom {

namespace {

using Clock = std::chrono::steady_clock;

// One CPU's ring buffer.
struct Source {
  tracefs::RawPipe pipe;
  RingBufferStats before{};     // at the start
  std::uint64_t bytes = 0;      // handed over since then
  std::uint64_t told_lost = 0;  // of what pages do not tell
  bool dry = false;             // nothing more in this drain
  bool gave = false;            // something, in this drain

  void note(std::uint64_t more) {
    bytes += more;
    gave = true;
  }
};

// Since the start; where somebody emptied the buffer it is what came after that.
std::uint64_t growth(std::uint64_t before, std::uint64_t now) {
  return now >= before ? now - before : now;
}

RecordedCpu recorded_since(const Source& source, const RingBufferStats& now) {
  const RingBufferStats& before = source.before;
  return {source.pipe.cpu(),
          source.bytes,
          growth(before.read_events, now.read_events),
          growth(before.overrun, now.overrun),
          growth(before.commit_overrun, now.commit_overrun),
          growth(before.dropped_events, now.dropped_events),
          now.entries};
}

void check(const RecorderOptions& options) {
  if (options.tick <= std::chrono::milliseconds::zero())
    throw Error(EINVAL, "look for events every " + std::to_string(options.tick.count()) + " ms");
  if (options.buffer_percent.value_or(0) > 100)
    throw Error(EINVAL, "wait for a buffer that is " + std::to_string(*options.buffer_percent) + " % full");
}

// How long it takes a writer, at most, to finish an event that it began before tracing was switched off.
constexpr std::chrono::milliseconds kFinishTime{1};
constexpr int kFinishRounds = 100;
// So often a drain comes back to a CPU that has more.
constexpr int kRounds = 16;

}  // namespace

struct Recorder::Impl {
  Impl(const TraceArray& source, const RecorderOptions& wanted)
      : array(source), options(wanted), settings(source.files()), wakeups((check(wanted), wanted.tick)) {
    try {
      apply();
      open();
    } catch (...) {
      close_quietly();
      throw;
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { close_quietly(); }

  // Settings.

  void apply() {
    settings.save(array.path("tracing_on"));
    set_size();
    if (options.subbuf_size_kb) {
      set_feature("buffer_subbuf_size_kb", *options.subbuf_size_kb);
      set_size();  // the kernel has rounded it to pages of the new size
    }
    if (options.overwrite)
      settings.set(array.path("options/overwrite"), *options.overwrite ? "1" : "0");
    if (options.buffer_percent)
      set_feature("buffer_percent", *options.buffer_percent);
    layout = read_page_layout(array);
    buffer.resize(std::max(options.chunk_bytes, layout.page_size()));
  }

  void set_feature(std::string_view name, std::uint64_t value) {
    if (!array.has(name))
      throw UnsupportedError(name, array.files()->full_path(array.path(name)), what_brings(name));
    settings.set(array.path(name), std::to_string(value));
  }

  // Also where nobody asks for a size: the kernel may not yet have given the buffer the one that it says, which it
  // could not do once it is mapped; and a page size that changes changes the size too, so that it must be put back
  // last, by a journal too: what is changed first is put back last.
  void set_size() {
    const std::string path = array.path("buffer_size_kb");
    const std::string now = array.files()->read(path);
    const auto size = tracefs::parse_buffer_size_kb(now);
    const bool unused = now.find("expanded") != std::string::npos;
    const auto wanted = options.buffer_size_kb ? options.buffer_size_kb : size;
    const bool keep = !options.buffer_size_kb && !unused && !options.subbuf_size_kb;
    if (!wanted || keep)
      return;
    if (size) {
      settings.save(path);
    } else {
      for (const std::string& cpu : array.files()->list(array.path("per_cpu")))
        settings.save(array.path("per_cpu/" + cpu + "/buffer_size_kb"));
    }
    array.files()->write(path, std::to_string(*wanted) + '\n');
  }

  static std::string_view what_brings(std::string_view name) {
    return name == "buffer_percent" ? "it takes Linux 5.0" : "it takes Linux 6.8";
  }

  void open() {
    cpus = options.cpus ? *options.cpus : array.cpus();
    for (const unsigned cpu : cpus.cpus()) {
      sources.push_back({tracefs::RawPipe(array, cpu, layout)});
      wakeups.add(sources.back().pipe.native_handle());
    }
    begin();
  }

  // Recording.

  void begin() {
    for (Source& source : sources) {
      source.before = array.stats(source.pipe.cpu());
      source.bytes = source.told_lost = 0;
    }
    started = Clock::now();
    stopped.reset();
  }

  void start() {
    begin();
    running = true;
    array.set_tracing_on(true);
  }

  void switch_off() {
    array.set_tracing_on(false);
    stopped = Clock::now();
  }

  // For a way out that has an error of its own.
  void switch_on_quietly() noexcept {
    try {
      array.set_tracing_on(true);
    } catch (const std::exception&) {
      // That error says more than this one.
    }
  }

  [[nodiscard]] Recording counts() const {
    Recording recording;
    for (const Source& source : sources)
      recording.cpus.push_back(recorded_since(source, array.stats(source.pipe.cpu())));
    recording.duration = stopped.value_or(Clock::now()) - started;
    return recording;
  }

  // Taking pages.

  // How far to go: what is worth it now that something woke us, what there is now, or until there is nothing.
  enum class Effort : unsigned char { woken, now, all };

  std::uint64_t drain(const detail::PageOutput& output, Effort effort) {
    const std::uint64_t before = bytes();
    std::exception_ptr first_error;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      Source& source = sources[i];
      source.pipe.set_mapped(options.map && output.file == nullptr);
      source.gave = false;
      // Nobody looks at files meanwhile, and a few pages at a time cost more than many.
      source.dry = effort == Effort::woken && output.file != nullptr && wakeups.can_wait(i);
    }
    if (output.file == nullptr)
      take_waiting(output);
    bool more = flush_waiting(output, effort);
    for (int round = 0; more && (round < kRounds || effort == Effort::all); ++round) {
      more = false;
      for (Source& source : sources) {
        if (source.dry)
          continue;
        source.dry = output.file != nullptr ? !take_to_file(source, output, effort, first_error)
                                            : !take(source, output, effort, first_error);
        if (output.file != nullptr && !outlet_empty())
          return finish(before, first_error, true);
        more = more || !source.dry;
      }
    }
    return finish(before, first_error, more);
  }

  std::uint64_t finish(std::uint64_t before, const std::exception_ptr& error, bool more) {
    for (std::size_t i = 0; i < sources.size(); ++i)
      wakeups.again(i, sources[i].gave);
    if (more)
      wakeups.repeat();
    if (error)
      std::rethrow_exception(error);
    return bytes() - before;
  }

  // Each of these gives whether there is more. What cannot be read from one CPU does not keep others waiting.

  tracefs::TakenPages read(Source& source, std::exception_ptr& first_error) {
    try {
      return source.pipe.read(buffer);
    } catch (const Error&) {
      if (!first_error)
        first_error = std::current_exception();
      return {};
    }
  }

  bool take(Source& source, const detail::PageOutput& output, Effort effort, std::exception_ptr& first_error) {
    // A mapped buffer gives a page at a time.
    for (std::size_t taken_bytes = 0; taken_bytes < buffer.size();) {
      const tracefs::TakenPages taken = read(source, first_error);
      if (taken.bytes.empty())
        return false;
      taken_bytes += taken.bytes.size();
      source.note(taken.bytes.size());
      output.take(output.target, {source.pipe.cpu(), taken.bytes});
      if (!taken.more && effort != Effort::all)
        return false;
    }
    return true;
  }

  bool take_to_file(Source& source, const detail::PageOutput& output, Effort effort, std::exception_ptr& first_error) {
    if (source.pipe.page_begun()) {
      copy_to_file(source, output, effort, first_error);
      if (!outlet_empty())
        return true;
    }
    std::optional<tracefs::RawPipe::Spliced> spliced;
    try {
      spliced = source.pipe.splice(*outlet);
    } catch (const Error&) {
      if (!first_error)
        first_error = std::current_exception();
      return false;
    }
    if (!spliced || (spliced->bytes == 0 && effort == Effort::all))
      return copy_to_file(source, output, effort, first_error);
    if (spliced->bytes == 0)
      return false;
    source.note(spliced->bytes);
    waiting_cpu = source.pipe.cpu();
    flush_waiting(output, effort);
    return spliced->more || effort == Effort::all;
  }

  bool copy_to_file(Source& source, const detail::PageOutput& output, Effort effort, std::exception_ptr& first_error) {
    const tracefs::TakenPages taken = read(source, first_error);
    if (taken.bytes.empty())
      return false;
    source.note(taken.bytes.size());
    waiting_cpu = source.pipe.cpu();
    outlet->put(taken.bytes);
    flush_waiting(output, effort);
    return taken.more || effort == Effort::all;
  }

  [[nodiscard]] bool outlet_empty() const noexcept { return !outlet || outlet->empty(); }

  // Gives a sink what a file did not take before.
  void take_waiting(const detail::PageOutput& output) {
    if (outlet_empty())
      return;
    const std::vector<std::byte> pages = outlet->take_pages(layout.page_size());
    if (!pages.empty())
      output.take(output.target, {waiting_cpu, pages});
  }

  // Gives the file what it did not take before. False if it does not take it now either.
  bool flush_waiting(const detail::PageOutput& output, Effort effort) {
    if (output.file == nullptr)
      return true;
    if (!outlet)
      outlet.emplace();
    while (!outlet->empty()) {
      const int file = output.file(output.target, waiting_cpu);
      if (flush_to(file, output))
        break;
      if (effort != Effort::all)
        return false;
      tracefs::wait_writable(file);
    }
    return true;
  }

  bool flush_to(int file, const detail::PageOutput& output) {
    try {
      return outlet->flush(file);
    } catch (const Error& e) {
      if (output.path == nullptr || e.path().empty())
        throw;
      const bool full = e.code() == std::errc::no_space_on_device;
      throw Error(e.code(), e.action(), output.path(output.target, waiting_cpu),
                  full ? "make room, or keep the pages elsewhere" : "");
    }
  }

  // With tracing off there is an end to it.
  void drain_all(const detail::PageOutput& output) {
    for (int round = 0; round < kFinishRounds; ++round) {
      while (drain(output, Effort::all) > 0) {
      }
      if (is_empty())
        break;
      std::this_thread::sleep_for(kFinishTime);
    }
    for (Source& source : sources)
      give_cut_page(source, output);
    tell_losses(output);
  }

  [[nodiscard]] bool is_empty() const {
    return std::ranges::all_of(sources,
                               [&](const Source& source) { return array.stats(source.pipe.cpu()).entries == 0; });
  }

  void give_cut_page(Source& source, const detail::PageOutput& output) {
    const std::vector<std::byte> cut = source.pipe.take_cut_page();
    if (cut.empty())
      return;
    source.note(cut.size());
    if (output.file == nullptr) {
      output.take(output.target, {source.pipe.cpu(), cut});
      return;
    }
    waiting_cpu = source.pipe.cpu();
    outlet->put(cut);
    flush_waiting(output, Effort::all);
  }

  void tell_losses(const detail::PageOutput& output) {
    const Recording recording = counts();
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const std::uint64_t unmarked = recording.cpus[i].unmarked();
      const std::uint64_t told = std::exchange(sources[i].told_lost, unmarked);
      if (unmarked > told)
        output.lose(output.target, Loss{recording.cpus[i].cpu, unmarked - told});
    }
  }

  // Waiting.

  // What `descriptor` and those of `until` say; with nothing said, empty.
  [[nodiscard]] static std::optional<RecorderEnd> sleep(int descriptor, const RecorderUntil& until) {
    std::array<pollfd, 3> waiting{{{until.until, POLLIN, 0}, {until.stop, POLLIN, 0}, {descriptor, POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0) {
      if (errno == EINTR)
        return std::nullopt;
      throw Error(errno, "wait for the end of the recording");
    }
    constexpr std::array kEnds{RecorderEnd::until, RecorderEnd::stop};
    for (std::size_t i = 0; i < kEnds.size(); ++i) {
      if ((waiting[i].revents & POLLNVAL) != 0)
        throw Error(EBADF, "wait for the end of the recording", {}, "`until` or `stop` is not an open descriptor");
      if (waiting[i].revents != 0)
        return kEnds[i];
    }
    return std::nullopt;
  }

  // `work` gives whether there was any. Whether tracing is still on is asked only when there was none for so many
  // ticks: that costs a file to open.
  template <class Work>
  RecorderEnd work_until(int descriptor, const RecorderUntil& until, int patience, Work work) {
    int quiet_ticks = 0;
    while (true) {
      const auto end = sleep(descriptor, until);
      const bool ticked = wakeups.clear();
      if (end)
        return *end;
      if (work())
        quiet_ticks = 0;
      else if (ticked)
        ++quiet_ticks;
      if (until.when && until.when())
        return RecorderEnd::condition;
      if (ticked && quiet_ticks > patience && !array.tracing_on())
        return RecorderEnd::tracing_off;
    }
  }

  // The end.

  void close() {
    std::exception_ptr first_error;
    const auto attempt = [&](auto action) {
      try {
        action();
      } catch (const Error&) {
        if (!first_error)
          first_error = std::current_exception();
      }
    };
    if (std::exchange(running, false))
      attempt([&] { array.set_tracing_on(false); });
    sources.clear();  // a mapped buffer cannot be resized
    attempt([&] { settings.restore(); });
    if (first_error)
      std::rethrow_exception(first_error);
  }

  void close_quietly() noexcept {
    try {
      close();
    } catch (const std::exception&) {
      // There is nobody left to tell.
    }
  }

  [[nodiscard]] std::uint64_t bytes() const noexcept {
    std::uint64_t sum = 0;
    for (const Source& source : sources)
      sum += source.bytes;
    return sum;
  }

  TraceArray array;
  RecorderOptions options;
  tracefs::SavedSettings settings;
  tracefs::RecorderWakeups wakeups;
  PageLayout layout;
  CpuSet cpus;
  std::vector<Source> sources;
  std::vector<std::byte> buffer;
  std::optional<tracefs::PageOutlet> outlet;  // for files
  unsigned waiting_cpu = 0;                   // whose pages the outlet has
  Clock::time_point started;
  std::optional<Clock::time_point> stopped;
  bool running = false;
};

Recorder::Recorder(const TraceArray& array, const RecorderOptions& options)
    : impl_(std::make_unique<Impl>(array, options)) {}
Recorder::~Recorder() = default;
Recorder::Recorder(Recorder&& other) noexcept = default;
Recorder& Recorder::operator=(Recorder&& other) noexcept = default;

void Recorder::start() {
  impl_->start();
}

std::uint64_t Recorder::drain_into(const detail::PageOutput& output) {
  impl_->wakeups.clear();
  return impl_->drain(output, Impl::Effort::now);
}

RecorderEnd Recorder::run_into(const detail::PageOutput& output, const RecorderUntil& until) {
  return impl_->work_until(impl_->wakeups.all(), until, tracefs::RecorderWakeups::kPatience,
                           [&] { return impl_->drain(output, Impl::Effort::woken) > 0; });
}

RecorderEnd Recorder::wait(const RecorderUntil& until) {
  // Not at the pipes' readiness: those stay as full as they are.
  return impl_->work_until(impl_->wakeups.timer(), until, 0, [] { return false; });
}

Recording Recorder::dump_into(const detail::PageOutput& output) {
  impl_->array.set_tracing_on(false);
  try {
    impl_->drain_all(output);
    Recording recording = impl_->counts();
    impl_->array.set_tracing_on(true);
    return recording;
  } catch (...) {
    impl_->switch_on_quietly();
    throw;
  }
}

Recording Recorder::stop_into(const detail::PageOutput& output) {
  impl_->switch_off();
  impl_->drain_all(output);
  impl_->running = false;
  return impl_->counts();
}

Recording Recorder::counts() const {
  return impl_->counts();
}

std::uint64_t Recorder::bytes() const noexcept {
  return impl_->bytes();
}

void Recorder::close() {
  impl_->close();
}

int Recorder::native_handle() const noexcept {
  return impl_->wakeups.all();
}

const PageLayout& Recorder::layout() const noexcept {
  return impl_->layout;
}

const CpuSet& Recorder::cpus() const noexcept {
  return impl_->cpus;
}

bool Recorder::mapped() const noexcept {
  return std::ranges::any_of(impl_->sources, [](const Source& source) { return source.pipe.mapped(); });
}

}  // namespace fathom
