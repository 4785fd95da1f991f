#pragma once

#include <fathom/base/glob.hpp>
#include <fathom/base/parse_stats.hpp>
#include <fathom/symbols/symbol.hpp>
#include <fathom/symbols/symbol_range.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>

namespace fathom {

/// How to read symbols. All of it may stay as it is.
struct KallsymsOptions {
  /// What KallsymsIndex::load reads: the live file, or a copy.
  std::string path = "/proc/kallsyms";
  /// Without what is_label() knows, which is up to half of the symbols of a kernel that pads its functions. Addresses
  /// within such padding then belong to nobody, as they do not belong to the function before.
  bool leave_out_labels = false;
  /// Whether load() takes a file whose addresses are all hidden: names, types and modules are there nevertheless. See
  /// KallsymsIndex::visibility.
  bool allow_hidden = false;
  /// Looked at to explain why the kernel hid all addresses, and for nothing else.
  std::string kptr_restrict_path = "/proc/sys/kernel/kptr_restrict";
  std::string perf_event_paranoid_path = "/proc/sys/kernel/perf_event_paranoid";
};

/// Whether the file shows addresses.
enum class KallsymsVisibility : std::uint8_t {
  full,    ///< yes
  hidden,  ///< every address is zero: whoever opened the file may not see them
};

/// A module as its symbols show it.
struct KallsymsModule {
  std::string_view name;    ///< good as long as the snapshot
  std::uint64_t first = 0;  ///< the lowest address of a symbol that is not absolute; 0 where addresses are hidden
  std::uint64_t end =
      0;  ///< behind the page of the highest. Since Linux 6.4 a module is several regions with others between
  std::size_t symbols = 0;  ///< how many, absolute ones too
};

/// What only() found: the symbol if there is exactly one, and how many there are.
struct OnlySymbol {
  std::optional<Symbol> symbol;  ///< there if `count` is 1
  std::size_t count = 0;         ///< symbols of that name

  /// Whether there is exactly one; only then may it be dereferenced.
  [[nodiscard]] explicit operator bool() const noexcept { return symbol.has_value(); }
  [[nodiscard]] const Symbol* operator->() const noexcept { return &*symbol; }
  [[nodiscard]] const Symbol& operator*() const noexcept { return *symbol; }
  /// No symbol is called so.
  [[nodiscard]] bool absent() const noexcept { return count == 0; }
  /// Several are.
  [[nodiscard]] bool ambiguous() const noexcept { return count > 1; }
};

/// The kernel's symbols at one moment, by address and by name.
///
///     const auto symbols = KallsymsIndex::load();               // as root
///     if (auto hit = symbols.find(address))
///       std::cout << hit->name() << "+0x" << std::hex << hit->offset() << ' ' << hit->module() << '\n';
///     for (const Symbol symbol : symbols.named("init_once")) ...   // names repeat
///     if (auto symbol = symbols.only("vfs_read")) attach(symbol->address());
///
/// Some lines of input (Linux 6.1; a tab stands before the bracket):
///
///     0000000000001000 A cpu_debug_store
///     ffffffff81000000 T _stext
///     ffffffffc024c280 T netfs_write_begin [netfs]
///     ffffffffc000096c t bpf_prog_7cc47bbf07148bfe_hid_tail_call [bpf]
///
/// A snapshot: it never changes. Copies share it and cost one reference count; the last one frees it. To see what was
/// loaded since, load() again and give the new one to new readers; who holds a copy of the old one is not disturbed.
/// Every Symbol, SymbolRange and text that it gives is good as long as any copy. All const members may be called from
/// all threads at once. On a temporary those that give any of these do not compile: `load().find(a)` would name what is
/// gone, so keep the snapshot in a variable.
///
/// **Which symbol an address belongs to** is what the kernel itself would print (kallsyms_lookup, Linux 6.12), as far
/// as the file tells it:
/// - The last symbol that begins at or before it; of several at one address the first in the file, which is the
/// kernel's
///   before a module's. Mapping symbols (`$x`) are passed over; symbols with the letter `a` or `A` are values: they own
///   their own address alone, and yield to others there.
/// - A symbol of vmlinux reaches to the next one, within the kernel's image: from `_stext` to `_end` and `__init_begin`
///   to `__init_end`, or in a kernel without CONFIG_KALLSYMS_ALL, which lists none of these ends, from `_stext` to
///   `_etext` and `_sinittext` to `_einittext`. Beyond, only its own address is its.
/// - A module's reaches to the next symbol of that module of the same kind (code or not). The last one of a kind ends
///   with its page at the latest: no two regions share a page, and where the region ends is not in the file.
/// - Trampolines, dispatchers and kprobe pages are a page of 4096 bytes at most. A BPF program reaches to the next
///   symbol, and 1 MiB at most, a bound that no program that we know of comes near to.
/// - In a file without the kernel's marks (a part of one) the last symbol ends with its page.
/// What lies in between belongs to nobody, and find() is empty.
///
/// Each look-up takes some tens of nanoseconds, and none allocates but for the first by name and the first by prefix,
/// which build their indexes. A symbol takes some 60 bytes, its name and both indexes included.
///
/// Needs CAP_SYSLOG for addresses, unless kernel.kptr_restrict is 0 and kernel.perf_event_paranoid at most 1; names
/// need no rights. The kernel fixes that when the file is opened.
class KallsymsIndex {  // NOLINT(cppcoreguidelines-special-member-functions): moving copies, see below
 public:
  /// No symbols.
  KallsymsIndex();
  // Moving copies, so that what was moved from is still a snapshot.
  KallsymsIndex(const KallsymsIndex&) noexcept = default;
  KallsymsIndex& operator=(const KallsymsIndex&) noexcept = default;
  ~KallsymsIndex() = default;

