#pragma once

#include <fathom/graph/call_forest.hpp>
#include <fathom/graph/function_graph_parser.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace fathom::test {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A finished forest of kernel text.
inline CallForest grow(std::string_view text, const CallForestOptions& options = {}) {
  CallForest forest{options};
  FunctionGraphParser parser;
  parser.feed(text, forest);
  parser.finish(forest);
  forest.finish();
  return forest;
}

/// A line a tree and a line a call: `vfs_read 120 (self 20) no_entry`.
inline std::string describe(const CallForest& forest) {
  std::string out;
  for (const CallTree tree : forest.trees()) {
    out += "tree";
    if (const std::optional<Task> task = tree.task())
      out += ' ' + std::string(task->comm) + '-' + std::to_string(task->pid);
    if (const auto cpu = tree.cpu())
      out += " cpu" + std::to_string(*cpu);
    if (tree.fragment())
      out += " fragment";
    out += '\n';
    for (const Call call : tree.preorder()) {
      out += ' ';
      for (std::optional<Call> up = call.parent(); up; up = up->parent())
        out += ' ';
      out += call.name().empty() ? "?" : std::string(call.name());
      if (const auto duration = call.duration())
        out += ' ' + std::to_string(duration->count()) + " self " + std::to_string(call.self_time()->count());
      for (const CallMark mark : kCallMarks) {
        if (call.has(mark))
          out += ' ' + std::string(to_string(mark));
      }
      out += '\n';
    }
  }
  return out;
}

/// Feeds a forest event by event.
class Events {
 public:
  explicit Events(const CallForestOptions& options = {}) : forest(options) {}

  Events& on_cpu(std::uint32_t cpu) {
    context_.cpu = cpu;
    return *this;
  }
  Events& at(std::uint64_t nanoseconds) {
    context_.time = Timestamp{nanoseconds};
    return *this;
  }
  Events& as(std::int32_t pid, std::string_view comm = "task") {
    context_.task = Task{pid, comm};
    return *this;
  }
  Events& cut_to(std::int64_t nanoseconds) {
    precision_ = Duration{nanoseconds};
    return *this;
  }
  Events& enter(std::string_view name, std::uint32_t depth) {
    GraphEntry entry;
    entry.context = context_;
    entry.function = forest.functions().intern(name);
    entry.depth = depth;
    forest.on(entry);
    return *this;
  }
  Events& leave(std::uint32_t depth, std::int64_t nanoseconds, std::string_view name = {}) {
    GraphExit exit;
    exit.context = context_;
    if (!name.empty())
      exit.function = forest.functions().intern(name);
    exit.depth = depth;
    exit.duration = Duration{nanoseconds};
    exit.precision = precision_;
    forest.on(exit);
    return *this;
  }
  Events& leaf(std::string_view name, std::uint32_t depth, std::int64_t nanoseconds) {
    return enter(name, depth).leave(depth, nanoseconds, name);
  }
  Events& change(std::uint32_t cpu, std::int32_t previous, std::int32_t next) {
    forest.on(TaskChange{.cpu = cpu, .previous = {previous, "task"}, .next = {next, "task"}});
    return *this;
  }
  Events& lose(std::optional<std::uint32_t> cpu) {
    forest.on(Loss{.cpu = cpu, .events = 1});
    return *this;
  }
  std::string finish() {
    forest.finish();
    return describe(forest);
  }

  CallForest forest;

 private:
  EventContext context_;
  Duration precision_{1};
};

}  // namespace fathom::test
