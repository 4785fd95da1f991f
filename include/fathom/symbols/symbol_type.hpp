#pragma once

#include <cstdint>
#include <string_view>

namespace fathom {

/// Who put a symbol into /proc/kallsyms.
enum class SymbolOrigin : std::uint8_t {
  kernel,             ///< vmlinux itself
  module,             ///< a loaded module
  module_init,        ///< a module's init function that is gone, kept by ftrace for traces that name it
  bpf_program,        ///< code compiled from a BPF program
  bpf_trampoline,     ///< what leads from a function to the fentry, fexit and lsm programs on it
  bpf_dispatcher,     ///< direct calls of the XDP programs in use, in place of an indirect one
  bpf_struct_ops,     ///< what leads from a kernel's callback to a program of a BPF struct_ops
  ftrace_trampoline,  ///< ftrace's own way from a function to one callback
  kprobe_page,        ///< a page of displaced instructions of kprobes
};

/// The origin's identifier, as it stands in JSON: `bpf_program`.
[[nodiscard]] std::string_view to_string(SymbolOrigin origin) noexcept;

/// Who may see a symbol.
enum class SymbolScope : std::uint8_t {
  local,         ///< its own object file
  global,        ///< every object file
  weak,          ///< as global, and gives way to another of that name
  unique,        ///< one for the whole process (STB_GNU_UNIQUE)
  exported,      ///< a module's, and open to other modules (EXPORT_SYMBOL)
  not_exported,  ///< a module's, and closed to others; it may well be global within the module
  unknown,       ///< the letter does not say
};

/// The scope's identifier: `not_exported`.
[[nodiscard]] std::string_view to_string(SymbolScope scope) noexcept;

/// What kind of section a symbol lies in.
enum class SymbolSection : std::uint8_t {
  text,                ///< code
  data,                ///< initialised data
  read_only,           ///< data that nobody writes
  bss,                 ///< data that begins as zeros and is not in the file
  small_data,          ///< initialised data that is kept together for short addressing
  small_bss,           ///< the same, zeroed
  common,              ///< zeroed data that the linker has yet to place
  absolute,            ///< none: the address is a value that no relocation changes
  weak,                ///< a weak symbol that is not known to be an object; in the kernel a function
  weak_object,         ///< a weak object
  undefined,           ///< none: defined elsewhere
  debug,               ///< debug information
  indirect_function,   ///< code that picks the real function once (STT_GNU_IFUNC)
  indirect_reference,  ///< none: another name for a symbol (a.out)
  unwind,              ///< stack unwinding tables
  unknown,             ///< the letter does not say
};

/// The section's identifier: `read_only`.
[[nodiscard]] std::string_view to_string(SymbolSection section) noexcept;

/// The letter in the second column of /proc/kallsyms, and what it means.
///
///     SymbolType type('t');
///     type.section();                               // SymbolSection::text
///     type.scope();                                 // SymbolScope::local
///     type.scope(SymbolOrigin::module);             // SymbolScope::not_exported
///     type.description(SymbolOrigin::module);       // "code of a module, not exported"
///     SymbolType('?').known();                      // false
///
/// For the kernel itself the letters are those of nm(1): upper case is global, lower case local, except `u`, `v` and
/// `w`, which are not local. For a module the kernel picks the letter by the kind of section, and then its case: upper
/// case where the symbol is exported (Linux 6.12, kernel/module/kallsyms.c, elf_type and module_get_kallsym). For BPF,
/// ftrace and kprobes the letter is a constant, `t` (`T` for SymbolOrigin::module_init), and says nothing of the scope.
/// Where module and nm differ: `a` is absolute or per-CPU, `w` a weak symbol that is no object, `n` debug information
/// (nm: `N`; its `n`, read-only sections of no other kind, never gets into the kernel's table), `?` a special section.
///
/// A plain value. Never throws, and knows of no file.
class SymbolType {
 public:
  /// Any byte will do; see known().
  constexpr explicit SymbolType(char letter = '?') noexcept : letter_(letter) {}

  /// As given.
  [[nodiscard]] constexpr char letter() const noexcept { return letter_; }
  /// Whether nm or the kernel give the letter a meaning. `?` says that they found none.
  [[nodiscard]] bool known() const noexcept;
  /// The kind of section.
  [[nodiscard]] SymbolSection section() const noexcept;
  /// Who may see it.
  [[nodiscard]] SymbolScope scope(SymbolOrigin origin = SymbolOrigin::kernel) const noexcept;
  /// All of it in a line, without a full stop: "read-only data, local".
  [[nodiscard]] std::string_view description(SymbolOrigin origin = SymbolOrigin::kernel) const noexcept;
  /// Whether the processor may run what stands there, as far as the letter tells: code, and weak symbols that are not
  /// objects.
  [[nodiscard]] bool executable() const noexcept;

  friend constexpr bool operator==(SymbolType, SymbolType) noexcept = default;

 private:
  char letter_;
};

}  // namespace fathom
