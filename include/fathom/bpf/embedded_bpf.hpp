#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace fathom {

/// A compiled BPF object that is part of this program, as `fathom_add_bpf` of the CMake package makes it.
///
///     #include <fathom-bpf/opensnoop.bpf.hpp>                     // generated: fathom_add_bpf(app opensnoop.bpf.c)
///     auto bpf = fathom::BpfObject::open(opensnoop::object).load();
///
/// Refers to bytes that live as long as the program; copy it freely.
struct EmbeddedBpf {
  /// The object's name, which the kernel shows with its `.rodata`, `.data` and `.bss` maps.
  std::string_view name;
  /// The ELF file.
  std::span<const std::byte> bytes;
};

}  // namespace fathom
