#pragma once

#include <fathom/bpf/bpf_types.hpp>

#include <string_view>

namespace fathom::bpf {

/// The header that has the class for maps of this type, without folder and ".hpp"; empty for a type that has none.
[[nodiscard]] std::string_view map_header(BpfMapType type) noexcept;

}  // namespace fathom::bpf
