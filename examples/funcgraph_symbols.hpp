#pragma once

#include <fathom/graph/function_stats.hpp>
#include <fathom/symbols/kallsyms_index.hpp>

#include <string>
#include <utility>
#include <vector>

namespace funcgraph {

/// What /proc/kallsyms knows of the functions of a trace.
class Symbols {
 public:
  /// Knows nothing.
  Symbols() = default;
  /// Knows these.
  explicit Symbols(fathom::KallsymsIndex index) : index_(std::move(index)) {}
  /// Of a copy of /proc/kallsyms. Throws fathom::Error.
  [[nodiscard]] static Symbols of_file(const std::string& path);
  /// Of /proc/kallsyms. Where it cannot be read, a message says so, unless `quiet`, and nothing is known.
  [[nodiscard]] static Symbols of_this_kernel(bool quiet);

  /// The symbols that a function of a trace may be: by name and module, or by address where the kernel printed one.
  [[nodiscard]] std::vector<fathom::Symbol> find(const fathom::FunctionStat& function) const;
  /// Letter and origin, "T kernel"; how many there are of that name, if several; where an address points to, if the
  /// name is one. Empty where nothing is known.
  [[nodiscard]] std::string remark(const fathom::FunctionStat& function) const;

 private:
  fathom::KallsymsIndex index_;
};

}  // namespace funcgraph
