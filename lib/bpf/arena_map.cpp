#include "mapped_pages.hpp"

#include <fathom/bpf/arena_map.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace fathom {

ArenaMap::ArenaMap(BpfMap map) : TypedMap(std::move(map), BpfMapType::arena, detail::no_record(), detail::no_record()) {
  // The address that the map was made for (map_extra); it takes no other.
  void* const at = reinterpret_cast<void*>(this->map().info().extra);  // NOLINT(*-int-to-ptr)
  auto pages =
      std::make_shared<const bpf::MappedPages>(this->map(), 0, std::size_t{max_entries()} * bpf::page_size(), true, at);
  memory_ = {pages->data(), pages->size()};
  mapping_ = std::move(pages);
}

ArenaMap ArenaMap::create(const MapOptions& options) {
  return ArenaMap(detail::create_typed(options, BpfMapType::arena, 0, 0));
}

ArenaMap ArenaMap::open_pinned(const std::string& path) {
  return ArenaMap(BpfMap::open_pinned(path));
}

}  // namespace fathom
