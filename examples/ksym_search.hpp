#pragma once

#include "ksym_options.hpp"

#include <fathom/symbols/kallsyms_index.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ksym {

/// A symbol that an argument names.
struct Match {
  fathom::Symbol symbol;
  std::optional<std::uint64_t> offset;  // of the address that was asked for
};

/// What came of an argument.
struct Answer {
  std::string query;
  std::vector<Match> matches;        // in order of address
  std::vector<std::string> nearest;  // names, if nothing was found
};

/// The symbols of the file. A copy may hide its addresses, the running kernel may not. Throws fathom::Error.
fathom::KallsymsIndex load(const Options& options);

Answer answer(const fathom::KallsymsIndex& symbols, const Options& options, const std::string& query);

}  // namespace ksym
