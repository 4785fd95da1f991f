// FunctionGraphParser on any bytes: nothing is lost from the account, and any cutting gives what the whole gives.

#include "../unit/graph/recording_sink.hpp"

#include <fathom/graph/function_graph_parser.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

using namespace fathom;

void require(bool holds) {
  if (!holds)
    std::abort();
}

struct Run {
  FunctionGraphParser parser;
  test::RecordingSink sink;

  // Each piece stands in memory of its own size, so that a read beyond it is seen.
  void feed(std::string_view piece) {
    const std::vector<char> copy(piece.begin(), piece.end());
    parser.feed({copy.data(), copy.size()}, sink);
    check_account();
  }
  void check_account() const {
    const ParseStats stats = parser.stats();
    require(stats.bytes == stats.parsed_bytes + stats.skipped_bytes);
    require(stats.records == stats.parsed_records + stats.skipped_records());
    require(stats.parsed_records == parser.lines().total());
    require(stats.first_bad.has_value() == (stats.skipped_records() != 0));
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first byte says how to cut.
  if (size == 0)
    return 0;
  const std::size_t step = 1 + data[0] % 61U;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);

  Run whole;
  whole.feed(text);
  whole.parser.finish(whole.sink);
  whole.check_account();
  const ParseStats stats = whole.parser.stats();
  require(stats.bytes == text.size());

  Run cut;
  for (std::size_t at = 0; at < text.size(); at += step)
    cut.feed(text.substr(at, step));
  cut.parser.finish(cut.sink);
  cut.check_account();
  const ParseStats cut_stats = cut.parser.stats();
  require(cut.sink.lines() == whole.sink.lines());
  require(cut_stats.bytes == stats.bytes && cut_stats.skipped_bytes == stats.skipped_bytes);
  require(cut_stats.skipped_records_by_reason == stats.skipped_records_by_reason);
  if (stats.first_bad)
    require(cut_stats.first_bad->offset == stats.first_bad->offset &&
            cut_stats.first_bad->number == stats.first_bad->number);
  return 0;
}
