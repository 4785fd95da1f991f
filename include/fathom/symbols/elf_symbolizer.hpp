#pragma once

#include <fathom/symbols/elf_files.hpp>
#include <fathom/symbols/process_map.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// Why an address has no name.
enum class SymbolizeFailure : std::uint8_t {
  unmapped,      ///< nothing is mapped there
  anonymous,     ///< no file: heap, stack, generated code
  no_file,       ///< the file could not be opened; ElfModule::problem says why
  file_changed,  ///< the file that has the name now is another one than was mapped
  not_elf,       ///< a file, but no ELF that can be read
  not_in_image,  ///< in the file, but in no segment or section of the program
  no_symbols,    ///< the file has no symbols, and no debug file was found
  no_function,   ///< there are symbols, but none reaches over the address
};
/// All of them, in the order of the enumerators.
inline constexpr std::array kSymbolizeFailures = {SymbolizeFailure::unmapped,   SymbolizeFailure::anonymous,
                                                  SymbolizeFailure::no_file,    SymbolizeFailure::file_changed,
                                                  SymbolizeFailure::not_elf,    SymbolizeFailure::not_in_image,
                                                  SymbolizeFailure::no_symbols, SymbolizeFailure::no_function};

/// The reason's identifier, as it stands in JSON: `file_changed`.
[[nodiscard]] std::string_view to_string(SymbolizeFailure failure) noexcept;

/// A binary as it is mapped or loaded, and what is known of its symbols.
struct ElfModule {
  std::string path{};        ///< as the process sees it; `[vdso]`, `[kernel]`, or the name of a kernel module
  std::string build_id{};    ///< hex digits; empty where it has none or was not read
  std::string debug_file{};  ///< where lines come from: a path, the binary's own, or empty
  std::string problem{};     ///< why it could not be read, or why it has no lines; empty where all is well
};

/// A function at an address: the one that holds the instruction, or one that the compiler put it into.
struct CodeFrame {
  std::string function{};      ///< for people: demangled, with its parameters where it is C++
  std::string linkage_name{};  ///< as the linker knows it; for an inlined function what DWARF says
  std::string file{};          ///< the source; empty where that is not known
  std::uint32_t line = 0;      ///< 0 where that is not known
  std::uint32_t column = 0;    ///< 0 where that is not known
  bool inlined = false;        ///< it has no code of its own here: the next frame's function holds it
};

/// Whose code an address is. Cheap to copy: what is long is shared, and lives as long as any copy.
class SymbolizedAddress {
 public:
  /// As it was asked for.
  [[nodiscard]] std::uint64_t address() const noexcept { return address_; }
  /// Whether there is a function; `failure` says why not.
  [[nodiscard]] explicit operator bool() const noexcept { return !failure_; }
  /// Why there is none.
  [[nodiscard]] std::optional<SymbolizeFailure> failure() const noexcept { return failure_; }
  /// The functions, innermost first: inlined ones, and last the one that has a symbol and an address of its own. Empty
  /// on failure. The first one's line is that of the instruction, the others' that of the call inside them.
  [[nodiscard]] std::span<const CodeFrame> frames() const noexcept {
    return frames_ ? std::span<const CodeFrame>(*frames_) : std::span<const CodeFrame>();
  }
  /// From the start of the last frame's function to the address, in bytes; 0 on failure.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  /// The address as the binary's own symbol table counts, which is what addr2line wants; absent where no binary is
  /// known.
  [[nodiscard]] std::optional<std::uint64_t> elf_address() const noexcept { return elf_address_; }
  /// The binary; null where nothing is mapped.
  [[nodiscard]] const ElfModule* module() const noexcept { return module_.get(); }

 private:
  friend class ElfSymbolizer;

  std::uint64_t address_ = 0;
  std::uint64_t offset_ = 0;
  std::optional<std::uint64_t> elf_address_;
  std::optional<SymbolizeFailure> failure_ = SymbolizeFailure::unmapped;
  std::shared_ptr<const ElfModule> module_;
  std::shared_ptr<const std::vector<CodeFrame>> frames_;
};

/// What an address is.
enum class AddressKind : std::uint8_t {
  instruction,     ///< of the instruction itself: a sample, a breakpoint
  return_address,  ///< where a call comes back to: the call, which is the byte before, is looked up
};

/// For ElfSymbolizer::of_process.
struct ProcessSymbolsOptions {
  /// Shared with other symbolizers; null: files of its own, with the default options.
  std::shared_ptr<ElfFiles> files{};
  /// Where procfs is mounted.
  std::string proc = "/proc";
};

/// For ElfSymbolizer::of_maps.
struct SavedMapsOptions {
  /// Shared with other symbolizers; null: files of its own, with the default options.
  std::shared_ptr<ElfFiles> files{};
  /// A folder that is put before each path: a copy of the other machine's files. Empty: this machine's own, and then a
  /// file must still have the device and inode of the map.
  std::string sysroot{};
  /// By path in the map: the build id in hex digits that the file must have, as `perf buildid-list` prints it. For
  /// these neither device nor inode matters.
  std::map<std::string, std::string> build_ids{};
};

/// How the addresses of ElfSymbolizer::of_file count.
enum class FileAddress : std::uint8_t {
  elf_address,  ///< as symbol tables, objdump and addr2line do
  file_offset,  ///< bytes from the start of the file, as a uprobe does
};

/// For ElfSymbolizer::of_file.
struct FileSymbolsOptions {
  /// Shared with other symbolizers; null: files of its own, with the default options.
  std::shared_ptr<ElfFiles> files{};
  /// How addresses count.
  FileAddress addresses = FileAddress::elf_address;
};

