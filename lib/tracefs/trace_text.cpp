#include <fathom/base/error.hpp>
#include <fathom/tracefs/trace_array.hpp>
#include <fathom/tracefs/trace_text.hpp>

#include <poll.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

namespace fathom {

namespace {

// Many times what one read() of trace_pipe gives (a page or two), so that a consumer is called rarely.
constexpr std::size_t kChunkSize = 65536;

}  // namespace

struct TraceText::Impl {
  Impl(TraceArray& source, TextOptions text_options)
      : array(source), options(text_options), pipe(source.open_trace_pipe()), buffer(kChunkSize) {}

  // As much as there is, up to a chunk.
  [[nodiscard]] std::size_t fill() {
    std::size_t size = 0;
    while (size < buffer.size()) {
      const auto count = pipe->read(std::span(buffer).subspan(size));
      if (!count || *count == 0)
        break;
      size += *count;
    }
    return size;
  }

  // Whether a descriptor says that it is time to end; sleeps for `patience` at most to find out.
  [[nodiscard]] bool signalled(std::chrono::milliseconds patience) const {
    // poll() passes over negative descriptors.
    std::array<pollfd, 2> descriptors{{{options.until, POLLIN, 0}, {options.stop, POLLIN, 0}}};
    const int ready = ::poll(descriptors.data(), descriptors.size(), static_cast<int>(patience.count()));
    if (ready < 0 && errno != EINTR)
      throw Error(errno, "wait for the end of the trace");
    for (const pollfd& descriptor : descriptors) {
      if (ready > 0 && (descriptor.revents & POLLNVAL) != 0)
        throw Error(EBADF, "wait for the end of the trace", {}, "`until` or `stop` is not an open descriptor");
    }
    return ready > 0;
  }

  // Whether tracing was switched off. If something else can end this, it must have been on before, or the start is yet
  // to come.
  [[nodiscard]] bool stopped() {
    const bool on = array.tracing_on();
    seen_on = seen_on || on;
    return !on && (seen_on || (options.until < 0 && options.stop < 0));
  }

  void switch_off() {
    array.set_tracing_on(false);
    ending = true;
  }

  TraceArray& array;
  TextOptions options;
  std::unique_ptr<TraceStream> pipe;
  std::vector<char> buffer;
  bool seen_on = false;  // tracing was on at some time
  bool ending = false;   // tracing is off; what is left is finite
};

TraceText::TraceText(TraceArray& array, TextOptions options) : impl_(std::make_unique<Impl>(array, options)) {}
TraceText::~TraceText() = default;
TraceText::TraceText(TraceText&& other) noexcept = default;
TraceText& TraceText::operator=(TraceText&& other) noexcept = default;

void TraceText::next() {
  using namespace std::chrono_literals;
  chunk_ = {};
  while (true) {
    if (!impl_->ending && impl_->signalled(0ms))
      impl_->switch_off();
    if (const std::size_t size = impl_->fill(); size > 0) {
      impl_->seen_on = true;
      chunk_ = {impl_->buffer.data(), size};
      return;
    }
    if (impl_->ending)
      return;
    if (impl_->stopped() || impl_->signalled(impl_->options.tick))
      impl_->switch_off();
  }
}

}  // namespace fathom
