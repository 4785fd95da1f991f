#pragma once

#include <fathom/event/sink.hpp>
#include <fathom/tracefs/raw_pages.hpp>

#include <functional>
#include <string>

namespace fathom::detail {

/// A page target of any type, as code that is compiled once can use it. Refers to the target.
struct PageOutput {
  void* target = nullptr;
  void (*take)(void* target, const RawPages& pages) = nullptr;  ///< null where it takes files
  int (*file)(void* target, unsigned cpu) = nullptr;            ///< null where it takes pages
  std::string (*path)(void* target, unsigned cpu) = nullptr;    ///< of the file; null where it does not say
  void (*lose)(void* target, const Loss& loss) = nullptr;

  /// For this target: one that takes both takes files.
  template <class Target>
  [[nodiscard]] static PageOutput of(Target& target) {
    if constexpr (PageFileSink<Target>) {
      PageOutput output = to(target);
      output.file = [](void* sink, unsigned cpu) -> int { return static_cast<Target*>(sink)->file(cpu); };
      if constexpr (requires(Target& own, unsigned cpu) { std::string(own.path(cpu)); })
        output.path = [](void* sink, unsigned cpu) { return std::string(static_cast<Target*>(sink)->path(cpu)); };
      return output;
    } else {
      return pages_of(target);
    }
  }
  /// For this sink in this process.
  template <PageSink Sink>
  [[nodiscard]] static PageOutput pages_of(Sink& target) {
    PageOutput output = to(target);
    output.take = [](void* sink, const RawPages& pages) {
      if constexpr (requires(Sink& own) { own.on(pages); })
        static_cast<Sink*>(sink)->on(pages);
      else
        std::invoke(*static_cast<Sink*>(sink), pages);
    };
    return output;
  }

 private:
  template <class Target>
  [[nodiscard]] static PageOutput to(Target& target) {
    PageOutput output;
    // A target that is const may have const members; they are called as such.
    output.target = const_cast<void*>(static_cast<const void*>(&target));  // NOLINT(*-const-cast)
    output.lose = [](void* sink, const Loss& loss) { offer(*static_cast<Target*>(sink), loss); };
    return output;
  }
};

}  // namespace fathom::detail
