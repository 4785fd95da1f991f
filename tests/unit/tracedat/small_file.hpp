#pragma once

#include "unit/rawtrace/page_builder.hpp"

#include <fathom/tracedat/trace_dat_reader.hpp>
#include <fathom/tracedat/trace_dat_writer.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::test {

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// A machine whose pages have 240 bytes of data.
struct SmallMachine {
  std::endian byte_order = std::endian::little;
  std::uint32_t long_size = 8;

  [[nodiscard]] PageLayout layout() const {
    PageLayout layout;
    layout.byte_order = byte_order;
    layout.long_size = long_size;
    layout.data_offset = 8 + long_size;
    layout.data_size = 240;
    return layout;
  }
  [[nodiscard]] std::uint32_t page_size() const { return static_cast<std::uint32_t>(layout().page_size()); }
  [[nodiscard]] std::string header_page() const {
    const std::string size = std::to_string(long_size);
    const std::string data = std::to_string(8 + long_size);
    return "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\tfield: local_t commit;\toffset:8;\tsize:" + size +
           ";\tsigned:1;\n\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n\tfield: char data;\toffset:" + data +
           ";\tsize:240;\tsigned:1;\n";
  }
  /// A CPU's pages, with `records` each.
  [[nodiscard]] std::vector<std::byte> pages(std::uint64_t time, std::size_t pages, std::uint32_t records) const {
    std::vector<std::byte> all;
    for (std::size_t i = 0; i < pages; ++i) {
      PageBuilder builder(layout(), time + 1000 * i);
      for (std::uint32_t record = 0; record < records; ++record)
        builder.record(static_cast<std::uint16_t>(5 + record), 10);
      const auto page = builder.page();
      all.insert(all.end(), page.begin(), page.end());
    }
    return all;
  }
};

inline constexpr std::string_view kFunctionFormat =
    "name: function\nID: 5\nformat:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n";
inline constexpr std::string_view kSwitchFormat =
    "name: sched_switch\nID: 6\nformat:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n";

/// A file with everything in it: two systems, texts, options, two buffers, three CPUs of which one is empty.
inline std::string small_file(const SmallMachine& machine, const TraceDatWriteOptions& how) {
  const std::string header_page = machine.header_page();
  TraceDatParts parts;
  parts.byte_order = machine.byte_order;
  parts.long_size = machine.long_size;
  parts.header_page = header_page;
  parts.formats = {{"sched", kSwitchFormat}, {"ftrace", kFunctionFormat}};
  parts.kallsyms = "ffffffff81000000 T _stext\n";
  parts.printk_formats = "0xffffffff82000000 : \"%d\\n\"\n";
  parts.cmdlines = "7 bash\n8 a b\n";
  parts.cpus = 3;
  parts.uname = "Linux small";
  parts.buffers = {{"", "mono", machine.page_size()}, {"other", "mono", machine.page_size()}};
  parts.options = {{2, bytes_of(std::string_view("entries: 0\n\0", 12))}, {7, bytes_of("-5")}, {4711, bytes_of("?")}};
  std::ostringstream out;
  TraceDatWriter file(out, parts, how);
  file.begin(0, 0);
  file.write(machine.pages(1000, 3, 4));
  file.begin(0, 2);
  file.write(machine.pages(1005, 1, 2));
  file.begin(1, 1);
  file.write(machine.pages(2000, 2, 1));
  file.finish();
  return std::move(out).str();
}

}  // namespace fathom::test
