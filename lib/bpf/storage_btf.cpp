#include "storage_btf.hpp"

#include "btf_pointer.hpp"
#include "error_cause.hpp"

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace fathom::bpf {

StorageBtf load_storage_btf(std::uint32_t value_size) {
  const BtfPointer types(btf__new_empty());
  if (!types)
    throw failed(errno, "make types for", "a map of storage");
  const int key = btf__add_int(types.get(), "int", 4, BTF_INT_SIGNED);
  const int byte = btf__add_int(types.get(), "unsigned char", 1, 0);
  const int value = btf__add_array(types.get(), key, byte, value_size);
  __u32 size = 0;
  const void* const bytes = btf__raw_data(types.get(), &size);
  if (key < 0 || byte < 0 || value < 0 || bytes == nullptr)
    throw failed(ENOMEM, "make types for", "a map of storage");
  UniqueFd fd(::bpf_btf_load(bytes, size, nullptr));
  if (!fd)
    throw failed(errno, "load types for", "a map of storage");
  return {std::move(fd), static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(value)};
}

}  // namespace fathom::bpf
