#include "symbolize_print.hpp"

#include "common/printable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace symbolize {

namespace {

using examples::printable;
using fathom::CodeFrame;

// Without inlined functions, the line of an address is that of its instruction all the same.
std::vector<CodeFrame> frames_to_show(const fathom::SymbolizedAddress& hit, const Options& options) {
  std::vector<CodeFrame> frames(hit.frames().begin(), hit.frames().end());
  if (!options.inlines && frames.size() > 1) {
    CodeFrame& function = frames.back();
    function.file = frames.front().file;
    function.line = frames.front().line;
    function.column = frames.front().column;
    frames.erase(frames.begin(), frames.end() - 1);
  }
  return frames;
}

std::string place(const CodeFrame& frame) {
  if (frame.file.empty() || frame.line == 0)
    return {};
  const std::string file = printable(frame.file);
  return frame.column == 0 ? fmt::format(" at {}:{}", file, frame.line)
                           : fmt::format(" at {}:{}:{}", file, frame.line, frame.column);
}

void print_text(std::ostream& out, const fathom::SymbolizedAddress& hit, const Options& options) {
  out << fmt::format("{:#018x} ", hit.address());
  if (!hit)
    out << "?? (" << to_string(*hit.failure()) << ')';
  const std::vector<CodeFrame> frames = frames_to_show(hit, options);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const bool last = i + 1 == frames.size();
    // Innermost first; each further line is the function around the one above it.
    if (i > 0)
      out << fmt::format("\n{:18} {:{}}", "", "", 2 * i);
    out << printable(frames[i].function);
    if (last)
      out << fmt::format("+{:#x}", hit.offset());
    out << place(frames[i]) << (frames[i].inlined ? " (inlined)" : "");
  }
  const fathom::ElfModule* const module = hit.module();
  if (options.verbose && module != nullptr) {
    out << fmt::format("\n{:18} in {}", "", module->path.empty() ? "[anonymous]" : printable(module->path));
    if (hit.elf_address())
      out << fmt::format(" ({:#x})", *hit.elf_address());
    if (!module->build_id.empty())
      out << ", build id " << module->build_id;
    if (!module->debug_file.empty() && module->debug_file != module->path)
      out << ", debug file " << printable(module->debug_file);
    if (!module->problem.empty())
      out << ": " << printable(module->problem);
  }
  out << '\n';
}

void print_json(std::ostream& out, const fathom::SymbolizedAddress& hit, const Options& options) {
  // Numbers of 64 bits are not safe in JSON: addresses are hex digits in a string.
  nlohmann::ordered_json object{{"address", fmt::format("{:#x}", hit.address())}};
  if (hit)
    object["offset"] = hit.offset();
  else
    object["failure"] = to_string(*hit.failure());
  object["frames"] = nlohmann::ordered_json::array();
  for (const CodeFrame& frame : frames_to_show(hit, options)) {
    nlohmann::ordered_json shown{{"function", frame.function}, {"linkage_name", frame.linkage_name}};
    if (!frame.file.empty())
      shown["file"] = frame.file;
    if (frame.line != 0)
      shown["line"] = frame.line;
    if (frame.column != 0)
      shown["column"] = frame.column;
    shown["inlined"] = frame.inlined;
    object["frames"].push_back(std::move(shown));
  }
  if (const fathom::ElfModule* const module = hit.module()) {
    object["module"] = {{"path", module->path}, {"build_id", module->build_id}, {"debug_file", module->debug_file}};
    if (!module->problem.empty())
      object["module"]["problem"] = module->problem;
  }
  if (hit.elf_address())
    object["elf_address"] = fmt::format("{:#x}", *hit.elf_address());
  // Paths may hold any bytes.
  out << object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

}  // namespace

void print(std::ostream& out, const fathom::SymbolizedAddress& hit, const Options& options) {
  if (options.json)
    print_json(out, hit, options);
  else
    print_text(out, hit, options);
}

}  // namespace symbolize
