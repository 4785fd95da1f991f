#include "funcgraph_read.hpp"

#include "common/input.hpp"
#include "common/mapped_file.hpp"
#include "funcgraph_tracedat.hpp"

#include <fathom/base/error.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <span>

namespace funcgraph {

namespace {

constexpr std::size_t kStartSize = 4096;

struct Magic {
  std::string_view bytes;
  std::string_view description;
};

constexpr std::array kMagics = {
    Magic{"\x1f\x8b", "this is compressed: zcat FILE | funcgraph --from -"},
    Magic{"\x28\xb5\x2f\xfd", "this is compressed: zstdcat FILE | funcgraph --from -"},
    Magic{"\xfd"
          "7zXZ",
          "this is compressed: xzcat FILE | funcgraph --from -"},
    Magic{"BZh", "this is compressed: bzcat FILE | funcgraph --from -"},
    Magic{"PERFILE2", "this is a perf.data: give the text of the kernel's file `trace`"},
    Magic{"\x7f"
          "ELF",
          "this is a program: to run it, funcgraph -- FILE"},
};

bool is_binary(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < ' ' && (byte < '\t' || byte > '\r') && byte != '\x1b';
  });
}

bool has_graph_line(const fathom::GraphLineCounts& lines) {
  using fathom::GraphLineKind;
  return lines[GraphLineKind::entry] + lines[GraphLineKind::leaf] + lines[GraphLineKind::exit] != 0;
}

}  // namespace

std::string describe_other_input(std::string_view start) {
  if (start.empty())
    return "it is empty: give a copy of the kernel's file `trace`, made while function_graph was its tracer";
  for (const Magic& magic : kMagics) {
    if (start.starts_with(magic.bytes))
      return std::string(magic.description);
  }
  constexpr std::string_view kTracer = "# tracer: ";
  if (const std::size_t at = start.find(kTracer); at == 0 || (at != std::string_view::npos && start[at - 1] == '\n')) {
    const std::string_view name = start.substr(at + kTracer.size());
    const std::string_view tracer = name.substr(0, std::min<std::size_t>(name.find_first_of(" \t\r\n"), 100));
    if (tracer == "function_graph")
      return "its header is of function_graph, but no function follows: was anything recorded?";
    return fmt::format("its header names the tracer {}: record with function_graph", tracer);
  }
  if (is_binary(start))
    return "it is binary: give the text of the kernel's file `trace`";
  return "it is some other text: give a copy of the kernel's file `trace`, made while function_graph was its tracer";
}

void read_file(const std::string& path, int stop, Trace& trace) {
  examples::Input input(path, stop);
  trace.source = input.name();
  TextFeed text;
  std::string start;
  std::string_view chunk = input.next();
  if (is_trace_dat(chunk)) {
    examples::end_where_a_file_is_cut("funcgraph");
    if (path != "-")
      return read_trace_dat(examples::MappedFile(path).bytes(), input.name(), trace);
    std::string whole;
    for (; !chunk.empty(); chunk = input.next())
      whole += chunk;
    return read_trace_dat(std::as_bytes(std::span(whole.data(), whole.size())), input.name(), trace);
  }
  for (; !chunk.empty(); chunk = input.next()) {
    if (start.size() < kStartSize)
      start += chunk.substr(0, kStartSize - start.size());
    text.feed(chunk, trace);
  }
  text.finish(trace);
  if (!has_graph_line(text.parser.lines()))
    throw fathom::Error(std::errc::invalid_argument, "find function_graph text in", input.name(),
                        describe_other_input(start));
}

}  // namespace funcgraph
