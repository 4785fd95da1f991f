#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// What a compiler made of one function's name.
struct InlineSummary {
  std::size_t out_of_line_copies = 0;  ///< copies with code of their own; more than one for statics of the same name
  std::size_t inlined_call_sites = 0;  ///< calls that became the function's code in place
  /// Some of the functions that these calls stood in, each once, as the source names them; the source says how many
  /// it keeps at most.
  std::vector<std::string> callers;

  /// Its code exists only inside other functions: nothing to put a tracer on.
  [[nodiscard]] bool inlined_everywhere() const noexcept { return out_of_line_copies == 0 && inlined_call_sites != 0; }
  /// A tracer on the function misses these calls.
  [[nodiscard]] bool inlined_somewhere() const noexcept { return out_of_line_copies != 0 && inlined_call_sites != 0; }

  friend bool operator==(const InlineSummary&, const InlineSummary&) = default;
};

/// Where the compiler inlined a function: known from debugging information (DWARF) only, neither from kallsyms nor BTF.
///
///     const auto summary = sites.find("vfs_getattr_nosec");
///     if (summary && summary->inlined_somewhere())
///       std::cout << "misses the calls in " << summary->callers.front() << '\n';
///
/// A small interface, so that who asks (Traceability) needs no DWARF reader. Implementations answer const calls from
/// several threads at once.
class InlineSites {
 public:
  InlineSites() = default;
  virtual ~InlineSites() = default;
  InlineSites(const InlineSites&) = delete;
  InlineSites& operator=(const InlineSites&) = delete;

  /// What became of the functions of this name, without a compiler's suffix (`foo`, not `foo.isra.0`), all of them
  /// added up. Empty if the source describes no such function: it says nothing then.
  [[nodiscard]] virtual std::optional<InlineSummary> find(std::string_view function) const = 0;
  /// Where this is from, for messages: `/usr/lib/debug/boot/vmlinux-6.1.0-56-amd64`.
  [[nodiscard]] virtual const std::string& source() const noexcept = 0;
};

}  // namespace fathom
