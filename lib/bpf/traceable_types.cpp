#include "traceable_types.hpp"

#include <cstddef>
#include <cstdint>

namespace fathom::bpf {

namespace {

constexpr std::size_t kMostArguments = 12;  // MAX_BPF_FUNC_ARGS
constexpr std::uint64_t kMostBytes = 16;

bool is_struct(const BtfType& type) {
  return type.resolved().is_composite();
}

}  // namespace

bool fits_trampoline(const BtfType& function) {
  const BtfType result = function.return_type();
  if (function.is_variadic() || function.parameters().size() > kMostArguments || is_struct(result) ||
      (!result.resolved().is_void() && !result.size()))
    return false;
  for (const BtfParameter parameter : function.parameters()) {
    const std::uint64_t bytes = parameter.type.size().value_or(0);
    if (bytes == 0 || bytes > kMostBytes)
      return false;
  }
  return true;
}

std::optional<std::uint32_t> traceable_id(const Btf& btf, std::string_view name) {
  const auto function = btf.find(BtfKind::func, name);
  if (!function || !fits_trampoline(*function))
    return std::nullopt;
  return function->id();
}

}  // namespace fathom::bpf
