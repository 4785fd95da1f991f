#include <fathom/rawtrace/print_format.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace {

struct Symbols {
  struct Hit {
    [[nodiscard]] static std::string_view name() { return "vfs_read"; }
    [[nodiscard]] static std::string_view module() { return "ext4"; }
  };
  [[nodiscard]] static std::optional<Hit> find(std::uint64_t address) {
    return (address & 1U) != 0 ? std::optional(Hit{}) : std::nullopt;
  }
};

constexpr std::string_view kFields =
    "name: probe\nID: 7\nformat:\n"
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
    "\tfield:int a;\toffset:8;\tsize:4;\tsigned:1;\n"
    "\tfield:unsigned long b;\toffset:12;\tsize:8;\tsigned:0;\n"
    "\tfield:char c[8];\toffset:20;\tsize:8;\tsigned:0;\n"
    "\tfield:__data_loc char[] d;\toffset:28;\tsize:4;\tsigned:0;\n"
    "\tfield:__rel_loc u32[] e;\toffset:32;\tsize:4;\tsigned:0;\n"
    "\tfield:__data_loc cpumask_t m;\toffset:36;\tsize:4;\tsigned:0;\n"
    "\nprint fmt: ";

}  // namespace

// Up to the first NUL a `print fmt`, behind it a record: whatever they are, the text ends, and is not out of
// proportion.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::string_view text = all.substr(0, all.find('\0'));
  const auto record = std::as_bytes(std::span(data, size)).subspan(text.size());
  const Symbols symbols;
  const auto strings = fathom::PrintkFormats::parse(text);
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    fathom::PageLayout layout;
    layout.byte_order = order;
    layout.long_size = order == std::endian::big ? 4 : 8;
    const auto format = fathom::EventFormat::parse("system", std::string(kFields) + std::string(text), layout);
    if (!format)
      std::abort();
    const fathom::PrintFormat print(*format, layout);
    fathom::TextBuffer out;
    const fathom::PrintGaps gaps =
        print.render(record, {.symbols = fathom::AddressNames(symbols), .strings = &strings}, out);
    // A format that has no gaps can have them only in what a record holds.
    if (!print.gaps().any() &&
        (gaps.has(fathom::PrintGap::unknown_name) || gaps.has(fathom::PrintGap::unknown_function)))
      std::abort();
    // A conversion gives its width, the record's bytes in hexadecimal, or the texts of a table.
    const std::size_t most = text.size() + (print.conversions() + 1) * (4200 + 4 * record.size() + text.size()) + 4096;
    if (out.size() > most)
      std::abort();
    out.clear();
    fathom::render_bprint(text, record, layout, {.symbols = fathom::AddressNames(symbols)}, out);
    if (out.size() > text.size() * 4200 + record.size() + 4096)
      std::abort();
  }
  return 0;
}
