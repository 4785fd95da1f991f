#pragma once

#include "byte_cursor.hpp"

#include <fathom/base/parse_stats.hpp>
#include <fathom/tracedat/trace_dat_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

namespace fathom {

/// Reads a trace.dat into a reader: everything but the pages.
class TraceDatReader::Opening {
 public:
  explicit Opening(TraceDatReader& reader);
  void run();

 private:
  using ByteCursor = tracedat::ByteCursor;
  using Bytes = std::span<const std::byte>;

  // A section of version 7: what its head says, and what of it there is.
  struct Section {
    std::uint16_t id = 0;
    bool compressed = false;
    std::uint32_t name = 0;
    Bytes content;
    bool cut = false;
  };

  // The head and the order of things. opening.cpp
  void read_head();
  void read_version6();
  void read_version7();
  void require_layout() const;
  [[noreturn]] void fail(std::errc code, std::string_view action, std::string_view hint) const;
  void count_parsed(std::uint64_t bytes);
  void count_skipped(SkipReason reason, std::uint64_t bytes);
  // Counts what a cursor came over, and where it failed, all that it could not use.
  void count(const ByteCursor& cursor, std::size_t from);
  [[nodiscard]] ByteCursor cursor_at(std::uint64_t offset) const;

  // Texts, the same in both versions but for what is around them. opening_texts.cpp
  void read_text(TraceDatOptionId id, ByteCursor& cursor);
  void read_header_info(ByteCursor& cursor);
  void read_event_formats(ByteCursor& cursor);
  void read_formats(ByteCursor& cursor, std::string_view system);

  // Lists of options, and what they say. opening_lists.cpp
  std::uint64_t read_option_list(ByteCursor& cursor);
  void read_options7(std::uint64_t offset);
  void take_option(const TraceDatOption& option);
  void add_time_offset(std::int64_t number, std::int64_t unit) noexcept;
  void take_buffer7(const TraceDatOption& option);
  void read_instances6();
  void read_pages_or_text6(ByteCursor& cursor, TraceDatBuffer& buffer, std::uint64_t start);
  void read_clock6(ByteCursor& cursor, TraceDatBuffer& buffer);
  void add_cpu(TraceDatBuffer& buffer, const TraceDatCpu& cpu);

  // Where sections and pages are, and what they are made of. opening_sections.cpp
  [[nodiscard]] std::optional<Section> section_at(std::uint64_t offset) const;
  [[nodiscard]] std::uint64_t offset_of(Bytes content) const noexcept;
  std::optional<Bytes> content_of(const Section& section);
  void read_sections();
  void read_strings(std::uint64_t from);
  void place_pages();
  void drop(TraceDatCpu& stretch);
  void drop_repeated(TraceDatBuffer& buffer);
  [[nodiscard]] bool page_size_fits(const TraceDatBuffer& buffer) const noexcept;

  TraceDatReader& r_;
  bool swap_ = false;
  std::size_t head_size_ = 0;
  std::vector<TraceDatOption> instances6_;
  // So many more may be kept: a compressed list can be longer than the file, and lists may overlap.
  std::size_t options_left_;
  std::size_t formats_left_;
  std::size_t cpus_left_;
};

}  // namespace fathom
