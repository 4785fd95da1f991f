#include "writer_state.hpp"

#include <fathom/base/error.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <utility>

namespace fathom {

namespace {

using Id = TraceDatOptionId;

// Options that the writer makes by itself, or that would lead to sections of another file.
constexpr std::array kOwnOptions = {
    Id::done,     Id::buffer,   Id::trace_clock,   Id::cpu_count, Id::strings,       Id::printk,      Id::header_info,
    Id::cmdlines, Id::kallsyms, Id::ftrace_events, Id::btf_file,  Id::event_formats, Id::buffer_text, Id::modules_file};

// The most that a compressed section can say of its size.
void require_32_bits(std::uint64_t size) {
  if (size > std::numeric_limits<std::uint32_t>::max())
    throw Error(std::errc::invalid_argument, "write a trace.dat", {}, "a text has 4 GiB or more: do without the codec");
}

void put_format(tracedat::ByteBuilder& to, std::string_view text) {
  to.u64(text.size()).text(text);
}

}  // namespace

void TraceDatWriter::State::write_head(const TraceDatParts& parts) {
  auto head = builder();
  head.text("\x17\x08\x44tracing").string(version == 6 ? "6" : "7");
  const std::array small = {byte_order == std::endian::little ? std::byte{0} : std::byte{1},
                            static_cast<std::byte>(parts.long_size)};
  head.bytes(small).u32(parts.buffers.front().page_size);
  if (version == 7) {
    head.string(codec != nullptr ? codec->name() : "none").string(codec != nullptr ? codec->version() : "");
    options_at = head.built().size();
    head.u64(0);
  }
  out.write(head);
}

void TraceDatWriter::State::write_texts(const TraceDatParts& parts) {
  auto header = builder();
  header.string("header_page").u64(parts.header_page.size()).text(parts.header_page);
  header.string("header_event").u64(parts.header_event.size()).text(parts.header_event);
  write_text(Id::header_info, "headers", header);

  std::map<std::string_view, std::vector<std::string_view>> systems;
  for (const TraceDatFormat& format : parts.formats)
    systems[format.system].push_back(format.text);
  const std::vector<std::string_view> ftrace = std::exchange(systems["ftrace"], {});
  systems.erase("ftrace");
  auto ftrace_formats = builder();
  ftrace_formats.u32(static_cast<std::uint32_t>(ftrace.size()));
  for (const std::string_view text : ftrace)
    put_format(ftrace_formats, text);
  write_text(Id::ftrace_events, "ftrace events", ftrace_formats);

  auto formats = builder();
  formats.u32(static_cast<std::uint32_t>(systems.size()));
  for (const auto& [system, texts] : systems) {
    formats.string(system).u32(static_cast<std::uint32_t>(texts.size()));
    for (const std::string_view text : texts)
      put_format(formats, text);
  }
  write_text(Id::event_formats, "events format", formats);

  const auto sized = [this](std::string_view text) {
    return builder().u32(static_cast<std::uint32_t>(text.size())).text(text);
  };
  write_text(Id::kallsyms, "kallsyms", sized(parts.kallsyms));
  write_text(Id::printk, "printk", sized(parts.printk_formats));
  write_text(Id::cmdlines, "command lines", builder().u64(parts.cmdlines.size()).text(parts.cmdlines));
}

// Version 6 has the bare content; version 7 a section, and an option that leads to it.
void TraceDatWriter::State::write_text(TraceDatOptionId id, std::string_view name,
                                       const tracedat::ByteBuilder& content) {
  if (version == 6)
    return out.write(content);
  add_option(id, builder().u64(out.at()));
  if (codec == nullptr) {
    write_section_head(id, false, name, content.built().size());
    return out.write(content);
  }
  require_32_bits(content.built().size());
  codec->compress(content.built(), packed);
  require_32_bits(packed.size());
  const auto sizes =
      builder().u32(static_cast<std::uint32_t>(packed.size())).u32(static_cast<std::uint32_t>(content.built().size()));
  write_section_head(id, true, name, sizes.built().size() + packed.size());
  out.write(sizes);
  out.write(packed);
}

void TraceDatWriter::State::add_options(const TraceDatParts& parts) {
  // Those that say how ticks become time must stand before the clock.
  for (const TraceDatOption& option : parts.options) {
    const Id id{option.id};
    const bool own = std::ranges::find(kOwnOptions, id) != kOwnOptions.end();
    if (!own && (id != Id::uname || parts.uname.empty()))
      add_option(id, builder().bytes(option.data));
  }
  add_option(Id::trace_clock, builder().string('[' + parts.buffers.front().clock + ']'));
  if (!parts.uname.empty())
    add_option(Id::uname, builder().string(parts.uname));
  if (version == 7)
    add_option(Id::cpu_count, builder().u32(parts.cpus));
}

void TraceDatWriter::State::add_option(TraceDatOptionId id, const tracedat::ByteBuilder& data) {
  options.u16(static_cast<std::uint16_t>(id)).u32(static_cast<std::uint32_t>(data.built().size())).bytes(data.built());
}

void TraceDatWriter::State::write_options6() {
  using std::string_view_literals::operator""sv;
  auto before = builder();
  before.u32(cpu_count).text("options  \0"sv);
  out.write(before);
  for (std::size_t i = 1; i < buffers.size(); ++i) {
    constexpr std::size_t kOptionHead = 6;
    buffers[i].option_at = out.at() + options.built().size() + kOptionHead;
    add_option(Id::buffer, builder().u64(0).string(buffers[i].head.name));
  }
  out.write(options.u16(0));
}

}  // namespace fathom
