// Every capture of every kernel: each line is accounted for as the golden file says, and the result does not depend on
// how the bytes are cut.

#include "recording_sink.hpp"

#include <fathom/graph/function_graph_parser.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace fathom {
namespace {

namespace fs = std::filesystem;
using test::RecordingSink;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<fs::path> capture_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(FATHOM_TEST_CAPTURES)) {
    if (entry.is_regular_file() && entry.path().extension() == ".txt")
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

struct Result {
  ParseStats stats;
  GraphLineCounts lines;
  std::vector<std::string> events;
};

// Feeds pieces of at most `piece` bytes; 0 for all at once.
template <class PieceSize>
Result parse(std::string_view text, PieceSize piece_size) {
  FunctionGraphParser parser;
  RecordingSink sink;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, piece_size());
    // A copy of exactly this size, so that a sanitizer sees a read beyond it.
    const std::vector<char> copy(piece.begin(), piece.end());
    parser.feed({copy.data(), copy.size()}, sink);
    text.remove_prefix(piece.size());
  }
  parser.finish(sink);
  return {parser.stats(), parser.lines(), sink.lines()};
}

Result parse(std::string_view text) {
  return parse(text, [&text] { return text.size(); });
}

std::string describe(const Result& result) {
  std::ostringstream out;
  out << "lines=" << result.stats.records;
  for (const GraphLineKind kind : kGraphLineKinds) {
    if (result.lines[kind] != 0)
      out << ' ' << to_string(kind) << '=' << result.lines[kind];
  }
  for (const SkipReason reason : kSkipReasons) {
    if (result.stats.skipped(reason) != 0)
      out << " skipped:" << to_string(reason) << '=' << result.stats.skipped(reason);
  }
  if (result.stats.losses != 0)
    out << " losses=" << result.stats.losses << " lost_events=" << result.stats.lost_events;
  return out.str();
}

TEST(Captures, EveryLineIsAccountedForAsTheGoldenFileSays) {
  const fs::path golden_path = fs::path(FATHOM_TEST_GOLDEN) / "graph_text_counts.txt";
  std::map<std::string, std::string> golden;
  std::ifstream in(golden_path);
  for (std::string line; std::getline(in, line);) {
    const std::size_t tab = line.find('\t');
    golden[line.substr(0, tab)] = tab == std::string::npos ? "" : line.substr(tab + 1);
  }
  EXPECT_GT(golden.size(), 600U) << golden_path;

  std::ostringstream now;
  std::size_t seen = 0;
  for (const fs::path& path : capture_files()) {
    const std::string name = fs::relative(path, FATHOM_TEST_CAPTURES).string();
    const std::string text = read_file(path);
    const Result result = parse(text);
    EXPECT_EQ(result.stats.bytes, text.size()) << name;
    EXPECT_EQ(result.stats.parsed_bytes + result.stats.skipped_bytes, text.size()) << name;
    EXPECT_EQ(result.stats.records, static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')) +
                                        (text.empty() || text.back() == '\n' ? 0U : 1U))
        << name;
    const std::string counts = describe(result);
    now << name << '\t' << counts << '\n';
    EXPECT_EQ(counts, golden[name]) << name
                                    << (result.stats.first_bad ? "\nfirst bad: " + result.stats.first_bad->text : "");
    ++seen;
  }
  EXPECT_EQ(seen, golden.size());
  if (testing::Test::HasFailure()) {
    const fs::path actual = fs::path(testing::TempDir()) / "graph_text_counts.txt";
    std::ofstream(actual) << now.str();
    ADD_FAILURE() << "what was found is in " << actual << ": look at each difference before you take it over";
  }
}

TEST(Captures, CutAnywhereEqualsWhole) {
  std::mt19937 random(20260101);
  std::size_t files = 0;
  for (const fs::path& path : capture_files()) {
    std::string text = read_file(path);
    // The head of a long file, and of each file a piece that starts anywhere.
    constexpr std::size_t kMost = 40'000;
    if (text.size() > kMost)
      text = text.substr(std::uniform_int_distribution<std::size_t>(0, text.size() - kMost)(random), kMost);
    const Result whole = parse(text);
    std::uniform_int_distribution<std::size_t> sizes(1, 120);
    for (const Result& cut : {parse(text, [&] { return sizes(random); }), parse(text, [] { return std::size_t{1}; })}) {
      ASSERT_EQ(cut.events, whole.events) << path;
      ASSERT_EQ(describe(cut), describe(whole)) << path;
      ASSERT_EQ(cut.stats.first_bad.has_value(), whole.stats.first_bad.has_value()) << path;
      if (whole.stats.first_bad) {
        ASSERT_EQ(cut.stats.first_bad->number, whole.stats.first_bad->number) << path;
        ASSERT_EQ(cut.stats.first_bad->offset, whole.stats.first_bad->offset) << path;
        ASSERT_EQ(cut.stats.first_bad->text, whole.stats.first_bad->text) << path;
      }
    }
    ++files;
  }
  EXPECT_GT(files, 600U);
}

}  // namespace
}  // namespace fathom
