#pragma once

#include <bpf/btf.h>

#include <memory>

namespace fathom::bpf {

struct FreeBtf {
  void operator()(btf* types) const noexcept { btf__free(types); }
};

/// Types that libbpf keeps.
using BtfPointer = std::unique_ptr<btf, FreeBtf>;

}  // namespace fathom::bpf
