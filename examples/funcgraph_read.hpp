#pragma once

#include "common/output.hpp"

#include <fathom/graph/call_forest.hpp>
#include <fathom/graph/function_graph_parser.hpp>

#include <string>
#include <string_view>

namespace funcgraph {

/// A trace in the making: text goes in, calls come out.
struct Trace {
  explicit Trace(bool keep_details) : forest({.keep_details = keep_details, .keep_comments = keep_details}) {}

  void feed(std::string_view text) { parser.feed(text, forest); }
  void finish() {
    parser.finish(forest);
    forest.finish();
  }

  std::string source;  // for messages: a file's name, "the kernel's trace"
  fathom::FunctionGraphParser parser;
  fathom::CallForest forest;
};

/// Reads a file, or standard input for "-", until its end or until `stop` is readable. Throws fathom::Error if it can't
/// be read, and if there is nothing of function_graph in it: then the message says what it seems to be.
void read_file(const std::string& path, int stop, Trace& trace);

/// What a file seems to be that has no function_graph text, and what to do about it; from its first bytes.
std::string describe_other_input(std::string_view start);

}  // namespace funcgraph
