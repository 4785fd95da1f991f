#pragma once

#include <fathom/base/error.hpp>
#include <fathom/tracefs/trace_files.hpp>

#include <cerrno>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// A tracefs that a test makes up: texts by path, and a say in what is written.
class FakeEventFiles final : public TraceFiles {
 public:
  struct Write {
    std::string path;
    WriteMode mode;
    std::string text;

    friend bool operator==(const Write&, const Write&) = default;
  };

  std::map<std::string, std::string, std::less<>> texts;
  std::vector<Write> writes;
  /// Called before a write takes effect: an errno to refuse it. May change `texts` itself.
  std::function<int(const Write&)> verdict;
  /// Whether a write that is not refused replaces the file's text, as with an ordinary file.
  bool keeps_writes = true;

  [[nodiscard]] const std::string& root() const noexcept override { return root_; }
  [[nodiscard]] bool exists(std::string_view path) override { return texts.contains(path) || is_directory(path); }
  [[nodiscard]] std::string read(std::string_view path) override {
    const auto found = texts.find(path);
    if (found == texts.end())
      throw Error(ENOENT, "open", full_path(path));
    return found->second;
  }
  void write_each(std::string_view path, WriteMode mode, std::span<const std::string> written) override {
    if (!texts.contains(path))
      throw Error(ENOENT, "open", full_path(path));
    if (written.empty())
      take({std::string(path), mode, {}});
    for (const std::string& text : written)
      take({std::string(path), mode, text});
  }
  [[nodiscard]] std::vector<std::string> list(std::string_view path) override {
    std::set<std::string> names;
    const std::string start = path.empty() ? std::string{} : std::string(path) + '/';
    for (const auto& [name, text] : texts) {
      if (name.starts_with(start))
        names.insert(name.substr(start.size(), name.find('/', start.size()) - start.size()));
    }
    return {names.begin(), names.end()};
  }
  [[nodiscard]] bool is_directory(std::string_view path) override {
    return !texts.contains(path) && !list(path).empty();
  }
  void make_directory(std::string_view path) override { throw Error(EPERM, "create", full_path(path)); }
  void remove_directory(std::string_view path) override { throw Error(EPERM, "remove", full_path(path)); }
  [[nodiscard]] std::unique_ptr<TraceStream> open_stream(std::string_view path, bool /*non_blocking*/) override {
    throw Error(EPERM, "open", full_path(path));
  }

  /// The texts that were written to one file.
  [[nodiscard]] std::vector<std::string> written_to(std::string_view path) const {
    std::vector<std::string> found;
    for (const Write& write : writes) {
      if (write.path == path)
        found.push_back(write.text);
    }
    return found;
  }

 private:
  void take(Write write) {
    writes.push_back(write);
    const int error = verdict ? verdict(write) : 0;
    if (error != 0)
      throw Error(error, "write '" + write.text + "' to", full_path(write.path));
    if (keeps_writes)
      texts.find(write.path)->second = write.text;
  }

  std::string root_ = "/fake";
};

}  // namespace fathom
