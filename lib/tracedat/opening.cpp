#include "opening.hpp"

#include <fathom/base/error.hpp>

#include <algorithm>
#include <utility>

namespace fathom {

namespace {

constexpr std::string_view kMagic = "\x17\x08\x44tracing";

// The fewest bytes that each of them takes in a file.
constexpr std::size_t kOptionBytes = 6;
constexpr std::size_t kFormatBytes = 8;
constexpr std::size_t kCpuBytes = 16;

}  // namespace

TraceDatReader::Opening::Opening(TraceDatReader& reader)
    : r_(reader),
      options_left_(reader.file_.size() / kOptionBytes),
      formats_left_(reader.file_.size() / kFormatBytes),
      cpus_left_(reader.file_.size() / kCpuBytes) {}

void TraceDatReader::Opening::run() {
  read_head();
  if (r_.version_ == 6)
    read_version6();
  else
    read_version7();
  require_layout();
  place_pages();
}

void TraceDatReader::Opening::fail(std::errc code, std::string_view action, std::string_view hint) const {
  throw Error(code, action, r_.how_.path, hint);
}

void TraceDatReader::Opening::read_head() {
  ByteCursor cursor(r_.file_, false);
  if (!cursor.accept(kMagic))
    fail(std::errc::invalid_argument, "read as a trace.dat the file", "it does not begin as one");
  const std::string_view version = cursor.string();
  if (cursor.failed())
    fail(std::errc::invalid_argument, "read the head of", "the file is cut");
  if (version != "6" && version != "7")
    fail(std::errc::not_supported, "read the trace.dat", "its version is none of 6 and 7");
  r_.version_ = version == "6" ? 6 : 7;
  const auto small = cursor.take(2);
  if (cursor.failed())
    fail(std::errc::invalid_argument, "read the head of", "the file is cut");
  r_.byte_order_ = small[0] == std::byte{0} ? std::endian::little : std::endian::big;
  r_.long_size_ = static_cast<std::uint32_t>(small[1]);
  if (small[0] > std::byte{1} || (r_.long_size_ != 4 && r_.long_size_ != 8))
    fail(std::errc::invalid_argument, "read the head of", "the file is damaged: no byte order or size of long is so");
  swap_ = r_.byte_order_ != std::endian::native;

  ByteCursor rest = cursor_at(cursor.at());
  r_.page_size_ = rest.u32();
  if (r_.version_ == 7) {
    r_.compression_ = rest.string();
    rest.string();  // the version of what compressed
  }
  if (rest.failed())
    fail(std::errc::invalid_argument, "read the head of", "the file is cut");
  head_size_ = cursor.at() + rest.at();
  count_parsed(head_size_);
}

// Everything stands one behind the other, and no part tells its length: behind one that is not whole, nothing is found.
void TraceDatReader::Opening::read_version6() {
  using Id = TraceDatOptionId;
  ByteCursor cursor = cursor_at(head_size_);
  for (const Id part :
       {Id::header_info, Id::ftrace_events, Id::event_formats, Id::kallsyms, Id::printk, Id::cmdlines}) {
    const std::size_t from = cursor.at();
    read_text(part, cursor);
    count(cursor, from);
    if (cursor.failed())
      return;
  }
  const std::size_t from = cursor.at();
  r_.cpu_count_ = cursor.u32();
  TraceDatBuffer top;
  read_pages_or_text6(cursor, top, head_size_);
  if (r_.find(TraceDatOptionId::trace_clock) != nullptr && !top.text)
    read_clock6(cursor, top);
  count(cursor, from);
  r_.buffers_.push_back(std::move(top));
  read_instances6();
}

void TraceDatReader::Opening::read_version7() {
  ByteCursor cursor = cursor_at(head_size_);
  const std::uint64_t options = cursor.u64();
  count(cursor, 0);
  if (cursor.failed())
    return;
  read_options7(options);
  read_sections();
  read_strings(head_size_ + cursor.at());
}

void TraceDatReader::Opening::require_layout() const {
  if (r_.header_page_.empty())
    fail(std::errc::invalid_argument, "find the layout of pages in",
         "the file is cut or damaged: it has no header_page");
  const auto layout = PageLayout::parse(r_.header_page_, r_.header_event_, r_.byte_order_);
  if (!layout)
    fail(std::errc::invalid_argument, "understand the header_page of", "the file is damaged, or of another kernel");
  r_.layout_ = *layout;
}

void TraceDatReader::Opening::count_parsed(std::uint64_t bytes) {
  r_.stats_.bytes += bytes;
  r_.stats_.count_parsed(bytes);
}

void TraceDatReader::Opening::count_skipped(SkipReason reason, std::uint64_t bytes) {
  r_.stats_.bytes += bytes;
  r_.stats_.count_skipped(reason, {}, bytes);
}

void TraceDatReader::Opening::count(const ByteCursor& cursor, std::size_t from) {
  if (cursor.failed())
    count_skipped(SkipReason::cut_file, cursor.at() - from + cursor.left());
  else
    count_parsed(cursor.at() - from);
}

tracedat::ByteCursor TraceDatReader::Opening::cursor_at(std::uint64_t offset) const {
  const auto from = std::min<std::uint64_t>(offset, r_.file_.size());
  return {r_.file_.subspan(from), swap_};
}

}  // namespace fathom
