#pragma once

#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/bpf_variable.hpp>
#include <fathom/bpf/record_check.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fathom::detail {

/// Compares a record of C++ with the type that the map's object calls `record` (empty: as C++ calls it). Throws
/// BpfError.
[[nodiscard]] RecordCheck check_reader_record(const BpfMap& map, std::string_view record, const CppRecord& cpp_side);
/// The program's count of records that it lost, the global `__u64 NAME_lost` behind the map NAME.
[[nodiscard]] std::optional<BpfVariable<const std::uint64_t>> find_lost_counter(const BpfMap& map);

/// How a record's bytes become what the reader gives: a T of one size.
template <class T>
struct ReaderRecord {
  static_assert(BpfRecord<T>, "a record is copied as bytes from the kernel, which aligns it to 8 bytes");
  using View = const T&;
  static constexpr bool kAnySize = false;

  [[nodiscard]] static RecordCheck check(const BpfMap& map, std::string_view record) {
    return check_reader_record(map, record, cpp_record<T>());
  }
  [[nodiscard]] static constexpr bool fits(std::size_t size) noexcept { return size == sizeof(T); }
  [[nodiscard]] static View view(std::span<const std::byte> bytes) noexcept {
    return *reinterpret_cast<const T*>(bytes.data());
  }
};

/// The bytes as they are.
template <>
struct ReaderRecord<std::span<const std::byte>> {
  using View = std::span<const std::byte>;
  static constexpr bool kAnySize = true;

  [[nodiscard]] static RecordCheck check(const BpfMap& /*map*/, std::string_view /*record*/) {
    return RecordCheck::size;
  }
  [[nodiscard]] static constexpr bool fits(std::size_t /*size*/) noexcept { return true; }
  [[nodiscard]] static View view(std::span<const std::byte> bytes) noexcept { return bytes; }
};

}  // namespace fathom::detail
