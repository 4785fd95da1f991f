#pragma once

#include <fathom/event/sink.hpp>
#include <fathom/tracefs/raw_pages.hpp>

#include <functional>

namespace fathom::detail {

/// A page target of any type, as code that is compiled once can use it. Refers to the target.
struct PageOutput {
  void* target = nullptr;
  void (*take)(void* target, const RawPages& pages) = nullptr;  ///< null where it takes files
  int (*file)(void* target, unsigned cpu) = nullptr;            ///< null where it takes pages
  void (*lose)(void* target, const Loss& loss) = nullptr;

  /// For this target.
  template <class Target>
  [[nodiscard]] static PageOutput of(Target& target) {
    PageOutput output;
    // A target that is const may have const members; they are called as such below.
    output.target = const_cast<void*>(static_cast<const void*>(&target));  // NOLINT(*-const-cast)
    if constexpr (PageFileSink<Target>)
      output.file = [](void* to, unsigned cpu) -> int { return static_cast<Target*>(to)->file(cpu); };
    else if constexpr (requires(const RawPages& pages) { target.on(pages); })
      output.take = [](void* to, const RawPages& pages) { static_cast<Target*>(to)->on(pages); };
    else
      output.take = [](void* to, const RawPages& pages) { std::invoke(*static_cast<Target*>(to), pages); };
    output.lose = [](void* to, const Loss& loss) { offer(*static_cast<Target*>(to), loss); };
    return output;
  }
};

}  // namespace fathom::detail
