#pragma once

#include <fathom/graph/call.hpp>
#include <fathom/graph/call_forest.hpp>
#include <fathom/graph/call_tree.hpp>

#include <cstddef>
#include <iosfwd>
#include <string>

namespace fathom {

/// How a call tree is written.
struct CallTreeTextOptions {
  /// With terminal colours (ECMA-48): the longer a call, the warmer.
  bool color = false;
  /// A closing brace this many lines or more after its opening one names its function, as funcgraph-tail does.
  std::size_t tail_names_after = 20;
};

/// Call trees as text, in the layout of the kernel's function_graph tracer.
///
///     CallForest forest;                                          // filled by a FunctionGraphParser
///     write_text(std::cout, forest);
///     std::string one;
///     append_text(one, forest.call(0), {.tail_names_after = 5});  // a call and all below it
///
/// What is written for a forest:
///
///     # tracer: function_graph
///     #
///     #  DURATION                  FUNCTION CALLS
///     #   |   |                     |   |   |   |
///     #
///     # ls-168: 3 calls
///                   |  ksys_read() {
///                   |    /* children_lost */
///       1.829 us    |    __fdget_pos();
///     + 10.344 us   |  }
///
/// The mark before a duration is the kernel's: `+` above 10 us, `!` 100 us, `#` 1 ms, `*` 10 ms, `@` 100 ms, `$` 1 s. A
/// duration has the kernel's at most seven digits. What is not known of a call (CallMark) stands in a comment behind
/// its opening brace, and no duration is made up. Braces always pair, also where the trace shows one of them only.
/// Events and markers stand where they happened, if the forest keeps them; arguments, callers and return values
/// likewise. Indentation is by the kernel's depth and stops growing at 256 calls. FunctionGraphParser reads the text
/// back.
///
/// Takes no memory by call, however deep they nest, but the path to the one at hand. What the stream throws passes
/// through. Reading the forest is safe from several threads while nothing feeds it.
void write_text(std::ostream& out, const CallForest& forest, const CallTreeTextOptions& options = {});
/// The calls of one tree, with its heading `# ls-168: 3 calls`; without comments, which the forest keeps.
void append_text(std::string& out, const CallTree& tree, const CallTreeTextOptions& options = {});
/// A call and all below it.
void append_text(std::string& out, const Call& call, const CallTreeTextOptions& options = {});

}  // namespace fathom