  /// Reads /proc/kallsyms, or the file in the options. Throws Error if it cannot be read, if no line of it is a symbol,
  /// or if the kernel hid the addresses (std::errc::permission_denied, with the settings that did it; not with
  /// `allow_hidden`). A file that goes on for 1 MiB without a symbol, or without the end of a line, is none of symbols.
  [[nodiscard]] static KallsymsIndex load(const KallsymsOptions& options = {});
  /// Reads the text of such a file. Never throws for what stands in it: see stats() and visibility(). The bytes are not
  /// needed afterwards.
  ///
  /// A line is a symbol if it is exactly what the kernel prints: an address of 16 lower-case digits (8 on a 32-bit
  /// kernel, and then on every line), a letter or `?`, a name of 1 to 511 bytes without white space, and maybe a
  /// module. A carriage return at its end is dropped. What differs is counted, also a last line without its newline,
  /// since a name that was cut is another name. Where such a line has an address, the symbol before it ends there, and
  /// what follows belongs to nobody. Undefined symbols (`U`), which a module shows while it is being loaded,
  /// are understood and left out.
  [[nodiscard]] static KallsymsIndex parse(std::string_view text, const KallsymsOptions& options = {});

  /// The symbol that an address belongs to, as described above.
  [[nodiscard]] std::optional<SymbolHit> find(std::uint64_t address) const& noexcept;
  void find(std::uint64_t address) const&& = delete;
  /// The symbol that a call was made from, given the address it returns to, which may be that of the next function
  /// already. The offset is that of the return address, as in the kernel's stack traces (sprint_backtrace).
  [[nodiscard]] std::optional<SymbolHit> find_return_address(std::uint64_t pc) const& noexcept;
  void find_return_address(std::uint64_t pc) const&& = delete;
  /// All symbols with exactly this address, in the order of the file.
  [[nodiscard]] SymbolRange aliases(std::uint64_t address) const& noexcept;
  void aliases(std::uint64_t address) const&& = delete;
  /// Symbols with addresses from `from` on and before `to`, in order of address.
  [[nodiscard]] SymbolRange between(std::uint64_t from, std::uint64_t to) const& noexcept;
  void between(std::uint64_t from, std::uint64_t to) const&& = delete;

  /// All symbols with exactly this name, in order of address. The first call builds the index of names.
  [[nodiscard]] SymbolRange named(std::string_view name) const&;
  void named(std::string_view name) const&& = delete;
  /// The symbol with exactly this name, if there is only one.
  [[nodiscard]] OnlySymbol only(std::string_view name) const&;
  void only(std::string_view name) const&& = delete;
  /// Symbols whose names begin so, in order of names (by bytes), those of one name in order of address. The first call
  /// sorts all names.
  [[nodiscard]] SymbolRange prefixed(std::string_view prefix) const&;
  void prefixed(std::string_view prefix) const&& = delete;
  /// Symbols whose names match a glob as ftrace's filters take it (matches_glob), in order of address: a lazy view that
  /// compares every name as it goes. `glob` must live as long as the view.
  [[nodiscard]] auto matching(std::string_view glob) const& {
    return symbols() | std::views::filter([glob](const Symbol& symbol) { return matches_glob(glob, symbol.name()); });
  }
  void matching(std::string_view glob) const&& = delete;

  /// All symbols, in order of address, those of one address in the order of the file.
  [[nodiscard]] SymbolRange symbols() const& noexcept;
  void symbols() const&& = delete;
  [[nodiscard]] SymbolIterator begin() const& noexcept { return symbols().begin(); }
  void begin() const&& = delete;
  [[nodiscard]] SymbolIterator end() const& noexcept { return symbols().end(); }
  void end() const&& = delete;
  /// How many there are.
  [[nodiscard]] std::size_t size() const noexcept { return symbols().size(); }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// The loaded modules that have symbols, in the order of the file.
  [[nodiscard]] std::span<const KallsymsModule> modules() const& noexcept;
  void modules() const&& = delete;

  /// Whether there are addresses. If they are hidden, look-ups by address find nothing, and those by name work.
  [[nodiscard]] KallsymsVisibility visibility() const noexcept;
  /// What was parsed and what was skipped.
  [[nodiscard]] const ParseStats& stats() const& noexcept;
  void stats() const&& = delete;
  /// The memory that the snapshot takes now, in bytes.
  [[nodiscard]] std::size_t allocated_bytes() const noexcept;

 private:
  explicit KallsymsIndex(std::shared_ptr<const detail::KallsymsTable> table) noexcept;
  [[nodiscard]] SymbolRange places(std::size_t first, std::size_t last) const noexcept;
  [[nodiscard]] SymbolRange listed(std::span<const std::uint32_t> list) const noexcept;

  std::shared_ptr<const detail::KallsymsTable> table_;
};

}  // namespace fathom
