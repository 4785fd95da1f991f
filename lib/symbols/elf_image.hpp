#pragma once

#include <fathom/base/unique_fd.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct Elf;
struct Dwfl;
struct Dwfl_Module;

namespace fathom::detail {

/// Whether others than root may change the file while it is read.
enum class FileTrust : std::uint8_t {
  process,  ///< read(): a file that shrinks is an error
  system,   ///< mapped: cheaper, but a file that shrinks is SIGBUS
};

/// Opens a regular file for reading; anything else (a FIFO would block) is none. errno says why.
[[nodiscard]] UniqueFd open_regular(const std::string& path, int directory = -100 /* AT_FDCWD */);

/// An ELF image, by libelf.
class ElfImage {
 public:
  /// A part of the file that is loaded: PT_LOAD.
  struct Segment {
    std::uint64_t offset;
    std::uint64_t file_size;
    std::uint64_t address;
    std::uint64_t size;
  };
  struct Section {
    std::string name;
    std::uint64_t address;
    std::uint64_t size;
    std::uint64_t offset;
    bool code;
    bool in_file;
  };
  struct DebugLink {
    std::string name;
    std::uint32_t crc;
  };

  /// Null if it is not ELF. The descriptor is kept until `close_file`.
  static std::unique_ptr<ElfImage> of_file(UniqueFd fd, FileTrust trust);
  /// An image in memory, which may be compressed (.gnu_debugdata). Null if it is not ELF.
  static std::unique_ptr<ElfImage> of_memory(std::vector<char> bytes);
  static std::unique_ptr<ElfImage> of_compressed(const void* bytes, std::size_t size);
  /// A file that is not linked yet, as a kernel module: its sections are given addresses that do not overlap, and its
  /// debug information is relocated to these, all by libdwfl. May be compressed. Null if it is not ELF.
  static std::unique_ptr<ElfImage> of_relocatable(UniqueFd fd);
  ~ElfImage();
  ElfImage(const ElfImage&) = delete;
  ElfImage& operator=(const ElfImage&) = delete;

  [[nodiscard]] Elf* elf() const noexcept { return elf_; }
  /// Null unless made by `of_relocatable`; then the Dwarf is libdwfl's.
  [[nodiscard]] Dwfl_Module* dwfl_module() const noexcept { return module_; }
  [[nodiscard]] bool relocatable() const noexcept { return relocatable_; }
  [[nodiscard]] bool x86_64() const noexcept { return x86_64_; }
  [[nodiscard]] const std::vector<Segment>& segments() const noexcept { return segments_; }
  /// Those that are loaded, by their index in the file (others have size 0).
  [[nodiscard]] const std::vector<Section>& sections() const noexcept { return sections_; }
  /// In hex digits; empty for none.
  [[nodiscard]] const std::string& build_id() const noexcept { return build_id_; }
  [[nodiscard]] std::optional<DebugLink> debug_link() const;
  [[nodiscard]] bool has_section(std::string_view name) const;
  /// Whether the tables of strings of the DWARF end with a NUL. libdw 0.188 reads a string up to its NUL, wherever that
  /// may be, so what does not pass must not be read. To be asked when libdw has unpacked the sections.
  [[nodiscard]] bool debug_strings_end() const;
  /// What was not read yet can no longer be.
  void close_file();

 private:
  ElfImage() = default;
  bool read_headers();

  UniqueFd fd_;
  std::vector<char> bytes_;
  Elf* elf_ = nullptr;
  Dwfl* dwfl_ = nullptr;
  Dwfl_Module* module_ = nullptr;
  bool relocatable_ = false;
  bool x86_64_ = false;
  std::vector<Segment> segments_;
  std::vector<Section> sections_;
  std::string build_id_;
};

}  // namespace fathom::detail
