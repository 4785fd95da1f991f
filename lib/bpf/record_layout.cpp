#include <fathom/bpf/record_layout.hpp>

#include <optional>
#include <string>

namespace fathom {

namespace {

std::size_t bytes_of(const BtfMember& member) {
  if (member.bitfield_bits == 0)
    return member.type.size().value_or(0);
  return (member.bit_offset % 8 + member.bitfield_bits + 7) / 8;
}

}  // namespace

std::optional<RecordLayout> record_layout(const BtfType& type) {
  const std::optional<std::uint64_t> size = type.size();
  if (!size)
    return std::nullopt;
  RecordLayout layout{type.unqualified().to_c(), *size, {}};
  const BtfType body = type.resolved();
  if (!body.is_composite())
    return layout;
  for (const BtfMember& member : body.members()) {
    layout.members.push_back(
        {std::string(member.name), member.type.to_c(), member.byte_offset(), bytes_of(member), member.bitfield_bits});
  }
  return layout;
}

std::string to_string(const RecordLayout& layout) {
  std::string text = layout.name + " {  // " + std::to_string(layout.size) + " bytes\n";
  for (const RecordMember& member : layout.members) {
    text += "  " + member.type + ' ' + member.name;
    if (member.bits != 0)
      text += " : " + std::to_string(member.bits);
    text += ";  // at " + std::to_string(member.offset) + ", " + std::to_string(member.size) + " bytes\n";
  }
  return text + '}';
}

}  // namespace fathom
