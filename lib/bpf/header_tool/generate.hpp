#pragma once

#include <fathom/bpf/bpf_object.hpp>

#include <cstdint>
#include <string>

namespace fathom::bpf {

/// The text of `<fathom-bpf/NAME.bpf.hpp>`. Throws BpfError (bad_object) if the object has no BTF.
[[nodiscard]] std::string generate_header(BpfObject& object);

/// The text of a C++ file that takes in the object's file and defines `NAME::object`.
[[nodiscard]] std::string generate_embedding(const std::string& name, const std::string& object_path,
                                             std::uintmax_t size);

}  // namespace fathom::bpf