/// For ElfSymbolizer::of_kernel. Each path has the default of the running kernel; another machine's kernel is a saved
/// kallsyms, its vmlinux, and `sys` empty.
struct KernelSymbolsOptions {
  /// Shared with other symbolizers; null: files of its own, with the default options.
  std::shared_ptr<ElfFiles> files{};
  /// The kernel with its symbols. Empty: the first of vmlinux-RELEASE and lib/modules/RELEASE/vmlinux in the debug
  /// roots (boot/ and plain), /boot, and /lib/modules/RELEASE/build that has the right build id.
  std::string vmlinux{};
  /// Says where the kernel and its modules really are.
  std::string kallsyms = "/proc/kallsyms";
  /// Where sysfs is: build ids in kernel/notes and module/NAME/notes. Empty: not this machine's kernel, and no build id
  /// is asked for.
  std::string sys = "/sys";
  /// As `uname -r` says; empty: that of the running kernel.
  std::string release{};
  /// Where modules lie, by RELEASE; debug roots are looked through first.
  std::string modules = "/lib/modules";
};

/// Names code addresses: function, offset, source line and inlined functions, from ELF symbols and DWARF.
///
///     auto symbolizer = fathom::ElfSymbolizer::of_process(pid);
///     for (const auto& hit : symbolizer.symbolize(stack, fathom::AddressKind::return_address))
///       for (const auto& frame : hit.frames())
///         std::cout << frame.function << " at " << frame.file << ':' << frame.line << '\n';
///
/// One bad address never fails a batch: each result has its own reason (SymbolizeFailure). Error is thrown only where a
/// symbolizer cannot be made at all. Binaries may be position-independent, static, stripped with a debug file elsewhere
/// (by build id or .gnu_debuglink, with a .dwz supplement), compressed, or have their symbols in .gnu_debugdata. Split
/// DWARF (.dwo) is not followed: it gives names and lines, but no inlined functions.
///
/// **Which symbol.** The innermost whose size reaches over the address, of code only. Of several with one range, by the
/// rule of the kernel's perf: a global or local one before a weak one, a global before a local one, fewer leading
/// underscores, the longer name. Symbols without a size (assembler labels) count up to the next symbol, where none with
/// a size does. On x86-64, stubs of the procedure linkage table are `NAME@plt`.
///
/// **Cost.** Symbols are copied out once per file into a sorted table; a unit's functions, inlined calls and lines are
/// decoded at the first address in it; answers are remembered (ElfFilesOptions bounds all of it but the symbols).
///
/// Move-only. A symbolizer belongs to one thread at a time, along with all that share its ElfFiles. Results are values.
class ElfSymbolizer {
 public:
  /// A live process: reads /proc/PID/maps now, and files when an address needs them: through /proc/PID/map_files (which
  /// finds deleted files and those of other mount namespaces; needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE), or else
  /// through /proc/PID/root, where the file must be the one that was mapped. The vdso is read from /proc/PID/mem. Needs
  /// the rights of ptrace. After an exec or dlopen call `refresh`. Throws Error (ESRCH, ENOENT: no such process;
  /// EACCES).
  [[nodiscard]] static ElfSymbolizer of_process(int pid, const ProcessSymbolsOptions& options = {});
  /// A saved /proc/PID/maps.
  [[nodiscard]] static ElfSymbolizer of_maps(ProcessMap map, const SavedMapsOptions& options = {});
  /// One file by itself. Throws Error with its path (ENOENT, EACCES; ENOEXEC: not ELF).
  [[nodiscard]] static ElfSymbolizer of_file(const std::string& path, const FileSymbolsOptions& options = {});
  /// The kernel and its modules. Where KASLR has put them is computed from kallsyms, so the addresses must be shown
  /// there (kernel.kptr_restrict, CAP_SYSLOG). A vmlinux or module whose build id differs from the kernel's own is
  /// refused. Throws Error where there is no vmlinux (the hint says where it was looked for), where it is another
  /// kernel's, or where kallsyms hides addresses. A module without a file fails only its own addresses.
  [[nodiscard]] static ElfSymbolizer of_kernel(KernelSymbolsOptions options = {});

  ~ElfSymbolizer();
  ElfSymbolizer(ElfSymbolizer&& other) noexcept;
  ElfSymbolizer& operator=(ElfSymbolizer&& other) noexcept;
  ElfSymbolizer(const ElfSymbolizer&) = delete;
  ElfSymbolizer& operator=(const ElfSymbolizer&) = delete;

  /// One address. Throws nothing but bad_alloc.
  [[nodiscard]] SymbolizedAddress symbolize(std::uint64_t address, AddressKind kind = AddressKind::instruction);
  /// Several, in the order given.
  [[nodiscard]] std::vector<SymbolizedAddress> symbolize(std::span<const std::uint64_t> addresses,
                                                         AddressKind kind = AddressKind::instruction);

  /// Reads again what is mapped where: the maps of a process, the modules of a kernel. Files that are known stay known.
  /// Nothing to do for a saved map or a file. Throws Error as the factory does, and then all is as before: ENOENT
  /// or ESRCH where the process has ended, also if another has its number by now.
  void refresh();

  /// What was added to the kernel's own addresses by KASLR, in bytes; 0 where it did not, and for all but of_kernel.
  [[nodiscard]] std::uint64_t kernel_offset() const noexcept;

  /// What finds binaries by address; an implementation detail.
  class Space;

 private:
  explicit ElfSymbolizer(std::unique_ptr<Space> space, std::shared_ptr<ElfFiles> files);

  std::shared_ptr<ElfFiles> files_;
  std::unique_ptr<Space> space_;  // refers to what files_ owns
};

}  // namespace fathom
