#pragma once

#include <optional>
#include <string>

namespace fathom::symbols {

/// Whether the kernel sends its uevents into a network namespace: it does if that belongs to the initial user
/// namespace. Absent where the kernel does not tell, because the file cannot be read.
[[nodiscard]] std::optional<bool> gets_uevents(const std::string& net_namespace);

}  // namespace fathom::symbols
