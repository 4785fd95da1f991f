#pragma once

#include <fathom/bpf/bpf_map.hpp>

#include <cstddef>

namespace fathom::bpf {

/// A part of a map's memory, shared with the kernel.
class MappedPages {
 public:
  /// `at`: the address that it must have, null for any. Throws BpfError.
  MappedPages(const BpfMap& map, std::size_t offset, std::size_t size, bool write, void* at = nullptr);
  ~MappedPages();
  MappedPages(const MappedPages&) = delete;
  MappedPages& operator=(const MappedPages&) = delete;

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_;
};

[[nodiscard]] std::size_t page_size() noexcept;

}  // namespace fathom::bpf
