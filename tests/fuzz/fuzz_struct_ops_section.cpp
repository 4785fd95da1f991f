#include "bpf/struct_ops_section.hpp"

#include <fathom/bpf/bpf_error.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

// Whatever the bytes are: there is no copy, or one in which some '.' became 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto before = std::as_bytes(std::span(data, size));
  try {
    const std::vector<std::byte> after = fathom::bpf::without_struct_ops_links(before, "fuzz");
    if (after.empty())
      return 0;
    if (after.size() != size)
      std::abort();
    for (std::size_t i = 0; i < size; ++i)
      if (before[i] != after[i] && (before[i] != std::byte{'.'} || after[i] != std::byte{0}))
        std::abort();
  } catch (const fathom::BpfError& error) {
    if (error.cause() != fathom::BpfCause::bad_object)
      std::abort();
  }
  return 0;
}
