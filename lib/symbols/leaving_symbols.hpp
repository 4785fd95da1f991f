#pragma once

#include <fathom/symbols/kallsyms_index.hpp>
#include <fathom/symbols/symbol_changes.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace fathom::symbols {

/// Remembers what the kernel announced to go, until a snapshot is without it.
///
/// The kernel tells of an end before it takes the symbols out of /proc/kallsyms (Linux 6.12: free_module,
/// bpf_prog_put_deferred, ftrace_trampoline_free), so whoever reads at once may still find them.
class LeavingSymbols {
 public:
  /// Takes in what happened, in its order. After a loss nothing is known about what went before: it may be back.
  void note(const SymbolChangeSummary& changes);
  /// Whether `index` still has some of it. Each is asked for five times at most: something that stays that long was not
  /// about to go.
  [[nodiscard]] bool still_in(const KallsymsIndex& index);

 private:
  using Looks = unsigned;

  std::map<std::pair<std::uint64_t, std::string>, Looks> ksymbols_;  // by address and name
  std::map<std::string, Looks> modules_;
};

}  // namespace fathom::symbols
