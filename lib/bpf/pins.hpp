#pragma once

#include <fathom/base/unique_fd.hpp>

#include <string>
#include <string_view>

namespace fathom::bpf {

/// BPF_OBJ_PIN. Throws BpfError for `name` of `object`, with a hint where `path` is in no bpf file system.
void pin(int fd, const std::string& path, std::string_view object, std::string_view name);
/// Removes the file. Throws BpfError.
void unpin(const std::string& path, std::string_view object, std::string_view name);
/// BPF_OBJ_GET. Throws BpfError.
[[nodiscard]] UniqueFd open_pinned(const std::string& path);

}  // namespace fathom::bpf
