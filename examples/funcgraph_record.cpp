#include "funcgraph_record.hpp"

#include "common/all_ended.hpp"
#include "common/any_readable.hpp"
#include "common/command.hpp"
#include "common/live_counter.hpp"
#include "common/program.hpp"
#include "funcgraph_pages.hpp"

#include <fathom/base/error.hpp>
#include <fathom/process/child.hpp>
#include <fathom/tracefs/trace_fs.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <memory>
#include <system_error>

namespace funcgraph {

namespace {

constexpr int kSignalBase = 128;  // as shells have it

// The threads of a process: the kernel's filters know threads only.
std::vector<int> threads_of(int pid) {
  std::vector<int> threads;
  std::error_code error;
  const std::string tasks = fmt::format("/proc/{}/task", pid);
  for (const auto& entry : std::filesystem::directory_iterator(tasks, error)) {
    const std::string name = entry.path().filename().string();
    int thread = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), thread).ec == std::errc{})
      threads.push_back(thread);
  }
  if (threads.empty())
    throw fathom::Error(std::errc::no_such_process, "find the threads of process", tasks, "it has ended, or never was");
  return threads;
}

fathom::SessionOptions session_options(const Options& options, const std::optional<fathom::Child>& child) {
  constexpr std::uint64_t kTotalKb = 64UL * 1024;
  constexpr std::uint64_t kLeastKb = 1408;  // the kernel's own default
  fathom::SessionOptions session;
  session.tracer = fathom::Tracer::function_graph;
  session.functions = options.filter;
  session.notrace = options.notrace;
  session.graph_functions = options.graph;
  session.max_depth = options.depth;
  session.tracing_thresh = options.threshold;
  session.cpus = options.cpus;
  session.buffer_size_kb =
      options.buffer_size_kb.value_or(std::max(kTotalKb / std::max(fathom::CpuSet::online().size(), 1UL), kLeastKb));
  if (child)
    session.pids = {child->pid()};
  for (const int pid : options.pids) {
    const std::vector<int> threads = threads_of(pid);
    session.pids.insert(session.pids.end(), threads.begin(), threads.end());
  }
  // The kernel gives them back sorted, each once.
  std::ranges::sort(session.pids);
  session.pids.erase(std::ranges::unique(session.pids).begin(), session.pids.end());
  session.follow_forks = options.follow && !session.pids.empty();
  return session;
}

std::string progress(const TextFeed& text, const Trace& trace) {
  const fathom::ParseStats stats = text.parser.stats();
  return fmt::format("recording: {:.1f} MB, {} lines, {} calls, {} lost", static_cast<double>(stats.bytes) / 1e6,
                     stats.records, trace.forest.calls(), stats.lost_events);
}

// Empty where the text must do.
std::unique_ptr<PageRecording> pages_if_possible(const Options& options, const fathom::TraceArray& array) {
  if (options.text)
    return nullptr;
  try {
    return std::make_unique<PageRecording>(array);
  } catch (const fathom::Error& e) {
    if (!options.quiet)
      examples::tell("funcgraph", fmt::format("reads the kernel's text, for its pages won't do: {}", e.what()));
    return nullptr;
  }
}

void read_text(fathom::TraceSession& session, const fathom::TextOptions& until, examples::LiveCounter& counter,
               Trace& trace) {
  TextFeed text;
  for (const std::string_view chunk : session.text(until)) {
    text.feed(chunk, trace);
    counter.update([&] { return progress(text, trace); });
  }
  text.finish(trace);
}

}  // namespace

int record(const Options& options, fathom::StopSignals& stop, Trace& trace) {
  const fathom::TraceFs tracefs;
  std::optional<fathom::Child> child;
  if (!options.command.empty())
    child.emplace(options.command);
  std::unique_ptr<examples::AllEnded> processes;
  if (!options.pids.empty())
    processes = std::make_unique<examples::AllEnded>(options.pids);
  trace.source = "the kernel's trace";

  fathom::TraceSession session = tracefs.session(session_options(options, child));
  const std::unique_ptr<PageRecording> pages = pages_if_possible(options, session.array());
  if (const std::optional<int> signal = stop.received())  // setting up can take seconds
    return kSignalBase + *signal;
  if (pages)
    pages->start();
  else
    session.start();
  if (child)
    examples::resume(*child);

  examples::AnyReadable end;
  end.add(child ? child->pidfd() : processes ? processes->native_handle() : -1);
  if (options.duration)
    end.add_timer(*options.duration);
  examples::LiveCounter counter(!options.quiet);
  if (pages)
    pages->run({.until = end.native_handle(), .stop = stop.native_handle()},
               [&](const std::function<std::string()>& line) { counter.update(line); });
  else
    read_text(session, {.until = end.native_handle(), .stop = stop.native_handle()}, counter, trace);
  counter.clear();
  const int status = child ? examples::end_command(*child, stop.received()) : 0;
  if (pages)
    pages->close();
  session.close();
  if (pages)
    pages->decode(trace);
  return status;
}

}  // namespace funcgraph
