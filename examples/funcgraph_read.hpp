#pragma once

#include <fathom/base/parse_stats.hpp>
#include <fathom/graph/call_forest.hpp>
#include <fathom/graph/function_graph_parser.hpp>
#include <fathom/symbols/kallsyms_index.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace funcgraph {

/// What was recorded, as calls.
struct Trace {
  explicit Trace(bool keep_details)
      : keeps_details(keep_details), forest({.keep_details = keep_details, .keep_comments = keep_details}) {}

  std::string source;  // for messages: a file's name, "the kernel's trace"
  // What its records are: of text lines, of pages events.
  std::string_view record_name = "line";
  std::string_view records_name = "lines";
  bool keeps_details;
  fathom::CallForest forest;
  fathom::ParseStats stats;                      // when all is there
  std::optional<fathom::KallsymsIndex> symbols;  // the kernel's own, if they had to be read
};

/// Text goes in, calls come out.
struct TextFeed {
  void feed(std::string_view text, Trace& trace) { parser.feed(text, trace.forest); }
  void finish(Trace& trace) {
    parser.finish(trace.forest);
    trace.forest.finish();
    trace.stats = parser.stats();
  }

  fathom::FunctionGraphParser parser;
};

/// Reads a file, text or a trace.dat, or standard input for "-", until its end or until `stop` is readable. Throws
/// fathom::Error if it can't be read, and if there is nothing of function_graph in it: then the message says what it
/// seems to be.
void read_file(const std::string& path, int stop, Trace& trace);

/// What a file seems to be that has no function_graph text, and what to do about it; from its first bytes.
std::string describe_other_input(std::string_view start);

}  // namespace funcgraph
