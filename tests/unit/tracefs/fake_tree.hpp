#pragma once

#include <fathom/base/error.hpp>
#include <fathom/tracefs/trace_files.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

namespace fathom {

/// A directory of ordinary files that looks like a tracefs at rest; gone with the object.
class FakeTree {
 public:
  FakeTree() {
    std::string pattern = testing::TempDir() + "fathom-tree-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
    for (const auto& [name, text] : std::initializer_list<std::pair<const char*, const char*>>{
             {"current_tracer", "nop\n"},
             {"available_tracers", "blk function_graph function nop\n"},
             {"trace_options", "print-parent\nnosym-offset\noverwrite\nnoevent-fork\nnofunction-fork\n"},
             {"options/overwrite", "1\n"},
             {"options/event-fork", "0\n"},
             {"options/function-fork", "0\n"},
             {"options/funcgraph-abstime", "0\n"},
             {"options/funcgraph-proc", "0\n"},
             {"set_ftrace_filter", "#### all functions enabled ####\n"},
             {"set_ftrace_notrace", "#### no functions disabled ####\n"},
             {"set_graph_function", "#### all functions enabled ####\n"},
             {"set_graph_notrace", "#### no functions disabled ####\n"},
             {"set_ftrace_pid", "no pid\n"},
             {"set_event_pid", ""},
             {"available_filter_functions", "vfs_read\nvfs_write\next4_file_open [ext4]\n__x64_sys_openat\nschedule\n"},
             {"max_graph_depth", "0\n"},
             {"tracing_thresh", "0\n"},
             {"tracing_max_latency", "17\n"},
             {"tracing_on", "1\n"},
             {"tracing_cpumask", "3\n"},
             {"trace_clock", "[local] global counter mono x86-tsc\n"},
             {"buffer_size_kb", "1408\n"},
             {"buffer_total_size_kb", "2816\n"},
             {"per_cpu/cpu0/buffer_size_kb", "1408\n"},
             {"per_cpu/cpu0/stats", "entries: 3\n"},
             {"per_cpu/cpu1/buffer_size_kb", "1408\n"},
             {"trace", "# tracer: nop\n"},
             {"trace_pipe", ""},
             {"trace_marker", ""},
             {"error_log", ""},
             {"saved_cmdlines", "1 init\n77 kworker/0:1 x\n"},
             {"saved_tgids", "77 70\n"},
             {"saved_cmdlines_size", "128\n"},
             {"dynamic_events", ""},
         })
      put(name, text);
    std::filesystem::create_directory(path_ / "instances");
    std::filesystem::create_directory(path_ / "events");
  }
  ~FakeTree() { std::filesystem::remove_all(path_); }
  FakeTree(const FakeTree&) = delete;
  FakeTree& operator=(const FakeTree&) = delete;

  [[nodiscard]] std::string root() const { return path_.string(); }
  void put(const std::string& name, const std::string& text) const {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  [[nodiscard]] std::string get(const std::string& name) const {
    std::ifstream file(path_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void make_directory(const std::string& name) const { std::filesystem::create_directory(path_ / name); }
  void remove(const std::string& name) const { std::filesystem::remove_all(path_ / name); }

 private:
  std::filesystem::path path_;
};

/// What TraceFiles is asked to do, for a test that makes it fail.
enum class FileCall { exists, read, write, list, make_directory, remove_directory, open_stream };

/// A tracefs in which any call can be made to fail with any errno.
class FaultyTraceFiles final : public TraceFiles {
 public:
  /// Gives the errno that the call shall fail with, or 0.
  using Verdict = std::function<int(FileCall call, std::string_view path, std::string_view text)>;

  explicit FaultyTraceFiles(std::shared_ptr<TraceFiles> files) : files_(std::move(files)) {}

  Verdict verdict;
  /// "path text", for each text that was written.
  std::vector<std::string> written;

  [[nodiscard]] const std::string& root() const noexcept override { return files_->root(); }
  [[nodiscard]] bool exists(std::string_view path) override {
    judge(FileCall::exists, path);
    return files_->exists(path);
  }
  [[nodiscard]] std::string read(std::string_view path) override {
    judge(FileCall::read, path);
    return files_->read(path);
  }
  void write_each(std::string_view path, WriteMode mode, std::span<const std::string> texts) override {
    if (texts.empty())
      judge(FileCall::write, path);
    for (const std::string& text : texts) {
      judge(FileCall::write, path, text);
      written.push_back(std::string(path) + ' ' + text.substr(0, text.find('\n')));
    }
    files_->write_each(path, mode, texts);
  }
  [[nodiscard]] std::vector<std::string> list(std::string_view path) override {
    judge(FileCall::list, path);
    return files_->list(path);
  }
  [[nodiscard]] bool is_directory(std::string_view path) override { return files_->is_directory(path); }
  void make_directory(std::string_view path) override {
    judge(FileCall::make_directory, path);
    files_->make_directory(path);
  }
  void remove_directory(std::string_view path) override {
    judge(FileCall::remove_directory, path);
    files_->remove_directory(path);
  }
  [[nodiscard]] std::unique_ptr<TraceStream> open_stream(std::string_view path, bool non_blocking) override {
    judge(FileCall::open_stream, path);
    return files_->open_stream(path, non_blocking);
  }

 private:
  void judge(FileCall call, std::string_view path, std::string_view text = {}) {
    if (const int error = verdict ? verdict(call, path, text) : 0; error != 0)
      throw Error(error, "use", full_path(path));
  }

  std::shared_ptr<TraceFiles> files_;
};

}  // namespace fathom
