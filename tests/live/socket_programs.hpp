#pragma once

#include <fathom/bpf/bpf_object.hpp>

#include <fathom-bpf/sockets.bpf.hpp>
#include <initializer_list>
#include <string_view>

namespace fathom::live {

/// Loads these programs of sockets.bpf.c.
[[nodiscard]] inline LoadedBpf load_sockets(std::initializer_list<std::string_view> programs) {
  BpfObject object = BpfObject::open(sockets::object);
  for (const std::string_view program : programs)
    object.program(program).autoload = true;
  return object.load();
}

/// How often they ran, and the bytes of what they saw.
[[nodiscard]] inline struct sockets::seen seen_by(const LoadedBpf& bpf) {
  return bpf.variable<struct sockets::seen>("seen").get();
}

}  // namespace fathom::live
