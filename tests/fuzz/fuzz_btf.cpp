#include <fathom/base/error.hpp>
#include <fathom/btf/btf.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>

namespace {

// Asks a type everything; the answers must fit each other.
void look_at(const fathom::Btf& btf, fathom::BtfType type) {
  if (btf.type(type.id()) != type)
    std::abort();
  bool named = type.name().empty();
  unsigned looked_at = 0;
  for (const fathom::BtfType other : btf.named(type.name())) {
    named = named || other == type;
    if (++looked_at == 64)  // made-up BTF gives thousands one name
      named = true;
    if (named)
      break;
  }
  if (!named || type.resolved().is_modifier() || type.to_c("x").size() > (std::size_t{1} << 20U))
    std::abort();
  std::uint64_t sum = type.size().value_or(0) + type.target().id() + type.int_bits() + type.array_length();
  for (const fathom::BtfMember member : type.members())
    sum += member.name.size() + member.type.id() + member.bit_offset;
  for (const fathom::BtfEnumerator value : type.enumerators()) {
    if (type.find_enumerator(value.name)->name != value.name)
      std::abort();
  }
  for (const fathom::BtfParameter parameter : type.parameters())
    sum += parameter.name.size() + parameter.type.id();
  for (const fathom::BtfVariable variable : type.variables())
    sum += variable.var.id();
  static_cast<void>(type.find_member("next"));
  static_cast<void>(sum);
}

std::optional<fathom::Btf> look_at_all(std::span<const std::byte> bytes, const fathom::Btf* base) {
  try {
    fathom::Btf btf = base != nullptr ? fathom::Btf::parse(bytes, *base) : fathom::Btf::parse(bytes);
    unsigned budget = 300;
    for (const fathom::BtfType type : btf.types()) {
      look_at(btf, type);
      if (--budget == 0)
        break;
    }
    return btf;
  } catch (const fathom::Error&) {
    return std::nullopt;
  }
}

}  // namespace

// Whatever the bytes are: they are refused, or every type can be asked everything. The same bytes are tried as a
// module's on top of themselves, too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto base = look_at_all(bytes, nullptr))
    look_at_all(bytes, &*base);
  return 0;
}
