#include <fathom/graph/call_forest.hpp>
#include <fathom/rawtrace/event_merger.hpp>
#include <fathom/rawtrace/graph_decoder.hpp>
#include <fathom/symbols/kallsyms_index.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

namespace {

// The common fields, and funcgraph_entry and funcgraph_exit of Linux 6.17.
constexpr std::string_view kCommon =
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n";
constexpr std::string_view kEntry =
    "\tfield:unsigned long func;\toffset:8;\tsize:8;\tsigned:0;\n"
    "\tfield:unsigned int depth;\toffset:16;\tsize:4;\tsigned:0;\n"
    "\tfield:unsigned long args[];\toffset:24;\tsize:0;\tsigned:0;\n";
constexpr std::string_view kExit =
    "\tfield:unsigned long func;\toffset:8;\tsize:8;\tsigned:0;\n"
    "\tfield:unsigned long retval;\toffset:16;\tsize:8;\tsigned:0;\n"
    "\tfield:unsigned int depth;\toffset:24;\tsize:4;\tsigned:0;\n"
    "\tfield:unsigned int overrun;\toffset:28;\tsize:4;\tsigned:0;\n"
    "\tfield:unsigned long long calltime;\toffset:32;\tsize:8;\tsigned:0;\n"
    "\tfield:unsigned long long rettime;\toffset:40;\tsize:8;\tsigned:0;\n";

fathom::FormatRegistry formats_of(std::endian order) {
  fathom::FormatRegistry formats(fathom::PageLayout{.byte_order = order, .data_size = 1000});
  formats.add("ftrace", "name: funcgraph_entry\nID: 11\n" + std::string(kCommon) + std::string(kEntry));
  formats.add("ftrace", "name: funcgraph_exit\nID: 10\n" + std::string(kCommon) + std::string(kExit));
  return formats;
}

}  // namespace

// The first byte says the byte order, the halves of the rest are pages of two CPUs: whatever is on them, the account
// adds up, and each function that was entered or left has a name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  static const fathom::FormatRegistry kFormats[] = {formats_of(std::endian::little), formats_of(std::endian::big)};
  const fathom::FormatRegistry& formats = kFormats[data[0] & 1U];
  const auto pages = std::as_bytes(std::span(data, size)).subspan(1);

  fathom::CallForest forest;
  fathom::GraphDecoder graph(formats, fathom::KallsymsIndex(), forest);
  fathom::EventMerger merger(formats);
  merger.add(0, pages.first(pages.size() / 2));
  merger.add(1, pages.subspan(pages.size() / 2));
  merger.drain(graph);
  forest.finish();
  const fathom::ParseStats stats = graph.stats();
  if (stats.records != merger.stats().parsed_records || stats.bytes != stats.parsed_bytes + stats.skipped_bytes ||
      stats.records != stats.parsed_records + stats.skipped_records() || forest.calls() > stats.parsed_records)
    std::abort();
  for (std::uint32_t i = 0; i < forest.calls(); ++i) {
    if (!forest.call(i).name().starts_with("0x"))
      std::abort();
  }
  return 0;
}
