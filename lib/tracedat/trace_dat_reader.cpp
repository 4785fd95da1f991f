#include "byte_cursor.hpp"
#include "chunks.hpp"
#include "opening.hpp"

#include <fathom/tracedat/trace_dat_reader.hpp>

#include <algorithm>
#include <utility>

namespace fathom {

namespace {

constexpr std::uint64_t kExpansion = 64;
constexpr std::uint64_t kSmallFile = std::uint64_t{16} << 20U;

}  // namespace

std::string_view TraceDatBytes::text() const noexcept {
  return tracedat::text_of(view_);
}

TraceDatReader::TraceDatReader(std::span<const std::byte> file, TraceDatReadOptions options)
    : file_(file), how_(std::move(options)) {
  if (how_.max_decompressed == 0)
    how_.max_decompressed = file.size() * kExpansion + kSmallFile;
  decompressed_left_ = how_.max_decompressed;
  pages_left_ = how_.max_decompressed;
  Opening(*this).run();
}

TraceDatReader::~TraceDatReader() = default;
TraceDatReader::TraceDatReader(TraceDatReader&&) noexcept = default;
TraceDatReader& TraceDatReader::operator=(TraceDatReader&&) noexcept = default;

const TraceDatOption* TraceDatReader::find(TraceDatOptionId id) const& noexcept {
  const auto found = std::ranges::find(options_, static_cast<std::uint16_t>(id), &TraceDatOption::id);
  return found == options_.end() ? nullptr : &*found;
}

std::string_view TraceDatReader::section_name(std::uint64_t offset) const noexcept {
  if (version_ == 6 || offset >= file_.size())
    return {};
  tracedat::ByteCursor head(file_.subspan(offset), byte_order_ != std::endian::native);
  head.take(4);
  const std::uint32_t name = head.u32();
  if (head.failed() || name >= strings_.size())
    return {};
  const std::string_view text = std::string_view(strings_).substr(name);
  return text.substr(0, text.find('\0'));
}

std::span<const std::byte> TraceDatReader::section(TraceDatOptionId id) const noexcept {
  const bool swap = byte_order_ != std::endian::native;
  const auto option =
      std::ranges::find(options_.rbegin(), options_.rend(), static_cast<std::uint16_t>(id), &TraceDatOption::id);
  if (version_ == 6 || option == options_.rend())
    return {};
  const std::uint64_t offset = tracedat::ByteCursor(option->data, swap).u64();
  tracedat::ByteCursor head(file_.subspan(std::min<std::uint64_t>(offset, file_.size())), swap);
  const bool this_one = head.u16() == static_cast<std::uint16_t>(id);
  head.take(6);
  const std::uint64_t size = head.u64();
  return this_one && !head.failed() ? head.take(std::min<std::uint64_t>(size, head.left()))
                                    : std::span<const std::byte>{};
}

PageLayout TraceDatReader::layout(const TraceDatBuffer& buffer) const noexcept {
  PageLayout layout = layout_;
  if (buffer.page_size > layout.data_offset)
    layout.data_size = buffer.page_size - layout.data_offset;
  return layout;
}

TraceDatBytes TraceDatReader::pages(const TraceDatBuffer& buffer, const TraceDatCpu& cpu) {
  const auto place = file_.subspan(std::min<std::uint64_t>(cpu.offset, file_.size()));
  const auto stored = place.first(std::min<std::uint64_t>(cpu.size, place.size()));
  if (!buffer.compressed || stored.empty())
    return TraceDatBytes(stored);
  // trace-cmd does not count the 4 bytes in front of the chunks.
  const auto packed = place.first(std::min<std::uint64_t>(stored.size() + sizeof(std::uint32_t), place.size()));
  stats_.bytes += stored.size();
  const Codec* const codec = usable_codec();
  if (codec == nullptr) {
    stats_.count_skipped(SkipReason::no_codec, {}, stored.size());
    return {};
  }
  // Who asks for the same pages again has given the others back, or keeps them twice by his own will.
  std::uint64_t& charged = charged_[cpu.offset];
  pages_left_ += std::exchange(charged, 0);
  auto chunks = tracedat::decompress_chunks(*codec, packed, byte_order_ != std::endian::native, pages_left_);
  charged = chunks.bytes.size();
  pages_left_ -= std::min(pages_left_, charged + chunks.spoilt);
  if (chunks.whole) {
    stats_.count_parsed(stored.size());
  } else {
    const std::size_t used = std::min(chunks.used, stored.size());
    stats_.count_parsed(used);
    stats_.count_skipped(SkipReason::bad_section, {}, stored.size() - used);
  }
  return TraceDatBytes(std::move(chunks.bytes));
}

TraceDatBytes TraceDatReader::text(const TraceDatBuffer& buffer) {
  return buffer.text ? pages(buffer, *buffer.text) : TraceDatBytes();
}

FormatRegistry TraceDatReader::formats() const {
  FormatRegistry formats(layout_);
  for (const TraceDatFormat& format : formats_)
    formats.add(format.system, format.text);
  return formats;
}

TaskNames TraceDatReader::task_names() const {
  TaskNames names;
  names.add_saved_cmdlines(cmdlines_);
  return names;
}

const Codec* TraceDatReader::usable_codec() const noexcept {
  return how_.codec != nullptr && how_.codec->name() == compression_ ? how_.codec : nullptr;
}

}  // namespace fathom
