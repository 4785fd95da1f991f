#pragma once

#include <fathom/base/text_buffer.hpp>
#include <fathom/output/trace_text_options.hpp>

#include <array>
#include <cstdint>

namespace fathom::output {

/// The column of flags of a record: its letters for every value of `common_flags` and `common_preempt_count`, made
/// once.
class FlagLetters {
 public:
  explicit FlagLetters(const TraceTextDialect& dialect) noexcept;

  /// `lazy_count` is `common_preempt_lazy_count`, where a kernel has one.
  void append(TextBuffer& out, std::uint8_t flags, std::uint8_t preempt_count, std::uint8_t lazy_count) const;

 private:
  std::array<std::array<char, 4>, 256> states_{};    // irqs, need-resched, need-resched-lazy, context
  std::array<std::array<char, 2>, 256> preempts_{};  // preempt depth, migrate-disable
  bool migrate_disable_;
  bool preempt_lazy_;
};

}  // namespace fathom::output
