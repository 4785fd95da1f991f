#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace fathom::detail {

/// Whether a function is the first that function_graph can show of an interrupt: what the kernel's entry code calls on
/// x86 (since 5.8 the entry points themselves cannot be traced) and on arm64.
inline bool is_interrupt_entry(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 8> kNames = {
      "irq_enter_rcu", "irq_enter", "do_IRQ", "do_nmi", "nmi_enter", "exc_nmi", "__common_interrupt", "gic_handle_irq"};
  return name.starts_with("__sysvec_") || name.starts_with("smp_") || name.starts_with("sysvec_") ||
         std::ranges::find(kNames, name) != kNames.end();
}

}  // namespace fathom::detail
