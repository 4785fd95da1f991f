#include "chunks.hpp"
#include "opening.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

namespace fathom {

namespace {

constexpr std::uint16_t kCompressed = 1;

}  // namespace

std::optional<TraceDatReader::Opening::Section> TraceDatReader::Opening::section_at(std::uint64_t offset) const {
  ByteCursor cursor = cursor_at(offset);
  Section section;
  section.id = cursor.u16();
  section.compressed = (cursor.u16() & kCompressed) != 0;
  section.name = cursor.u32();
  const std::uint64_t size = cursor.u64();
  if (cursor.failed())
    return std::nullopt;
  section.cut = size > cursor.left();
  section.content = cursor.take(std::min<std::uint64_t>(size, cursor.left()));
  return section;
}

std::uint64_t TraceDatReader::Opening::offset_of(Bytes content) const noexcept {
  return static_cast<std::uint64_t>(content.data() - r_.file_.data());
}

// The bytes of a section that is no buffer. Nothing, and counted, where it is compressed and cannot be brought back.
std::optional<std::span<const std::byte>> TraceDatReader::Opening::content_of(const Section& section) {
  if (!section.compressed)
    return section.content;
  const Codec* const codec = r_.usable_codec();
  if (codec == nullptr) {
    count_skipped(SkipReason::no_codec, section.content.size());
    return std::nullopt;
  }
  auto block = tracedat::decompress_block(*codec, section.content, swap_, r_.decompressed_left_);
  r_.decompressed_left_ -= block.spoilt;
  if (!block.whole) {
    count_skipped(section.cut ? SkipReason::cut_file : SkipReason::bad_section, section.content.size());
    return std::nullopt;
  }
  r_.decompressed_left_ -= block.bytes.size();
  r_.decompressed_.push_back(std::make_unique<std::vector<std::byte>>(std::move(block.bytes)));
  return *r_.decompressed_.back();
}

// The sections with texts that options lead to; of several options of a kind, the last one counts.
void TraceDatReader::Opening::read_sections() {
  using Id = TraceDatOptionId;
  for (const Id id : {Id::header_info, Id::ftrace_events, Id::event_formats, Id::kallsyms, Id::printk, Id::cmdlines}) {
    const auto option = std::ranges::find(r_.options_.rbegin(), r_.options_.rend(), static_cast<std::uint16_t>(id),
                                          &TraceDatOption::id);
    if (option == r_.options_.rend())
      continue;
    ByteCursor where(option->data, swap_);
    const auto section = section_at(where.u64());
    if (where.failed() || !section || section->id != option->id) {
      count_skipped(SkipReason::bad_section, 0);
      continue;
    }
    const auto content = content_of(*section);
    if (!content)
      continue;
    ByteCursor cursor(*content, swap_);
    read_text(id, cursor);
    if (cursor.failed())
      count_skipped(section->cut ? SkipReason::cut_file : SkipReason::bad_section, section->content.size());
    else
      count_parsed(section->content.size());
  }
}

// No option leads to the sections with strings: they are found by going from section to section. They are mostly the
// last thing in the file, so a cut that nothing else tells of is seen here.
void TraceDatReader::Opening::read_strings(std::uint64_t from) {
  bool named = false;
  bool found = false;
  while (const auto section = section_at(from)) {
    named = named || section->name != 0;
    from = offset_of(section->content) + section->content.size();
    if (section->id != static_cast<std::uint16_t>(TraceDatOptionId::strings))
      continue;
    found = true;
    if (const auto content = content_of(*section)) {
      r_.strings_ += tracedat::text_of(*content);
      count_parsed(section->content.size());
      if (section->cut)
        count_skipped(SkipReason::cut_file, 0);
    }
  }
  const std::uint64_t rest = r_.file_.size() - std::min<std::uint64_t>(from, r_.file_.size());
  if (rest != 0 || (named && !found))
    count_skipped(SkipReason::cut_file, rest);
}

// Puts every stretch of pages into the file, and takes out those that lie in another one: they would be read more often
// than the file is long.
void TraceDatReader::Opening::place_pages() {
  std::vector<TraceDatCpu*> stretches;
  for (TraceDatBuffer& buffer : r_.buffers_) {
    drop_repeated(buffer);
    const bool usable = buffer.text || page_size_fits(buffer);
    if (buffer.text)
      stretches.push_back(&*buffer.text);
    for (TraceDatCpu& cpu : buffer.cpus) {
      if (!usable)
        drop(cpu);
      else
        stretches.push_back(&cpu);
    }
  }
  std::ranges::sort(stretches, {}, &TraceDatCpu::offset);
  std::uint64_t end = 0;
  for (TraceDatCpu* const stretch : stretches) {
    if (stretch->size == 0)
      continue;
    if (stretch->offset < end || stretch->offset >= r_.file_.size()) {
      drop(*stretch);
      continue;
    }
    const std::uint64_t left = r_.file_.size() - stretch->offset;
    if (stretch->size > left) {
      count_skipped(SkipReason::cut_file, 0);
      stretch->size = left;
    }
    end = stretch->offset + stretch->size;
  }
  for (const TraceDatBuffer& buffer : r_.buffers_) {
    for (const TraceDatCpu& cpu : buffer.cpus) {
      if (cpu.size != 0 && !buffer.compressed)
        count_parsed(cpu.size);
    }
    if (buffer.text && !buffer.compressed)
      count_parsed(buffer.text->size);
  }
}

void TraceDatReader::Opening::drop(TraceDatCpu& stretch) {
  if (stretch.size != 0)
    count_skipped(SkipReason::bad_section, 0);
  stretch.size = 0;
}

// Of one CPU's stretches the first counts.
void TraceDatReader::Opening::drop_repeated(TraceDatBuffer& buffer) {
  std::set<std::uint32_t> seen;
  std::erase_if(buffer.cpus, [&](TraceDatCpu& cpu) {
    if (seen.insert(cpu.cpu).second)
      return false;
    drop(cpu);
    return true;
  });
}

bool TraceDatReader::Opening::page_size_fits(const TraceDatBuffer& buffer) const noexcept {
  constexpr std::uint32_t kMaxData = 1U << 27U;  // what a page's `commit` can count
  return buffer.page_size > r_.layout_.data_offset && buffer.page_size - r_.layout_.data_offset <= kMaxData;
}

}  // namespace fathom
