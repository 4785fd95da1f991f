#include <fathom/bpf/record_layout.hpp>

#include <optional>
#include <string>
#include <vector>

namespace fathom {

namespace {

std::size_t bytes_of(const BtfMember& member) {
  if (member.bitfield_bits == 0)
    return member.type.size().value_or(0);
  return (member.bit_offset % 8 + member.bitfield_bits + 7) / 8;
}

std::vector<RecordMember> members_of(const BtfType& body, std::size_t base) {
  std::vector<RecordMember> members;
  for (const BtfMember& member : body.members()) {
    const std::size_t offset = base + member.byte_offset();
    RecordMember& added = members.emplace_back(
        RecordMember{std::string(member.name), member.type.to_c(), offset, bytes_of(member), member.bitfield_bits});
    if (member.name.empty() && member.type.resolved().is_composite())
      added.members = members_of(member.type.resolved(), offset);
  }
  return members;
}

std::string members_text(const std::vector<RecordMember>& members, const std::string& indent) {
  std::string text;
  for (const RecordMember& member : members) {
    text += indent + member.type + (member.name.empty() ? "" : " ") + member.name;
    if (member.bits != 0)
      text += " : " + std::to_string(member.bits);
    text += ";  // at " + std::to_string(member.offset) + ", " + std::to_string(member.size) + " bytes\n";
    text += members_text(member.members, indent + "  ");
  }
  return text;
}

}  // namespace

std::optional<RecordLayout> record_layout(const BtfType& type) {
  const std::optional<std::uint64_t> size = type.size();
  if (!size)
    return std::nullopt;
  return RecordLayout{type.unqualified().to_c(), *size, members_of(type.resolved(), 0)};
}

std::string to_string(const RecordLayout& layout) {
  return layout.name + " {  // " + std::to_string(layout.size) + " bytes\n" + members_text(layout.members, "  ") + '}';
}

}  // namespace fathom
