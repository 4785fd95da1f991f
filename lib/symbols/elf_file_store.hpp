#pragma once

#include "debuginfod_find.hpp"
#include "dwarf_code.hpp"
#include "elf_image.hpp"
#include "elf_symbol_table.hpp"

#include <fathom/symbols/elf_symbolizer.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace fathom::detail {

/// One binary: its layout, its symbols, and its DWARF, wherever that was found.
class ElfFile {
 public:
  ElfFile(std::unique_ptr<ElfImage> image, const std::string& path, const std::string& local_path,
          const ElfFilesOptions& options, DebuginfodFind& servers);

  [[nodiscard]] const std::string& build_id() const noexcept { return build_id_; }
  [[nodiscard]] const std::vector<ElfImage::Section>& sections() const noexcept { return sections_; }
  [[nodiscard]] const ElfSymbolTable& symbols() const noexcept { return symbols_; }
  /// Null where there is none; `problem` says why.
  [[nodiscard]] DwarfCode* dwarf() const noexcept { return dwarf_.get(); }
  [[nodiscard]] const std::string& debug_file() const noexcept { return debug_file_; }
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  /// Where the linker put that byte of the file; absent if it is not loaded.
  [[nodiscard]] std::optional<std::uint64_t> address_of_offset(std::uint64_t offset) const noexcept;
  /// Whether an address is in a part that is loaded, or, in a file that is not linked yet, in a section with code.
  [[nodiscard]] bool holds(std::uint64_t address) const noexcept;
  /// The address of a name in .symtab that was asked for when the file was read; absent if there is none.
  [[nodiscard]] std::optional<std::uint64_t> kernel_start() const noexcept { return kernel_start_; }

 private:
  std::string build_id_;
  std::vector<ElfImage::Segment> segments_;
  std::vector<ElfImage::Section> sections_;
  ElfSymbolTable symbols_;
  std::unique_ptr<DwarfCode> dwarf_;
  std::string debug_file_;
  std::string problem_;
  std::optional<std::uint64_t> kernel_start_;
};

/// What one address of a file is.
struct ResolvedAddress {
  std::shared_ptr<const std::vector<CodeFrame>> frames;
  std::uint64_t offset = 0;
  std::optional<SymbolizeFailure> failure;
};

/// How a file is read.
enum class FileForm : std::uint8_t {
  linked,       ///< a program, a library, the kernel
  relocatable,  ///< a kernel module, which may be compressed
};

/// All that an ElfFiles has read.
class ElfFileStore {
 public:
  explicit ElfFileStore(ElfFilesOptions options);

  [[nodiscard]] const ElfFilesOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::size_t size() const noexcept { return files_read_; }

  /// Null if it is no ELF file.
  std::shared_ptr<ElfFile> open(UniqueFd fd, const std::string& path, const std::string& local_path, FileTrust trust,
                                FileForm form = FileForm::linked);
  /// An image from the memory of a process; null if it is no ELF file.
  std::shared_ptr<ElfFile> open_memory(std::vector<char> bytes, const std::string& path);
  ResolvedAddress resolve(const ElfFile& file, std::uint64_t address);

 private:
  // Device, inode, size, and nanoseconds of the last change of content and of status.
  using Key = std::tuple<std::uint64_t, std::uint64_t, std::int64_t, std::int64_t, std::int64_t>;
  struct Asked {
    const ElfFile* file;
    std::uint64_t address;
    bool operator==(const Asked&) const = default;
  };
  struct HashAsked {
    std::size_t operator()(const Asked& asked) const noexcept {
      constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15U;
      const std::uint64_t mixed = (asked.address ^ reinterpret_cast<std::uintptr_t>(asked.file)) * kOdd;
      return mixed ^ (mixed >> 32U);
    }
  };

  std::shared_ptr<ElfFile> make(std::unique_ptr<ElfImage> image, const std::string& path,
                                const std::string& local_path);
  [[nodiscard]] ResolvedAddress look_up(const ElfFile& file, std::uint64_t address);

  ElfFilesOptions options_;
  DebuginfodFind servers_;
  std::map<Key, std::shared_ptr<ElfFile>> files_;
  std::map<std::vector<char>, std::shared_ptr<ElfFile>> images_;
  std::unordered_map<Asked, ResolvedAddress, HashAsked> answers_;
  std::size_t decoded_records_ = 0;
  std::size_t files_read_ = 0;
};

}  // namespace fathom::detail
