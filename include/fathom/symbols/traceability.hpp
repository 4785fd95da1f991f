#pragma once

#include <fathom/symbols/inline_sites.hpp>
#include <fathom/symbols/kallsyms_index.hpp>
#include <fathom/symbols/trace_verdict.hpp>
#include <fathom/tracefs/trace_files.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace fathom {

/// Where Traceability reads. Whatever is not there, or may not be read, costs those answers only that need it.
struct TraceabilityOptions {
  /// tracefs, for `available_filter_functions`, `available_filter_functions_addrs` (Linux 6.5) and `kprobe_events`.
  /// Empty: where it is mounted.
  std::shared_ptr<TraceFiles> tracefs{};
  /// Symbols that are already there; else `kallsyms_path` is read. Addresses tell more than names alone: CAP_SYSLOG.
  std::optional<KallsymsIndex> symbols{};
  std::string kallsyms_path = "/proc/kallsyms";
  /// In debugfs; root only.
  std::string kprobe_blacklist_path = "/sys/kernel/debug/kprobes/blacklist";
  /// `vmlinux` and a file for each module.
  std::string btf_directory = "/sys/kernel/btf";
  /// For RELEASE/modules.dep and RELEASE/modules.builtin.
  std::string modules_root = "/lib/modules";
  /// For the kernel's configuration, config-RELEASE: CONFIG_KPROBE_EVENTS_ON_NOTRACE.
  std::string boot_directory = "/boot";
  /// RELEASE, the kernel's.
  std::string release_path = "/proc/sys/kernel/osrelease";
  /// In securityfs; absent where no lockdown is.
  std::string lockdown_path = "/sys/kernel/security/lockdown";
  /// Debugging information, if there is any: without it, nobody knows what was inlined.
  std::shared_ptr<const InlineSites> inline_sites{};
};

/// Whether a function can be traced, by each mechanism.
struct FunctionTraceability {
  std::string function;                  ///< as asked, without the module
  std::string module;                    ///< as asked; else that of its only symbol; empty for the kernel itself
  std::array<TraceVerdict, 4> verdicts;  ///< by TraceMechanism
  std::vector<FunctionTraceability>
      parts;  ///< what the compiler made of it: `foo.isra.0`, `foo.cold`, ...; they have none

  /// The verdict on this mechanism, valid as long as this object.
  [[nodiscard]] const TraceVerdict& operator[](TraceMechanism mechanism) const noexcept {
    return verdicts[static_cast<std::size_t>(mechanism)];
  }
  /// Some mechanism can trace it, or a part of it.
  [[nodiscard]] bool traceable() const noexcept;
};

/// A file that could not be read, and why.
struct TraceabilityGap {
  std::string path;       ///< the file; `tracefs` where none is mounted
  std::error_code error;  ///< an errno value, as Error::code
  std::string hint{};     ///< what to do about it, as Error::hint; empty where nothing is known
};

/// Can ftrace, kprobes or BPF see this function, and if not, why?
///
///     const auto traceability = fathom::Traceability::load();
///     const auto answer = traceability.of("do_int3");
///     const TraceVerdict& kprobe = answer[TraceMechanism::kprobe];
///     if (kprobe.answer == TraceAnswer::no)
///       std::cout << "do_int3 " << kprobe.reasons.front().sentence() << '\n';   // is on the blacklist of kprobes, ...
///
/// Put together from what the kernel shows: the functions that ftrace has a place in (`available_filter_functions`),
/// /proc/kallsyms, the blacklist of kprobes in debugfs, BTF, the lists of modules; and, if there is one, a source of
/// inlined calls. load() reads them once and tells the gaps; then it is immutable, a copy shares it, and of() may be
/// called from several threads. A loaded module, or a BPF program, makes it old: load again. of() takes some
/// microseconds; if there is no such symbol, tens of milliseconds for the nearest names.
///
/// Names are answered as the kernel takes them: a kprobe at a name that several functions share is refused (Linux 6.7,
/// and stable kernels since then), though each can be had by its address; a filter of ftrace takes all of them; fentry
/// takes the first of them in kallsyms, wanted or not. Where ftrace has no place, fentry is "no", though a kernel may
/// take the program by accident: where the code begins with a no-operation of the right length, which is there to be
/// patched by others. A kprobe that is "yes" may be refused (EINVAL) where the code begins with what the kernel patches
/// or looks up itself, a jump label, a static call or a BUG(), which no file tells (check_kprobe_address_safe() in
/// kernel/kprobes.c): two of 351 functions on 6.1-rt.
///
/// Rights: tracefs, debugfs and addresses in /proc/kallsyms are root's. Throws nothing for what cannot be read.
class Traceability {
 public:
  /// Reads the files now; only `inline_sites` is asked later, by of(). What cannot be read is no error: see gaps().
  [[nodiscard]] static Traceability load(const TraceabilityOptions& options = {});

  /// The function's name as kallsyms has it; `[module]` may follow, as in `ext4_file_open [ext4]`, or precede as in
  /// `ext4:ext4_file_open`. Without one, the kernel's and all modules' are looked at.
  [[nodiscard]] FunctionTraceability of(std::string_view function) const;

  /// What could not be read. Files that a kernel need not have (of its lockdown, its configuration) are not named.
  [[nodiscard]] const std::vector<TraceabilityGap>& gaps() const noexcept;

 private:
  struct Sources;
  class Inquiry;
  explicit Traceability(std::shared_ptr<const Sources> sources) : sources_(std::move(sources)) {}

  std::shared_ptr<const Sources> sources_;
};

}  // namespace fathom
