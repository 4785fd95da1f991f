#pragma once

#include <fathom/bpf/bpf_error.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace fathom::bpf {

/// The bytes of a regular file of at most 256 MiB. Throws BpfError with the path.
[[nodiscard]] std::vector<std::byte> read_object_file(const std::string& path);

/// Throws BpfError (bad_object), saying what it is instead, unless the bytes begin as an ELF object for BPF of this
/// machine's byte order. `origin` is the path, or the name of what is in memory.
void check_object_file(std::span<const std::byte> bytes, const std::string& origin);

/// The error of an object that is no good.
[[nodiscard]] BpfError bad_object(int errno_value, std::string_view operation, std::string_view object,
                                  std::string_view name, std::string hint, std::string messages = {});

/// "nearest: a, b" of those of `names` that are like `name`; empty if none is.
[[nodiscard]] std::string nearest_hint(std::string_view name, std::span<const std::string> names);

}  // namespace fathom::bpf
