#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace fathom {

/// The ways to trace a kernel function by its name.
enum class TraceMechanism : std::uint8_t {
  ftrace,        ///< the tracers function and function_graph, by a filter
  kprobe,        ///< kprobe events and perf's kprobes, at the function's first instruction
  kprobe_multi,  ///< fprobe: BPF's kprobe.multi, and fprobe events (Linux 5.18)
  fentry,        ///< BPF's fentry and fexit: trampolines that know the types of the arguments
};
/// All of them, in the order of the enumerators.
inline constexpr std::array kTraceMechanisms = {TraceMechanism::ftrace, TraceMechanism::kprobe,
                                                TraceMechanism::kprobe_multi, TraceMechanism::fentry};

/// The mechanism's identifier, as it stands in JSON: `kprobe_multi`.
[[nodiscard]] std::string_view to_string(TraceMechanism mechanism) noexcept;

/// Whether it would work.
enum class TraceAnswer : std::uint8_t {
  no,
  yes,
  unknown,  ///< a file that decides could not be read; it is not a "no"
};

/// The answer's identifier: `unknown`.
[[nodiscard]] std::string_view to_string(TraceAnswer answer) noexcept;

/// Why, or what to know about it. Beside each: which fields of a TraceReason say more.
enum class TraceReasonKind : std::uint8_t {
  // The function
  no_symbol,            ///< no symbol of this name: misspelt, inlined, or not in this build. names: the nearest
  not_a_function,       ///< the symbol is data
  no_ftrace_site,       ///< the function has code but no place for ftrace: notrace, noinstr, or assembler
  no_site_unknown_why,  ///< no place for ftrace, and no symbols to tell why: inlined, notrace or discarded
  inlined_everywhere,   ///< its code is only inside its callers. names: some of them; count: calls; path: who says so
  inlined_somewhere,    ///< these calls are missed, others are seen. Fields as above
  only_parts,           ///< the compiler kept only changed copies of it. names: `foo.isra.0`
  other_name,           ///< ftrace knows the function, by an alias. names: that
  init_gone,            ///< it was needed for starting only, and its memory is freed
  ambiguous,            ///< several functions have this name. count: how many
  // The module
  module_not_loaded,  ///< names: the module
  module_built_in,    ///< is part of the kernel itself: ask without the module. names: the module
  no_such_module,     ///< neither loaded, nor in /lib/modules. names: the module
  // The mechanism
  on_kprobe_blacklist,  ///< kprobes themselves rely on it
  denied_to_bpf,        ///< BPF trampolines themselves rely on it
  no_btf_function,      ///< BTF does not describe it
  variadic,             ///< takes `...`, which no trampoline can pass on
  too_many_arguments,   ///< count: registers that its arguments need, or arguments
  unfit_argument,       ///< takes something by value that no trampoline can pass on. names: it, as C
  unfit_return,         ///< returns a struct by value, or the like. names: it, as C
  not_in_kernel,        ///< this kernel was built without the mechanism. names: what would bring it
  locked_down,          ///< the kernel refuses it to everyone. names: the lockdown's reason
  unreadable,           ///< path, error, hint: a file that decides
};

/// The kind's identifier, as it stands in JSON: `no_ftrace_site`.
[[nodiscard]] std::string_view to_string(TraceReasonKind kind) noexcept;

/// One reason, as data and as a sentence.
struct TraceReason {
  TraceReasonKind kind{};            ///< what it is; says which of the others are set
  std::vector<std::string> names{};  ///< functions, modules or what else the kind says; empty where it says nothing
  std::size_t count = 0;             ///< of what the kind says; 0 where it says nothing
  std::string path{};                ///< the file that says so, or that could not be read; empty for other kinds
  std::error_code error{};           ///< why it could not be read, as Error::code; zero for other kinds
  std::string hint{};                ///< beside `error`: as Error::hint

  /// "is on the blacklist of kprobes, which rely on it": a phrase to set behind a function's name.
  [[nodiscard]] std::string sentence() const;
  /// What to do instead, as a phrase; empty where there is nothing to say.
  [[nodiscard]] std::string remedy() const;

  friend bool operator==(const TraceReason&, const TraceReason&) = default;
};

/// What one mechanism can do with one function. A `no` has a reason, an `unknown` names the file; a `yes` may have
/// something to know, such as calls that it misses.
struct TraceVerdict {
  TraceAnswer answer = TraceAnswer::unknown;  ///< one reason for "no" decides, else one for "unknown"
  std::vector<TraceReason> reasons{};  ///< those for `answer` alone, as they were found; may be empty for a "yes"

  /// Whether a reason of this kind is among `reasons`.
  [[nodiscard]] bool has(TraceReasonKind kind) const noexcept;
  friend bool operator==(const TraceVerdict&, const TraceVerdict&) = default;
};

}  // namespace fathom
