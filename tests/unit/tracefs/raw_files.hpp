#pragma once

#include "fake_tree.hpp"

#include <fathom/base/error.hpp>
#include <fathom/rawtrace/page_layout.hpp>
#include <fathom/tracefs/trace_files.hpp>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace fathom {

/// What a read of a made-up trace_pipe_raw gives: some bytes, nothing for now, or an errno.
using RawStep = std::variant<std::string, std::monostate, int>;

/// A page with one event of this type, of 8 bytes, so often; on its data's end the page is filled up if `full`.
inline std::string raw_page(std::uint64_t time, std::uint16_t type, unsigned events, bool full) {
  const PageLayout layout;
  std::string page(layout.page_size(), '\0');
  std::uint64_t commit = 0;
  const auto put = [&](std::size_t at, auto value) { std::memcpy(page.data() + at, &value, sizeof(value)); };
  for (unsigned i = 0; i < events; ++i, commit += 12) {
    put(layout.data_offset + commit, std::uint32_t{2 | (1U << 5U)});  // 2 words, one nanosecond later
    put(layout.data_offset + commit + 4, std::uint32_t{type});
  }
  if (full) {
    const auto left = static_cast<std::uint32_t>(layout.data_size - commit);
    put(layout.data_offset + commit, std::uint32_t{29 | (1U << 5U)});
    put(layout.data_offset + commit + 4, left - 4);
    commit = layout.data_size;
  }
  put(layout.timestamp_offset, time);
  put(layout.commit_offset, commit);
  return page;
}

/// A copied tree whose trace_pipe_raw files say what a test wants.
class RawFiles final : public TraceFiles {
 public:
  explicit RawFiles(const FakeTree& tree) : files_(local_trace_files(tree.root())) {
    tree.put("events/header_page",
             "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
             "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
             "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
             "\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n");
    tree.put("events/header_event",
             "# compressed entry header\n\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n"
             "\tarray       :   32 bits\n\n\tpadding     : type == 29\n\ttime_extend : type == 30\n"
             "\ttime_stamp : type == 31\n\tdata max type_len  == 28\n");
    for (const char* const cpu : {"cpu0", "cpu1"})
      tree.put(std::string("per_cpu/") + cpu + "/stats", "entries: 0\noverrun: 0\ndropped events: 0\nread events: 0\n");
    tree.put("buffer_percent", "50\n");
    tree.put("tracing_on", "0\n");
  }

  /// By CPU, the first first; afterwards there is nothing for now.
  std::map<unsigned, std::deque<RawStep>> steps;
  /// Whether the files can be spliced: by whole pages, as many as the step at hand has.
  bool splices = false;
  /// An errno for opening a CPU's file.
  std::map<unsigned, int> refused;

  [[nodiscard]] const std::string& root() const noexcept override { return files_->root(); }
  [[nodiscard]] bool exists(std::string_view path) override { return files_->exists(path); }
  [[nodiscard]] std::string read(std::string_view path) override { return files_->read(path); }
  void write_each(std::string_view path, WriteMode mode, std::span<const std::string> texts) override {
    files_->write_each(path, mode, texts);
  }
  [[nodiscard]] std::vector<std::string> list(std::string_view path) override { return files_->list(path); }
  [[nodiscard]] bool is_directory(std::string_view path) override { return files_->is_directory(path); }
  void make_directory(std::string_view path) override { files_->make_directory(path); }
  void remove_directory(std::string_view path) override { files_->remove_directory(path); }
  [[nodiscard]] std::unique_ptr<TraceStream> open_stream(std::string_view path, bool /*non_blocking*/) override {
    const unsigned cpu = path.find("cpu1/") != std::string_view::npos ? 1 : 0;
    if (refused[cpu] != 0)
      throw Error(refused[cpu], "open", full_path(path));
    return std::make_unique<Stream>(steps[cpu], splices);
  }

 private:
  class Stream final : public TraceStream {
   public:
    Stream(std::deque<RawStep>& steps, bool splices) : steps_(&steps), splices_(splices) {}

    std::optional<std::size_t> read(std::span<char> into) override {
      if (steps_->empty())
        return std::nullopt;
      RawStep& step = steps_->front();
      if (std::string* const bytes = std::get_if<std::string>(&step)) {
        const std::size_t count = bytes->copy(into.data(), into.size());
        bytes->erase(0, count);
        if (bytes->empty())
          steps_->pop_front();
        return count;
      }
      const RawStep taken = std::exchange(step, {});
      steps_->pop_front();
      if (const int* const error = std::get_if<int>(&taken))
        throw Error(*error, "read", "trace_pipe_raw");
      return std::nullopt;
    }
    std::optional<std::size_t> splice(int pipe, std::size_t size) override {
      if (!splices_)
        return TraceStream::splice(pipe, size);
      const std::string* const bytes = steps_->empty() ? nullptr : std::get_if<std::string>(&steps_->front());
      std::string pages(bytes == nullptr ? 0 : std::min(size, bytes->size()) / 4096 * 4096, '\0');
      if (pages.empty())
        return std::nullopt;
      (void)read(pages);
      const ssize_t count = ::write(pipe, pages.data(), pages.size());
      if (count != static_cast<ssize_t>(pages.size()))
        throw Error(EIO, "fill a pipe");
      return pages.size();
    }
    [[nodiscard]] int native_handle() const noexcept override { return -1; }

   private:
    std::deque<RawStep>* steps_;
    bool splices_;
  };

  std::shared_ptr<TraceFiles> files_;
};

}  // namespace fathom
