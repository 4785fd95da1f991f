#pragma once

#include <fathom/graph/call_forest.hpp>
#include <fathom/graph/function_graph_parser.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::test {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::string read_capture(std::string_view name) {
  return read_file(std::filesystem::path(FATHOM_TEST_CAPTURES) / name);
}

inline std::string read_golden(std::string_view name) {
  return read_file(std::filesystem::path(FATHOM_TEST_GOLDEN) / "output" / name);
}

/// A finished forest of kernel text, with all that it can keep.
inline CallForest forest_of(std::string_view text) {
  CallForest forest({.keep_details = true, .keep_comments = true});
  FunctionGraphParser parser;
  parser.feed(text, forest);
  parser.finish(forest);
  forest.finish();
  return forest;
}

template <class Value, class... Options>
std::string written(const Value& value, const Options&... options) {
  std::ostringstream out;
  write_text(out, value, options...);
  return out.str();
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

}  // namespace fathom::test
