#pragma once

#include <fathom/process/child.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fathom::test {

/// A folder of its own for each test, removed at the end.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  [[nodiscard]] std::filesystem::path path(std::string_view name) const { return path_ / name; }
  /// Writes a file; gives its path.
  [[nodiscard]] std::string file(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

std::string content_of(const std::filesystem::path& path);

using Environment = std::vector<std::pair<std::string, std::string>>;

/// A program that runs, with its standard output and error in files.
class ProgramRun {
 public:
  /// `stdin_file`: empty for /dev/null.
  explicit ProgramRun(const std::vector<std::string>& command, const std::string& stdin_file = {},
                      const Environment& environment = {});

  /// The process, to be stopped or waited for.
  [[nodiscard]] Child& child() { return child_; }
  /// Waits for the end, and gives the exit status as a shell would.
  int status();
  /// What it wrote so far.
  [[nodiscard]] std::string out() const { return content_of(folder_.path("out")); }
  [[nodiscard]] std::string err() const { return content_of(folder_.path("err")); }

 private:
  TestFolder folder_;
  Child child_;
};

/// How a program ended, and what it wrote.
struct Ran {
  int status;
  std::string out;
  std::string err;
};

/// Runs a command to its end.
Ran run_to_end(const std::vector<std::string>& command);
/// The same, a program with arguments.
Ran run_to_end(const std::string& program, std::vector<std::string> arguments);

}  // namespace fathom::test
