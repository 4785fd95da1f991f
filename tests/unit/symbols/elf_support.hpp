#pragma once

#include <fathom/base/unique_fd.hpp>
#include <fathom/process/child.hpp>
#include <fathom/symbols/elf_symbolizer.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::test {

/// The path of one of the programs in tests/unit/symbols/programs.
std::string program(std::string_view name);

/// The number of the line of sample.cpp that holds the word.
std::uint32_t line_of(std::string_view word);

/// A folder of its own, removed at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string path(std::string_view name = {}) const {
    return name.empty() ? path_.string() : (path_ / name).string();
  }
  /// Writes a file, and the folders above it; gives its path.
  std::string file(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

std::string content_of(const std::string& path);

/// A running sample, which has printed its addresses.
class Sample {
 public:
  explicit Sample(const std::vector<std::string>& command);

  [[nodiscard]] int pid() const { return child_.pid(); }
  /// Ends it, and waits.
  void end();
  /// Writes to its standard input.
  void say(std::string_view text);
  /// Reads the addresses that it prints; done once already.
  void read_addresses();

  std::uint64_t inlined = 0;  ///< an instruction of inner(), inlined into middle(), inlined into Box::outer()
  std::uint64_t plain = 0;    ///< an instruction of plain_function()
  std::uint64_t data = 0;     ///< a variable

 private:
  UniqueFd input_;  // the sample runs until this is closed
  UniqueFd output_;
  Child child_;
};

/// The command of a Sample in a mount namespace of its own, as of a container: only there is it `folder`/there/hidden.
/// Makes the folder `there`. Needs root.
std::vector<std::string> hidden_sample(const Folder& folder);

/// Expects the functions of Sample::inlined.
void expect_inlined(const SymbolizedAddress& hit);
/// Expects plain_function, and its line where there are lines.
void expect_plain(const SymbolizedAddress& hit, bool lines = true);

/// Files that are never asked of a server.
std::shared_ptr<ElfFiles> local_files(std::vector<std::string> debug_roots = {});

std::size_t open_descriptors();

}  // namespace fathom::test
