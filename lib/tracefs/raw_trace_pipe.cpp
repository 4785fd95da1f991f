#include "page_outlet.hpp"
#include "raw_pipe.hpp"

#include <fathom/base/error.hpp>
#include <fathom/tracefs/raw_formats.hpp>
#include <fathom/tracefs/raw_trace_pipe.hpp>

#include <cerrno>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fathom {

struct RawTracePipe::Impl {
  Impl(const TraceArray& array, unsigned cpu, const RawTracePipeOptions& options)
      : pipe(array, cpu, read_page_layout(array)), buffer(options.chunk_bytes) {
    if (buffer.size() < pipe.layout().page_size())
      throw Error(EINVAL, "read pages in chunks of " + std::to_string(buffer.size()) + " bytes", {},
                  "a page has " + std::to_string(pipe.layout().page_size()));
    pipe.set_mapped(options.map);
  }

  // What an earlier call could not get rid of goes first.
  std::uint64_t splice_to(int fd) {
    if (!outlet)
      outlet.emplace();
    if (!outlet->flush(fd))
      return 0;
    std::uint64_t bytes = 0;
    if (pipe.page_begun()) {
      const auto rest = pipe.read(std::span(buffer).first(pipe.layout().page_size())).bytes;
      outlet->put(rest);
      bytes = rest.size();
      if (!outlet->flush(fd))
        return bytes;
    }
    const auto spliced = pipe.splice(*outlet);
    if (!spliced)
      throw Error(EINVAL, "splice the pages of CPU " + std::to_string(pipe.cpu()), {}, "drain() and write instead");
    (void)outlet->flush(fd);
    return bytes + spliced->bytes;
  }

  tracefs::RawPipe pipe;
  std::vector<std::byte> buffer;
  std::optional<tracefs::PageOutlet> outlet;
};

RawTracePipe::RawTracePipe(const TraceArray& array, unsigned cpu, const RawTracePipeOptions& options)
    : impl_(std::make_unique<Impl>(array, cpu, options)) {}
RawTracePipe::~RawTracePipe() = default;
RawTracePipe::RawTracePipe(RawTracePipe&& other) noexcept = default;
RawTracePipe& RawTracePipe::operator=(RawTracePipe&& other) noexcept = default;

std::span<const std::byte> RawTracePipe::drain() {
  return impl_->pipe.read(impl_->buffer).bytes;
}

std::uint64_t RawTracePipe::splice_to(int fd) {
  return impl_->splice_to(fd);
}

unsigned RawTracePipe::cpu() const noexcept {
  return impl_->pipe.cpu();
}

const PageLayout& RawTracePipe::layout() const noexcept {
  return impl_->pipe.layout();
}

bool RawTracePipe::mapped() const noexcept {
  return impl_->pipe.mapped();
}

int RawTracePipe::native_handle() const noexcept {
  return impl_->pipe.native_handle();
}

}  // namespace fathom
