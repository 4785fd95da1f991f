#include <fathom/bpf/detail/fd_map.hpp>

#include <cerrno>
#include <cstdint>
#include <optional>

namespace fathom::detail {

void FdMap::set_fd(const void* key, int to, std::uint64_t mode) const {
  const auto narrow = static_cast<std::uint32_t>(to);
  const std::uint64_t wide = narrow;
  const void* const value = map().value_size() == sizeof(wide) ? static_cast<const void*>(&wide) : &narrow;
  static_cast<void>(done("set an entry of", map_update(fd(), key, value, mode), 0));
}

std::optional<std::uint64_t> FdMap::find_number(const void* key) const {
  std::uint32_t narrow = 0;
  std::uint64_t wide = 0;
  const bool is_wide = map().value_size() == sizeof(wide);
  void* const value = is_wide ? static_cast<void*>(&wide) : &narrow;
  if (!done("look up an entry of", map_lookup(fd(), key, value, 0), ENOENT))
    return std::nullopt;
  return is_wide ? wide : narrow;
}

}  // namespace fathom::detail
