#pragma once

#include "program.hpp"

#include <fathom/bpf/bpf_error.hpp>

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace examples {

/// The exit status of `body`, or kUnsupported where it throws a BpfError of one of these causes, which is told.
template <class Body>
int run_bpf(std::string_view name, std::initializer_list<fathom::BpfCause> lacking, const Body& body) {
  try {
    return body();
  } catch (const fathom::BpfError& e) {
    if (std::ranges::find(lacking, e.cause()) == lacking.end())
      throw;
    tell(name, e.what());
    return kUnsupported;
  }
}

}  // namespace examples
