#include "writer_state.hpp"

#include <algorithm>

namespace fathom {

namespace {

constexpr std::size_t kChunk = std::size_t{1} << 20U;

}  // namespace

void TraceDatWriter::State::begin(std::size_t buffer, std::uint32_t cpu) {
  close_cpu();
  while (opened <= buffer)
    open_buffer();
  Buffer& into = buffers[buffer];
  if (codec == nullptr)
    out.align(into.head.page_size);  // so that a reader can map it
  into.cpus.push_back({cpu, out.at(), 0});
  cpu_open = true;
  if (codec != nullptr) {
    chunks = 0;
    out.write(builder().u32(0));  // how many chunks
  }
}

void TraceDatWriter::State::write(std::span<const std::byte> pages) {
  page_bytes += pages.size();
  if (codec == nullptr)
    return out.write(pages);
  const std::size_t size = chunk_size();
  while (!pages.empty()) {
    const auto now = pages.first(std::min(pages.size(), size - chunk.size()));
    chunk.insert(chunk.end(), now.begin(), now.end());
    pages = pages.subspan(now.size());
    if (chunk.size() == size)
      write_chunk();
  }
}

void TraceDatWriter::State::finish() {
  while (opened < buffers.size())
    open_buffer();
  close_buffer();
  if (version == 7)
    write_options7();
  out.flush();
  finished = true;
}

std::size_t TraceDatWriter::State::chunk_size() const {
  const std::size_t page = buffers[opened - 1].head.page_size;
  return std::max(page, kChunk / page * page);
}

void TraceDatWriter::State::write_chunk() {
  codec->compress(chunk, packed);
  out.write(builder().u32(static_cast<std::uint32_t>(packed.size())).u32(static_cast<std::uint32_t>(chunk.size())));
  out.write(packed);
  chunk.clear();
  ++chunks;
}

void TraceDatWriter::State::open_buffer() {
  using std::string_view_literals::operator""sv;
  close_buffer();
  Buffer& buffer = buffers[opened++];
  if (version == 7) {
    buffer.section_at = out.at();
    write_section_head(TraceDatOptionId::buffer, codec != nullptr, "buffer flyrecord " + buffer.head.name, 0);
    return;
  }
  if (buffer.option_at != 0)
    out.rewrite(buffer.option_at, builder().u64(out.at()));
  out.write(builder().text("flyrecord\0"sv));
  buffer.table_at = out.at();
  auto table = builder();
  for (std::uint32_t cpu = 0; cpu < cpu_count; ++cpu)
    table.u64(0).u64(0);
  if (opened == 1) {
    const std::string clock = '[' + buffer.head.clock + ']';
    table.u64(clock.size()).text(clock);
  }
  out.write(table);
}

void TraceDatWriter::State::close_cpu() {
  if (!cpu_open)
    return;
  TraceDatCpu& cpu = buffers[opened - 1].cpus.back();
  if (codec != nullptr) {
    if (!chunk.empty())
      write_chunk();
    out.rewrite(cpu.offset, builder().u32(chunks));
  }
  cpu.size = out.at() - cpu.offset;
  cpu_open = false;
}

void TraceDatWriter::State::close_buffer() {
  close_cpu();
  if (opened == 0)
    return;
  const Buffer& buffer = buffers[opened - 1];
  if (version == 7) {
    constexpr std::uint64_t kSizeAt = 8;
    constexpr std::uint64_t kHead = 16;
    out.rewrite(buffer.section_at + kSizeAt, builder().u64(out.at() - buffer.section_at - kHead));
    return;
  }
  for (const TraceDatCpu& cpu : buffer.cpus)
    out.rewrite(buffer.table_at + std::uint64_t{16} * cpu.cpu, builder().u64(cpu.offset).u64(cpu.size));
}

void TraceDatWriter::State::write_options7() {
  for (const Buffer& buffer : buffers) {
    auto data = builder();
    data.u64(buffer.section_at).string(buffer.head.name).string(buffer.head.clock).u32(buffer.head.page_size);
    data.u32(static_cast<std::uint32_t>(buffer.cpus.size()));
    for (const TraceDatCpu& cpu : buffer.cpus)
      data.u32(cpu.cpu).u64(cpu.offset).u64(cpu.size);
    add_option(TraceDatOptionId::buffer, data);
  }
  add_option(TraceDatOptionId::done, builder().u64(0));
  out.rewrite(options_at, builder().u64(out.at()));
  write_section_head(TraceDatOptionId::done, false, "options", options.built().size());
  out.write(options);
  write_section_head(TraceDatOptionId::strings, false, "", strings.size());
  out.write(builder().text(strings));
}

std::uint32_t TraceDatWriter::State::string_id(std::string_view name) {
  if (name.empty())
    return 0;
  const auto id = static_cast<std::uint32_t>(strings.size());
  strings.append(name).push_back('\0');
  return id;
}

void TraceDatWriter::State::write_section_head(TraceDatOptionId id, bool compressed, std::string_view name,
                                               std::uint64_t size) {
  auto head = builder();
  head.u16(static_cast<std::uint16_t>(id)).u16(compressed ? 1 : 0).u32(string_id(name)).u64(size);
  out.write(head);
}

}  // namespace fathom
