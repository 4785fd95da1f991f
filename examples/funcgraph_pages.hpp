#pragma once

#include "common/page_spool.hpp"
#include "funcgraph_read.hpp"

#include <fathom/output/trace_text_options.hpp>
#include <fathom/rawtrace/format_registry.hpp>
#include <fathom/rawtrace/printk_formats.hpp>
#include <fathom/rawtrace/task_names.hpp>
#include <fathom/symbols/kallsyms_index.hpp>
#include <fathom/tracefs/recorder.hpp>
#include <fathom/tracefs/recording.hpp>
#include <fathom/tracefs/trace_array.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace funcgraph {

/// What records do not hold themselves: how they are laid out, what addresses are called, and what of them text shows.
struct PageSources {
  /// Throws fathom::Error where function_graph's pages cannot be decoded with what the kernel says.
  static PageSources of(const fathom::TraceArray& array);

  fathom::FormatRegistry formats;
  fathom::KallsymsIndex symbols;
  fathom::PrintkFormats strings;
  fathom::TraceTextOptions options;
};

/// One CPU's pages, one behind the other.
struct CpuPages {
  std::uint32_t cpu;
  std::span<const std::byte> pages;
};

/// Makes calls of function_graph's pages. What is to come behind the last record, and the forest's end, is left to the
/// caller.
void decode_pages(const PageSources& sources, const fathom::TaskNames& tasks, const std::vector<CpuPages>& pages,
                  const fathom::PageLayout& layout, Trace& trace);

/// The binary way to record: raw pages of all CPUs, decoded when the recording has ended.
///
/// The pages wait in files (examples::PageSpool), into which they are spliced. So the memory that a recording takes
/// does not grow with it; calls of several CPUs come in exactly the kernel's order, however long a CPU had nothing to
/// say, where a merge while it records would have to guess how far a silent CPU has come; no work of ours stands
/// between the kernel and its next page; and the names are those that the kernel knows at the end, modules that were
/// loaded meanwhile included.
class PageRecording {
 public:
  /// Throws fathom::Error where pages cannot be read, kept or decoded. The array must outlive it.
  explicit PageRecording(const fathom::TraceArray& array);

  /// Switches tracing on.
  void start() { recorder_.start(); }
  /// Until one of them ends it, and until all is read that was recorded. `progress` is asked to show what it is given.
  void run(const fathom::RecorderUntil& until,
           const std::function<void(const std::function<std::string()>&)>& progress);
  /// Asks the kernel for what decoding needs, and lets go of its files.
  void close();
  /// Decodes all there is.
  void decode(Trace& trace) const;

 private:
  void learn_names();

  const fathom::TraceArray* array_;
  PageSources sources_;
  fathom::TaskNames tasks_;
  std::chrono::steady_clock::time_point names_due_{};
  examples::PageSpool spool_;
  fathom::Recorder recorder_;
  fathom::Recording recording_;
};

}  // namespace funcgraph
