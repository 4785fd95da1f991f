#include <fathom/base/error.hpp>
#include <fathom/rawtrace/event_merger.hpp>

#include <string>

namespace fathom {

void EventMerger::add(std::uint32_t cpu, std::span<const std::byte> pages, const PageLayout& layout) {
  if (std::ranges::find(sources_, cpu, &Source::cpu) != sources_.end())
    throw Error(std::errc::invalid_argument, "take pages of CPU " + std::to_string(cpu) + " twice", {},
                "give all of a CPU's pages at once");
  if (layout.byte_order != layout_.byte_order)
    throw Error(std::errc::invalid_argument, "merge pages of CPU " + std::to_string(cpu), {},
                "they have another byte order than the others");
  sources_.push_back({cpu, pages, layout});
}

}  // namespace fathom
