#pragma once

#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/record_check.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// What the typed maps call: bpf(2) on keys and values as bytes. Each gives 0 or an errno.
namespace fathom::detail {

inline constexpr std::uint64_t kAny = 0;
inline constexpr std::uint64_t kNoexist = 1;
inline constexpr std::uint64_t kExist = 2;

[[nodiscard]] int map_lookup(int fd, const void* key, void* value, std::uint64_t flags) noexcept;
[[nodiscard]] int map_update(int fd, const void* key, const void* value, std::uint64_t flags) noexcept;
[[nodiscard]] int map_erase(int fd, const void* key) noexcept;
[[nodiscard]] int map_take(int fd, const void* key, void* value, std::uint64_t flags) noexcept;
/// `key` null: the first.
[[nodiscard]] int map_next_key(int fd, const void* key, void* next) noexcept;

/// A part of a map, or of what is to be done to it.
struct MapBatch {
  const void* from{};     // where the last batch ended; null: at the start
  void* to{};             // where this one ends
  const void* keys{};     // written by look-ups
  const void* values{};   // written by look-ups
  std::uint32_t count{};  // in: room or number of keys; out: how many were done
  std::uint64_t flags{};
};
[[nodiscard]] int map_lookup_batch(int fd, MapBatch& batch) noexcept;
[[nodiscard]] int map_take_batch(int fd, MapBatch& batch) noexcept;
[[nodiscard]] int map_update_batch(int fd, MapBatch& batch) noexcept;
[[nodiscard]] int map_erase_batch(int fd, MapBatch& batch) noexcept;

/// An error of this map. `done` tells how far a batch came.
[[noreturn]] void map_failed(const BpfMap& map, std::string_view operation, int errno_value, std::string done = {});

/// How many values a per-CPU map has for a key. Throws Error.
[[nodiscard]] std::uint32_t possible_cpus();

}  // namespace fathom::detail
