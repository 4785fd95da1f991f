#include "writer_state.hpp"

#include <fathom/base/error.hpp>
#include <fathom/tracedat/trace_dat_writer.hpp>

#include <limits>

namespace fathom {

namespace {

void require(bool so, std::string_view action, std::string_view hint) {
  if (!so)
    throw Error(std::errc::invalid_argument, action, {}, hint);
}

void check(const TraceDatParts& parts, const TraceDatWriteOptions& options) {
  constexpr std::string_view kAction = "write a trace.dat";
  constexpr std::uint64_t kMaxText = std::numeric_limits<std::uint32_t>::max();
  require(options.version == 6 || options.version == 7, kAction, "there are the versions 6 and 7");
  require(options.codec == nullptr || options.version == 7, kAction, "version 6 knows no compression");
  require(parts.long_size == 4 || parts.long_size == 8, kAction, "a long has 4 or 8 bytes");
  require(!parts.header_page.empty(), kAction, "without the text of header_page nobody can read it");
  require(!parts.buffers.empty(), kAction, "it needs a buffer");
  require(parts.kallsyms.size() <= kMaxText && parts.printk_formats.size() <= kMaxText, kAction,
          "a text has 4 GiB or more");
  for (const TraceDatBufferHead& buffer : parts.buffers) {
    require(buffer.page_size > 0, kAction, "a page has no bytes");
    require(options.version == 7 || buffer.page_size == parts.buffers.front().page_size, kAction,
            "in version 6 all buffers have pages of one size");
  }
}

}  // namespace

TraceDatWriter::State::State(std::ostream& stream, const TraceDatParts& parts, const TraceDatWriteOptions& how)
    : out(stream, how.path),
      byte_order(parts.byte_order),
      version(how.version),
      codec(how.codec),
      cpu_count(parts.cpus),
      options(parts.byte_order) {
  for (const TraceDatBufferHead& head : parts.buffers)
    buffers.push_back({.head = head, .cpus = {}});
  write_head(parts);
  write_texts(parts);
  add_options(parts);
  if (version == 6)
    write_options6();
}

TraceDatWriter::TraceDatWriter(std::ostream& out, const TraceDatParts& parts, const TraceDatWriteOptions& options) {
  check(parts, options);
  state_ = std::make_unique<State>(out, parts, options);
}

TraceDatWriter::~TraceDatWriter() = default;
TraceDatWriter::TraceDatWriter(TraceDatWriter&&) noexcept = default;
TraceDatWriter& TraceDatWriter::operator=(TraceDatWriter&&) noexcept = default;

void TraceDatWriter::begin(std::size_t buffer, std::uint32_t cpu) {
  constexpr std::string_view kAction = "begin a CPU's pages in a trace.dat";
  require(!state_->finished, kAction, "it is finished");
  require(buffer < state_->buffers.size(), kAction, "there is no such buffer");
  require(buffer + 1 >= state_->opened, kAction, "a later buffer was begun already");
  require(cpu < state_->cpu_count, kAction, "the parts say that there are fewer CPUs");
  for (const TraceDatCpu& other : state_->buffers[buffer].cpus)
    require(other.cpu != cpu, kAction, "this CPU was begun already");
  state_->begin(buffer, cpu);
}

void TraceDatWriter::write(std::span<const std::byte> pages) {
  require(state_->cpu_open, "write pages into a trace.dat", "begin a CPU first");
  state_->write(pages);
}

void TraceDatWriter::finish() {
  require(!state_->finished, "finish a trace.dat", "it is finished");
  state_->finish();
}

std::uint64_t TraceDatWriter::page_bytes() const noexcept {
  return state_->page_bytes;
}

}  // namespace fathom
