#pragma once

#include <cstdint>
#include <string_view>

namespace fathom {

/// Which packets of a network device a tc or tcx program sees.
enum class TcDirection : std::uint8_t {
  ingress,  ///< those that it received
  egress    ///< those that it is to send
};

/// The enumerator's own name: "egress".
[[nodiscard]] std::string_view to_string(TcDirection direction) noexcept;

}  // namespace fathom
