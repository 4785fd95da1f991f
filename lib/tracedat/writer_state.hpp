#pragma once

#include "dat_output.hpp"

#include <fathom/tracedat/trace_dat_writer.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// What a writer knows while it writes.
struct TraceDatWriter::State {
  State(std::ostream& stream, const TraceDatParts& parts, const TraceDatWriteOptions& options);

  // What comes before the pages. writer_texts.cpp
  void write_head(const TraceDatParts& parts);
  void write_texts(const TraceDatParts& parts);
  void write_text(TraceDatOptionId id, std::string_view name, const tracedat::ByteBuilder& content);
  void add_options(const TraceDatParts& parts);
  void add_option(TraceDatOptionId id, const tracedat::ByteBuilder& data);
  void write_options6();

  // The pages. writer_pages.cpp
  void begin(std::size_t buffer, std::uint32_t cpu);
  void write(std::span<const std::byte> pages);
  void finish();
  void open_buffer();
  void close_buffer();
  void close_cpu();
  void write_chunk();
  void write_options7();
  std::uint32_t string_id(std::string_view name);
  void write_section_head(TraceDatOptionId id, bool compressed, std::string_view name, std::uint64_t size);

  [[nodiscard]] tracedat::ByteBuilder builder() const { return tracedat::ByteBuilder(byte_order); }
  [[nodiscard]] std::size_t chunk_size() const;

  struct Buffer {
    TraceDatBufferHead head;
    std::uint64_t option_at = 0;   // version 6: where its option has its place
    std::uint64_t section_at = 0;  // version 7
    std::uint64_t table_at = 0;    // version 6: where the places of the CPUs' pages are
    std::vector<TraceDatCpu> cpus;
  };

  tracedat::DatOutput out;
  std::endian byte_order;
  std::uint32_t version;
  const Codec* codec;
  std::uint32_t cpu_count;
  std::vector<Buffer> buffers;
  std::string strings{'\0'};      // of sections; the first one is empty
  std::uint64_t options_at = 0;   // version 7: where the head has the place of the options
  tracedat::ByteBuilder options;  // so far
  std::size_t opened = 0;         // so many buffers
  bool cpu_open = false;
  bool finished = false;
  std::vector<std::byte> chunk;
  std::vector<std::byte> packed;
  std::uint32_t chunks = 0;  // of the CPU that is open
  std::uint64_t page_bytes = 0;
};

}  // namespace fathom
