#pragma once

#include <fathom/bpf/record_check.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <ranges>
#include <vector>

namespace fathom {

namespace detail {
template <class V>
struct MapValueTraits;
}  // namespace detail

/// The values of one key of a per-CPU map: one for each possible CPU, in the order of their numbers.
///
///     if (auto hits = counts.find(key))                    // PerCpuHashMap<std::uint32_t, std::uint64_t>
///       std::cout << hits->sum() << " in all, " << (*hits)[0] << " on the first CPU\n";
///
/// Possible CPUs (/sys/devices/system/cpu/possible) are those that may ever be online: what the kernel has values for.
/// A plain value with memory of its own; reuse one to look up without allocating. CPUs go on counting while their
/// values are copied one after another, so a sum is of slightly different moments.
template <BpfRecord V>
class PerCpu {
 public:
  /// Values of zero bytes. Maps take only as many as the kernel has possible CPUs: their make_value() knows how many.
  explicit PerCpu(std::size_t cpus) : slots_(cpus) {}

  /// How many CPUs there are.
  [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }
  /// The value of the CPU of this place among the possible ones: its number, unless numbers are left out.
  [[nodiscard]] V& operator[](std::size_t cpu) noexcept { return slots_[cpu].value; }
  [[nodiscard]] const V& operator[](std::size_t cpu) const noexcept { return slots_[cpu].value; }
  /// All values, in order.
  [[nodiscard]] auto values() const { return slots_ | std::views::transform(&Slot::value); }
  /// All values together.
  [[nodiscard]] V sum() const
    requires requires(V a) { a + a; }
  {
    return std::transform_reduce(slots_.begin(), slots_.end(), V{}, std::plus<V>(), &PerCpu::value_of);
  }

  /// Whether both have as many values, and equal ones.
  friend bool operator==(const PerCpu& a, const PerCpu& b)
    requires std::equality_comparable<V>
  {
    return std::ranges::equal(a.slots_, b.slots_, {}, &Slot::value, &Slot::value);
  }

 private:
  friend detail::MapValueTraits<PerCpu<V>>;
  // The kernel rounds each value up to 8 bytes.
  struct alignas(8) Slot {
    V value{};
  };
  static const V& value_of(const Slot& slot) noexcept { return slot.value; }

  std::vector<Slot> slots_;
};

// Not for callers: how the typed maps copy a value from and to the kernel.
/// \cond
namespace detail {

/// A map's value as memory.
template <class V>
struct MapValueTraits {
  using Record = V;
  static V make() { return V{}; }
  static void* data(V& value) noexcept { return &value; }
  static const void* data(const V& value) noexcept { return &value; }
  static constexpr std::size_t stride() noexcept { return sizeof(V); }
};

template <class V>
struct MapValueTraits<PerCpu<V>> {
  using Record = V;
  static void* data(PerCpu<V>& value) noexcept { return value.slots_.data(); }
  static const void* data(const PerCpu<V>& value) noexcept { return value.slots_.data(); }
  static constexpr std::size_t stride() noexcept { return sizeof(typename PerCpu<V>::Slot); }
};

template <class V>
inline constexpr bool kIsPerCpu = false;
template <class V>
inline constexpr bool kIsPerCpu<PerCpu<V>> = true;

}  // namespace detail
/// \endcond

/// What a map's value can be: a record, or one for each CPU.
template <class V>
concept BpfValue = BpfRecord<V> || detail::kIsPerCpu<V>;

}  // namespace fathom
