#pragma once

#include <fathom/symbols/elf_files.hpp>
#include <fathom/symbols/elf_symbolizer.hpp>

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace fathom {

/// A file by its name, and by its build id or number where these are known.
struct ElfFileName {
  std::string path{};      ///< `[vdso]` for the kernel's page of code that every process has
  std::string build_id{};  ///< hex digits that the file must have; empty: it is told by `inode`
  /// Without a build id: the file's number on this machine; another file by that name is not it. 0: whatever is there.
  /// (Its device is no help: overlay and btrfs tell another one to stat(2) than to /proc/PID/maps.)
  std::uint64_t inode = 0;
  /// A process that sees the file by `path`, such as one in a container: as long as it runs, the file is looked for in
  /// its view too (/proc/PID/root), behind this one's. 0: in this one's only, and so with a sysroot.
  std::uint32_t pid = 0;

  /// By all fields.
  friend auto operator<=>(const ElfFileName&, const ElfFileName&) = default;
};

/// For ElfFileSymbols.
struct ElfFileSymbolsOptions {
  /// Shared with other symbolizers; null: files of its own, with the default options.
  std::shared_ptr<ElfFiles> files{};
  /// A folder that is put before each path: a copy of another machine's files. Empty: this machine's own.
  std::string sysroot{};
};

/// Names places in files, for stacks that were taken apart into file and offset when they were taken: their processes
/// may have ended, or run elsewhere.
///
///     fathom::ElfFileSymbols symbols;
///     for (const std::string& name : symbols.functions({.path = path, .build_id = build_id}, offset,
///     is_return_address))
///       std::cout << name << '\n';                      // innermost first
///
/// A file that is not there, or is another than it should be by build id or number, gives no names. Each file is looked
/// at once. Move-only, for one thread at a time along with all that share its ElfFiles.
class ElfFileSymbols {
 public:
  /// Reads nothing.
  explicit ElfFileSymbols(ElfFileSymbolsOptions options = {});

  /// The functions at so many bytes from the start of the file, for people, innermost first: several where the compiler
  /// put one into another, unless ElfFilesOptions::source_lines is off. Empty where there is none. `is_return` tells
  /// that a call comes back there: the call is looked up. Throws nothing but bad_alloc.
  [[nodiscard]] std::vector<std::string> functions(const ElfFileName& file, std::uint64_t offset,
                                                   bool is_return = false);

 private:
  struct File {
    std::unique_ptr<ElfSymbolizer> symbolizer;  // null: it cannot be read, or is another file
    std::uint64_t base = 0;                     // what is added to an offset
  };

  File& open(const ElfFileName& name);
  [[nodiscard]] std::unique_ptr<ElfSymbolizer> open_path(const std::string& path, const ElfFileName& name) const;

  ElfFileSymbolsOptions options_;
  std::map<ElfFileName, File> files_;
};

}  // namespace fathom
