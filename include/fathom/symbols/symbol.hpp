#pragma once

#include <fathom/symbols/symbol_type.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace fathom {

namespace detail {
struct KallsymsTable;
}  // namespace detail

/// One symbol of a KallsymsIndex: a light view.
///
///     for (const Symbol symbol : index.named("vfs_read"))
///       std::cout << symbol.name() << ' ' << symbol.module() << ' ' << symbol.size().value_or(0) << '\n';
///
/// Sixteen bytes: copy it. It, and the text that it gives, are good as long as the snapshot that it came from, which is
/// as long as any copy of that KallsymsIndex. Never throws; safe to use from all threads.
class Symbol {
 public:
  /// Where it begins. For an absolute symbol, its value; 0 where the kernel hid the addresses.
  [[nodiscard]] std::uint64_t address() const noexcept;
  /// Bytes until the next symbol with another address, as the kernel infers it: /proc/kallsyms has no sizes. The kernel
  /// keeps to the symbols of vmlinux for its own, and to those of one region of one module for a module's. Absent where
  /// the file does not tell: the last symbol of a module's region, everything outside the kernel's image and modules
  /// (BPF, trampolines), absolute symbols and mapping symbols. Other aliases have one size, that of the one that find()
  /// gives.
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept;
  /// 1 to 511 bytes, not always unique.
  [[nodiscard]] std::string_view name() const noexcept;
  /// What stands in brackets behind the name: a module's name, `bpf`, `__builtin__ftrace`, `__builtin__kprobes`. Empty
  /// for the kernel itself.
  [[nodiscard]] std::string_view module() const noexcept;
  /// The letter.
  [[nodiscard]] SymbolType type() const noexcept;
  /// Who put it there: from the brackets, and for BPF from the name.
  [[nodiscard]] SymbolOrigin origin() const noexcept;
  /// Whether it is a mark of the compiler rather than a thing of its own, and nothing that one would trace: is_label()
  /// of its name.
  [[nodiscard]] bool is_label() const noexcept;
  /// Its place in the snapshot in order of address, from 0: for tables of one's own beside it.
  [[nodiscard]] std::uint32_t index() const noexcept { return index_; }

  /// The same symbol of the same snapshot.
  friend bool operator==(const Symbol&, const Symbol&) noexcept = default;

 private:
  friend class KallsymsIndex;
  friend class SymbolIterator;
  Symbol(const detail::KallsymsTable* table, std::uint32_t index) noexcept : table_(table), index_(index) {}

  const detail::KallsymsTable* table_;
  std::uint32_t index_;
};

/// A symbol, and how far behind its beginning an address lies.
class SymbolHit : public Symbol {
 public:
  /// The distance in bytes; 0 at the symbol's address.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

  /// The same place of the same snapshot.
  friend bool operator==(const SymbolHit&, const SymbolHit&) noexcept = default;

 private:
  friend class KallsymsIndex;
  SymbolHit(Symbol symbol, std::uint64_t offset) noexcept : Symbol(symbol), offset_(offset) {}

  std::uint64_t offset_;
};

/// Whether this is the name of a label: `__pfx_*` (padding before a function, Linux 6.2), `__cfi_*` (kCFI's preamble,
/// 6.1, without the functions `__cfi_check` and `__cfi_slowpath` of the older kind), `__kcfi_typeid_*` (a value), and
/// the mapping symbols `$*`, `.L*`, `L0*` of assemblers, which the kernel skips too (is_mapping_symbol).
[[nodiscard]] bool is_label(std::string_view name) noexcept;

}  // namespace fathom
