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

// A damaged or hostile description may have structs in structs without end, each twice in the next.
constexpr std::size_t kMostMembers = 4096;

BtfType element_of(BtfType type) {
  while (type.kind() == BtfKind::array)
    type = type.target().resolved();
  return type;
}

std::vector<RecordMember> members_of(const BtfType& body, std::size_t base, std::size_t& room) {
  std::vector<RecordMember> members;
  const auto own = body.members();
  if (own.size() > room)
    return members;
  room -= own.size();
  for (const BtfMember& member : own) {
    const std::size_t offset = base + member.byte_offset();
    RecordMember& added = members.emplace_back(
        RecordMember{std::string(member.name), member.type.to_c(), offset, bytes_of(member), member.bitfield_bits});
    const BtfType element = element_of(member.type.resolved());
    if (element.is_composite())
      added.members = members_of(element, offset, room);
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
  const BtfType body = type.resolved();
  std::size_t room = kMostMembers + body.members().size();
  return RecordLayout{type.unqualified().to_c(), *size, members_of(body, 0, room)};
}

std::string to_string(const RecordLayout& layout) {
  return layout.name + " {  // " + std::to_string(layout.size) + " bytes\n" + members_text(layout.members, "  ") + '}';
}

}  // namespace fathom
