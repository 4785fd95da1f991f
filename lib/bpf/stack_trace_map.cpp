#include "object_file.hpp"

#include <fathom/bpf/stack_trace_map.hpp>

#include <linux/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fathom {

StackTraceMap::StackTraceMap(const BpfMap& map)
    : TypedMap(map, BpfMapType::stack_trace, detail::cpp_record<std::uint32_t>(),
               {"an array of addresses", map.value_size(), {}}) {
  if ((map.flags() & BPF_F_STACK_BUILD_ID) != 0)
    throw bpf::bad_object(EINVAL, "use the map", map.object_name(), map.name(),
                          "its stacks are of build ids and offsets (BPF_F_STACK_BUILD_ID), not of addresses");
}

StackTraceMap StackTraceMap::create(const MapOptions& options, std::uint32_t max_depth) {
  return StackTraceMap(
      detail::create_typed(options, BpfMapType::stack_trace, sizeof(std::uint32_t), max_depth * sizeof(std::uint64_t)));
}

StackTraceMap StackTraceMap::open_pinned(const std::string& path) {
  return StackTraceMap(BpfMap::open_pinned(path));
}

std::optional<std::size_t> StackTraceMap::find(std::uint32_t id, std::span<std::uint64_t> into) const {
  if (into.size() < max_depth())
    fail("look up a stack in", EINVAL,
         "there is room for " + std::to_string(into.size()) + " frames of " + std::to_string(max_depth()));
  if (!done("look up a stack in", detail::map_lookup(fd(), &id, into.data(), 0), ENOENT))
    return std::nullopt;
  // The kernel fills the rest with zeros.
  const auto frames = into.first(max_depth());
  return static_cast<std::size_t>(std::ranges::find(frames, 0U) - frames.begin());
}

std::optional<std::vector<std::uint64_t>> StackTraceMap::find(std::uint32_t id) const {
  std::vector<std::uint64_t> frames(max_depth());
  const auto count = find(id, frames);
  if (!count)
    return std::nullopt;
  frames.resize(*count);
  return frames;
}

bool StackTraceMap::erase(std::uint32_t id) const {
  return done("erase from", detail::map_erase(fd(), &id), ENOENT);
}

std::vector<std::uint32_t> StackTraceMap::ids() const {
  std::vector<std::uint32_t> found;
  std::uint32_t id = 0;
  // Numbers only grow on the way: the kernel looks for the next bucket in use behind the one it is given.
  const void* from = nullptr;
  while (done("go through", detail::map_next_key(fd(), from, &id), ENOENT)) {
    found.push_back(id);
    from = &id;
  }
  return found;
}

}  // namespace fathom
