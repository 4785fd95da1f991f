#include "flag_letters.hpp"

#include <string_view>

namespace fathom::output {

namespace {

// include/linux/trace_events.h: trace_flag_type. The bit for lazy rescheduling (Linux 6.13, and PREEMPT_RT before)
// meant before that the architecture does not know whether interrupts are off; those that trace know it.
constexpr unsigned kIrqsOff = 0x01;
constexpr unsigned kNeedReschedLazy = 0x02;
constexpr unsigned kNeedResched = 0x04;
constexpr unsigned kHardIrq = 0x08;
constexpr unsigned kSoftIrq = 0x10;
constexpr unsigned kPreemptResched = 0x20;
constexpr unsigned kNmi = 0x40;
constexpr unsigned kBhOff = 0x80;

constexpr unsigned kRealTimeLazy = 0x20;  // PREEMPT_RESCHED's bit, as the captures of 6.1-rt show

constexpr bool all(unsigned flags, unsigned wanted) noexcept {
  return (flags & wanted) == wanted;
}

// kernel/trace/trace_output.c, trace_print_lat_fmt().
char irqs(unsigned flags) noexcept {
  if (all(flags, kIrqsOff | kBhOff))
    return 'D';
  if (all(flags, kIrqsOff))
    return 'd';
  return all(flags, kBhOff) ? 'b' : '.';
}

char need_resched(unsigned flags) noexcept {
  // By need, preempt and lazy.
  constexpr std::string_view kLetters = ".npNlbLB";
  const unsigned at = (all(flags, kNeedResched) ? 1U : 0U) | (all(flags, kPreemptResched) ? 2U : 0U) |
                      (all(flags, kNeedReschedLazy) ? 4U : 0U);
  return kLetters[at];
}

char context(unsigned flags) noexcept {
  if (all(flags, kNmi))
    return all(flags, kHardIrq) ? 'Z' : 'z';
  if (all(flags, kHardIrq))
    return all(flags, kSoftIrq) ? 'H' : 'h';
  return all(flags, kSoftIrq) ? 's' : '.';
}

char depth(unsigned count) noexcept {
  return count == 0 ? '.' : "0123456789abcdef"[count & 0xfU];
}

}  // namespace

FlagLetters::FlagLetters(const TraceTextDialect& dialect) noexcept
    : migrate_disable_(dialect.migrate_disable), preempt_lazy_(dialect.preempt_lazy) {
  for (unsigned i = 0; i < states_.size(); ++i) {
    states_[i] = {irqs(i), need_resched(i), '.', context(i)};
    if (preempt_lazy_) {
      states_[i][1] = need_resched(i & kNeedResched);
      states_[i][2] = all(i, kRealTimeLazy) ? 'L' : '.';
    }
    preempts_[i] = {depth(i & 0xfU), depth(i >> 4U)};
  }
}

void FlagLetters::append(TextBuffer& out, std::uint8_t flags, std::uint8_t preempt_count,
                         std::uint8_t lazy_count) const {
  char* at = out.reserve(8);
  const auto& state = states_[flags];
  *at++ = state[0];
  *at++ = state[1];
  if (preempt_lazy_) [[unlikely]]
    *at++ = state[2];
  *at++ = state[3];
  if (!migrate_disable_) {
    // The whole byte was the depth.
    if (preempt_count > 0xf)
      *at++ = preempts_[preempt_count][1];
    *at++ = preempt_count > 0xf ? "0123456789abcdef"[preempt_count & 0xfU] : preempts_[preempt_count][0];
    return out.commit(at);
  }
  *at++ = preempts_[preempt_count][0];
  if (preempt_lazy_) [[unlikely]]
    *at++ = depth(lazy_count);
  *at++ = preempts_[preempt_count][1];
  out.commit(at);
}

}  // namespace fathom::output
