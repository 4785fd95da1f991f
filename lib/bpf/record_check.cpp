#include "object_file.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/record_check.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace fathom::detail {

namespace {

// A member of either side, reduced to what can be compared.
struct Place {
  std::string name;  // empty for an anonymous struct or union that C++ describes as one
  std::size_t offset{};
  std::size_t size{};

  [[nodiscard]] std::string text() const {
    return std::to_string(offset) + "  " + (name.empty() ? "(unnamed)" : name) + "[" + std::to_string(size) + "]";
  }
};

using Fields = std::span<const RecordField>;

// The field of this member in a struct that stands at `base`.
const RecordField* field_of(Fields fields, const RecordMember& member, std::size_t base) {
  const auto found = std::ranges::find_if(fields, [&](const RecordField& field) {
    return field.name == member.name && (!field.name.empty() || base + field.offset == member.offset);
  });
  return found == fields.end() ? nullptr : &*found;
}

std::string inside(const std::string& prefix, std::string_view name) {
  return prefix + (name.empty() ? "(unnamed)" : std::string(name)) + '.';
}

// What is compared of both sides, by names such as "inner.low" for a member of a member that both describe.
struct Places {
  std::vector<Place> bpf;
  std::vector<Place> cpp;

  // What C++ can name of the BPF side: what is in an anonymous struct or union is the record's own, unless C++ has a
  // member for the whole of it, as a generated record does.
  void add_bpf(const std::vector<RecordMember>& members, Fields fields, const std::string& prefix, std::size_t base) {
    for (const RecordMember& member : members) {
      if (member.bits != 0)
        continue;
      const RecordField* const field = field_of(fields, member, base);
      if (field == nullptr && member.name.empty() && !member.members.empty()) {
        add_bpf(member.members, fields, prefix, base);
        continue;
      }
      if (member.size == 0)  // a flexible array at the end is not in the record
        continue;
      bpf.push_back({member.name.empty() ? std::string() : prefix + member.name, member.offset, member.size});
      if (field == nullptr || field->field_count == 0 || member.members.empty())
        continue;
      const Fields within(field->fields, field->field_count);
      add_bpf(member.members, within, inside(prefix, member.name), member.offset);
      add_cpp(within, inside(prefix, member.name), base + field->offset);
    }
  }
  // A struct's own fields; those of the structs in it are added where the BPF side has the like.
  void add_cpp(Fields fields, const std::string& prefix, std::size_t base) {
    for (const RecordField& field : fields)
      cpp.push_back(
          {field.name.empty() ? std::string() : prefix + std::string(field.name), base + field.offset, field.size});
  }
};

const Place* find(const std::vector<Place>& places, const Place& like) {
  const auto found = std::ranges::find_if(
      places, [&](const Place& p) { return p.name == like.name && (!like.name.empty() || p.offset == like.offset); });
  return found == places.end() ? nullptr : &*found;
}

std::string title(std::string_view name, std::size_t size) {
  return std::string(name) + ", " + std::to_string(size) + " bytes";
}

// The two columns, member by member in the order of the offsets; '!' marks a line that differs.
std::string side_by_side(const RecordLayout& bpf_side, const CppRecord& cpp_side, std::vector<Place> bpf,
                         std::vector<Place> cpp) {
  const auto in_order = [](const Place& a, const Place& b) {
    return std::tie(a.offset, a.name) < std::tie(b.offset, b.name);
  };
  std::ranges::sort(bpf, in_order);
  std::ranges::sort(cpp, in_order);
  struct Row {
    std::string left;
    std::string right;
    bool same;
  };
  std::vector<Row> rows{{"BPF: " + title(bpf_side.name, bpf_side.size), "C++: " + title(cpp_side.name, cpp_side.size),
                         bpf_side.size == cpp_side.size}};
  for (std::size_t i = 0, j = 0; i < bpf.size() || j < cpp.size();) {
    const bool left = i < bpf.size() && (j == cpp.size() || bpf[i].offset <= cpp[j].offset);
    const bool right = j < cpp.size() && (i == bpf.size() || cpp[j].offset <= bpf[i].offset);
    const bool same = left && right && bpf[i].name == cpp[j].name && bpf[i].size == cpp[j].size;
    rows.push_back({left ? bpf[i].text() : "", right ? cpp[j].text() : "", same});
    i += left ? 1U : 0U;
    j += right ? 1U : 0U;
  }
  std::size_t width = 0;
  for (const Row& row : rows)
    width = std::max(width, row.left.size());
  std::string text;
  for (const Row& row : rows) {
    text += std::string("\n") + (row.same ? "    " : "  ! ") + row.left;
    if (!row.right.empty())
      text += std::string(width - row.left.size(), ' ') + "  | " + row.right;
  }
  return text;
}

}  // namespace

std::optional<std::string> record_mismatch(const RecordLayout& bpf_side, const CppRecord& cpp_side) {
  const bool by_member = depth_of_check(!bpf_side.members.empty(), !cpp_side.fields.empty()) == RecordCheck::members;
  Places places;
  places.add_cpp(cpp_side.fields, {}, 0);
  places.add_bpf(bpf_side.members, cpp_side.fields, {}, 0);
  std::vector<Place>& bpf = places.bpf;
  const std::vector<Place>& cpp = places.cpp;

  std::vector<std::string> reasons;
  if (bpf_side.size != cpp_side.size)
    reasons.push_back("it has " + std::to_string(bpf_side.size) + " bytes there and " + std::to_string(cpp_side.size) +
                      " here");
  if (by_member) {
    for (const Place& there : bpf) {
      const Place* const here = find(cpp, there);
      if (here == nullptr)
        reasons.push_back("here is no " + there.name);
      else if (here->offset != there.offset)
        reasons.push_back(there.name + " is at " + std::to_string(there.offset) + " there and at " +
                          std::to_string(here->offset) + " here");
      else if (here->size != there.size)
        reasons.push_back(there.name + " has " + std::to_string(there.size) + " bytes there and " +
                          std::to_string(here->size) + " here");
    }
    for (const Place& here : cpp) {
      if (find(bpf, here) == nullptr)
        reasons.push_back("there is no " + here.name);
    }
  }
  if (reasons.empty())
    return std::nullopt;
  std::string text;
  for (const std::string& reason : reasons)
    text += (text.empty() ? "" : ", ") + reason;
  return text + side_by_side(bpf_side, cpp_side, std::move(bpf), cpp);
}

void check_record(const std::optional<RecordLayout>& bpf_side, const CppRecord& cpp_side, std::string_view operation,
                  std::string_view object, std::string_view name) {
  if (!bpf_side)
    return;
  if (auto why = record_mismatch(*bpf_side, cpp_side))
    throw bpf::bad_object(EINVAL, std::string(operation), std::string(object), std::string(name), std::move(*why));
}

}  // namespace fathom::detail
