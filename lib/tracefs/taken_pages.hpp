#pragma once

#include <cstddef>
#include <span>

namespace fathom::tracefs {

/// What one call took out of a ring buffer.
struct TakenPages {
  std::span<const std::byte> bytes;
  bool more = false;  ///< false where it is better to come back later: nothing is left, or a page that is being filled
};

}  // namespace fathom::tracefs
