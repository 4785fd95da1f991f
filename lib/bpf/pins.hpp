#pragma once

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_error.hpp>

#include <string>
#include <string_view>

namespace fathom::bpf {

/// BPF_OBJ_PIN. Throws BpfError for `name` of `object`, with a hint where `path` is in no bpf file system.
void pin(int fd, const std::string& path, std::string_view object, std::string_view name);
/// Removes the file. Throws BpfError.
void unpin(const std::string& path, std::string_view object, std::string_view name);

/// What a pin can hold.
enum class PinKind { program, map, link };

/// Why BPF_OBJ_GET failed, with bad_object for what is in no bpf file system.
[[nodiscard]] BpfError open_pin_error(int errno_value, const std::string& path);

/// BPF_OBJ_GET. Throws BpfError; bad_object where something of another kind is pinned there, or what is there is in no
/// bpf file system. Where `descriptors`, which says what it is, can't be read, the kind is not checked.
[[nodiscard]] UniqueFd open_pinned(const std::string& path, PinKind wanted,
                                   const std::string& descriptors = "/proc/self/fd");

}  // namespace fathom::bpf
