#include "report_losses.hpp"

#include <fathom/tracefs/ring_buffer_stats.hpp>

#include <fmt/core.h>

namespace report {

std::string Losses::text() const {
  return fmt::format("{}{}", more ? "at least " : "", events);
}

Losses losses_of(const fathom::TraceDatReader& file, std::uint64_t marked, bool unnumbered) {
  std::uint64_t counted = 0;
  bool is_counted = false;
  for (const fathom::TraceDatOption& option : file.options()) {
    if (option.id != static_cast<std::uint16_t>(fathom::TraceDatOptionId::cpu_stat))
      continue;
    is_counted = true;
    counted += fathom::parse_ring_buffer_stats(option.text()).lost();
  }
  // The counts may be of a time before some of the pages, or after them.
  if (is_counted && counted >= marked)
    return {counted, false};
  return {marked, unnumbered};
}

}  // namespace report
