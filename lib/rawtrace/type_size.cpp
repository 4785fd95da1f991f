#include "type_size.hpp"

#include <algorithm>
#include <array>

namespace fathom::rawtrace {

namespace {

struct SizedType {
  std::string_view name;
  std::uint32_t size;
};

// Those that elements of arrays have, in the formats of Linux 4.4 to 7.3.
constexpr std::array kTypes = {
    SizedType{"char", 1},
    SizedType{"signed char", 1},
    SizedType{"unsigned char", 1},
    SizedType{"bool", 1},
    SizedType{"u8", 1},
    SizedType{"s8", 1},
    SizedType{"__u8", 1},
    SizedType{"__s8", 1},
    SizedType{"uint8_t", 1},
    SizedType{"short", 2},
    SizedType{"unsigned short", 2},
    SizedType{"u16", 2},
    SizedType{"s16", 2},
    SizedType{"__u16", 2},
    SizedType{"__s16", 2},
    SizedType{"__be16", 2},
    SizedType{"__le16", 2},
    SizedType{"uint16_t", 2},
    SizedType{"int", 4},
    SizedType{"unsigned int", 4},
    SizedType{"unsigned", 4},
    SizedType{"u32", 4},
    SizedType{"s32", 4},
    SizedType{"__u32", 4},
    SizedType{"__s32", 4},
    SizedType{"__be32", 4},
    SizedType{"__le32", 4},
    SizedType{"uint32_t", 4},
    SizedType{"int32_t", 4},
    SizedType{"pid_t", 4},
    SizedType{"long long", 8},
    SizedType{"unsigned long long", 8},
    SizedType{"u64", 8},
    SizedType{"s64", 8},
    SizedType{"__u64", 8},
    SizedType{"__s64", 8},
    SizedType{"__be64", 8},
    SizedType{"__le64", 8},
    SizedType{"uint64_t", 8},
    SizedType{"int64_t", 8},
    SizedType{"loff_t", 8},
};
constexpr std::array<std::string_view, 5> kLongs = {"long", "unsigned long", "size_t", "ssize_t", "cpumask_t"};

}  // namespace

std::uint32_t type_size(std::string_view type, std::uint32_t long_size) noexcept {
  constexpr std::string_view kConst = "const ";
  if (type.ends_with('*') || std::ranges::find(kLongs, type) != kLongs.end())
    return long_size;
  if (type.starts_with(kConst))
    type.remove_prefix(kConst.size());
  const auto* const found = std::ranges::find(kTypes, type, &SizedType::name);
  return found == kTypes.end() ? 0 : found->size;
}

}  // namespace fathom::rawtrace
