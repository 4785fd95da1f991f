#include <fathom/btf/btf_kind.hpp>

#include <array>
#include <cstddef>

namespace fathom {

std::string_view to_string(BtfKind kind) noexcept {
  static constexpr std::array<std::string_view, 20> kNames = {
      "VOID",  "INT",      "PTR",  "ARRAY",      "STRUCT", "UNION",   "ENUM",  "FWD",      "TYPEDEF",  "VOLATILE",
      "CONST", "RESTRICT", "FUNC", "FUNC_PROTO", "VAR",    "DATASEC", "FLOAT", "DECL_TAG", "TYPE_TAG", "ENUM64"};
  const auto index = static_cast<std::size_t>(kind);
  return index < kNames.size() ? kNames[index] : "UNKNOWN";
}

}  // namespace fathom
