#include "cpp_records.hpp"

#include "cpp_names.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::bpf {

namespace {

// The typedef's name of a struct that has none of its own.
std::string_view record_name(const BtfType& type) {
  std::string_view name;
  for (BtfType at = type; !at.is_void(); at = at.target()) {
    if (at.kind() == BtfKind::typedef_)
      name = at.name();
    else if (!at.is_modifier())
      return at.name().empty() ? name : at.name();
  }
  return name;
}

std::optional<std::string> integer(std::uint64_t size, bool is_signed) {
  if (size != 1 && size != 2 && size != 4 && size != 8)
    return std::nullopt;
  return std::string(is_signed ? "std::int" : "std::uint") + std::to_string(size * 8) + "_t";
}

std::optional<std::string> scalar(const BtfType& type) {
  const std::uint64_t size = type.size().value_or(0);
  switch (type.kind()) {
    case BtfKind::ptr:
      return "std::uint64_t";
    case BtfKind::enum_:
    case BtfKind::enum64:
      return integer(size, type.is_signed());
    case BtfKind::float_:
      return size == 4 ? std::optional<std::string>("float")
                       : (size == 8 ? std::optional<std::string>("double") : std::nullopt);
    case BtfKind::int_:
      if (type.is_bool())
        return "bool";
      return type.name() == "char" ? std::optional<std::string>("char") : integer(size, type.is_signed());
    default:
      return std::nullopt;
  }
}

std::uint64_t round_up(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

std::string padding(std::uint64_t bytes, unsigned number) {
  return bytes == 0 ? std::string()
                    : "  std::byte padding_" + std::to_string(number) + '[' + std::to_string(bytes) + "];\n";
}

}  // namespace

std::optional<std::string> CppRecords::type_name(const BtfType& type) {
  const auto declared = declare(type);
  if (!declared)
    return std::nullopt;
  // "[2][16]" of char: an array of two arrays of 16.
  std::string name = declared->type;
  for (std::string_view extents = declared->extents; !extents.empty();) {
    const std::size_t open = extents.rfind('[');
    name.insert(0, "std::array<").append(", ").append(extents.substr(open + 1, extents.size() - open - 2)).append(">");
    extents = extents.substr(0, open);
  }
  return name;
}

std::optional<CppRecords::Declared> CppRecords::declare(const BtfType& type) {
  const BtfType body = type.resolved();
  if (body.kind() == BtfKind::array) {
    auto element = declare(body.target());
    if (!element || body.array_length() == 0)
      return std::nullopt;
    element->extents.insert(0, '[' + std::to_string(body.array_length()) + ']');
    return element;
  }
  if (body.is_composite()) {
    if (!body.size() || *body.size() == 0)
      return std::nullopt;
    const Record& known = record(body, record_name(type));
    return Declared{(body.kind() == BtfKind::union_ ? "union " : "struct ") + known.name, {}, known.alignment};
  }
  const auto name = scalar(body);
  if (!name)
    return std::nullopt;
  return Declared{*name, {}, body.size().value_or(1)};
}

const CppRecords::Record& CppRecords::record(const BtfType& body, std::string_view name) {
  if (const auto known = records_.find(body.id()); known != records_.end())
    return known->second;
  const std::string own = name.empty() ? "anonymous_" + std::to_string(body.id()) : safe_name(name);
  std::uint64_t alignment = 1;
  const std::string text = define(body, own, alignment);  // first, since it defines what it holds
  definitions_ += text;
  return records_.emplace(body.id(), Record{own, alignment}).first->second;
}

std::string CppRecords::define(const BtfType& body, const std::string& name, std::uint64_t& alignment) {
  struct Member {
    std::string original;
    std::string name;
    Declared declared;
    std::uint64_t offset;
    std::uint64_t size;
  };
  const bool is_union = body.kind() == BtfKind::union_;
  const std::uint64_t size = *body.size();
  std::vector<Member> members;
  bool expressible = true;
  bool natural = true;
  std::uint64_t end = 0;
  alignment = 1;
  for (const BtfMember& member : body.members()) {
    const std::uint64_t bytes = member.type.size().value_or(0);
    if (bytes == 0)
      continue;  // a flexible array: what stands there is not a part of the struct
    auto declared = declare(member.type);
    if (!declared || member.bitfield_bits != 0 || (!is_union && member.byte_offset() < end)) {
      expressible = false;
      break;
    }
    natural = natural && (is_union || round_up(end, declared->alignment) == member.byte_offset());
    alignment = std::max(alignment, declared->alignment);
    end = is_union ? std::max(end, bytes) : member.byte_offset() + bytes;
    const std::string own =
        member.name.empty() ? "anonymous_" + std::to_string(members.size()) : safe_name(member.name);
    members.push_back({std::string(member.name), own, *declared, member.byte_offset(), bytes});
  }
  natural = natural && round_up(end, alignment) == size;

  const std::string key = is_union ? "union " : "struct ";
  if (!expressible) {
    // Bit fields and the like: the bytes, so that what holds it has its place.
    alignment = 1;
    return "/// Has bit fields or types that C++ cannot spell: its bytes.\n" + key + name + " {\n  std::byte bytes[" +
           std::to_string(size) + "];\n};\n\n";
  }
  std::string text;
  if (!natural) {
    alignment = 1;
    text += "#pragma pack(push, 1)\n";
  }
  text += key + name + " {\n";
  end = 0;
  unsigned paddings = 0;
  for (const Member& member : members) {
    if (!natural && !is_union)
      text += padding(member.offset - end, paddings++);
    text += "  " + member.declared.type + ' ' + member.name + member.declared.extents + ";\n";
    end = member.offset + member.size;
  }
  if (!natural)
    text += padding(is_union ? size : size - end, paddings);
  text += "};\n";
  if (!natural)
    text += "#pragma pack(pop)\n";
  const std::string spelled = key + name;
  text += "static_assert(sizeof(" + spelled + ") == " + std::to_string(size) + ");\n";
  for (const Member& member : members)
    text += "static_assert(offsetof(" + spelled + ", " + member.name + ") == " + std::to_string(member.offset) + ");\n";
  if (!members.empty()) {
    text += "constexpr auto fathom_record_fields(std::type_identity<" + spelled + ">) {\n  return std::array{\n";
    for (const Member& member : members)
      text += "      fathom::detail::record_field<decltype(std::declval<" + spelled + "&>()." + member.name + ")>(\"" +
              member.original + "\", " + std::to_string(member.offset) + "),\n";
    text += "  };\n}\n";
  }
  return text + '\n';
}

}  // namespace fathom::bpf
