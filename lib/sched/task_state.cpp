#include "task_state_bits.hpp"

#include <fathom/sched/task_state.hpp>

#include <cstddef>

namespace fathom {

namespace {

constexpr std::string_view kLetters = "RSDTtXZPI";
constexpr std::array<std::string_view, kTaskStates.size()> kWords = {
    "running", "sleeping", "disk sleep", "stopped", "tracing stop", "dead", "zombie", "parked", "idle"};

}  // namespace

char letter(TaskState state) noexcept {
  return kLetters[static_cast<std::size_t>(state)];
}

std::optional<TaskState> task_state_of(char letter) noexcept {
  const std::size_t index = kLetters.find(letter);
  return index < kTaskStates.size() ? std::optional(kTaskStates[index]) : std::nullopt;
}

std::string_view to_string(TaskState state) noexcept {
  return kWords[static_cast<std::size_t>(state)];
}

std::optional<PrevState> parse_prev_state(std::string_view letters) noexcept {
  PrevState prev;
  if (letters.ends_with('+')) {
    prev.preempted = true;
    letters.remove_suffix(1);
  }
  if (letters.size() == 1) {
    if (const auto state = task_state_of(letters.front())) {
      prev.state = *state;
      return prev;
    }
  }
  // The letters of Linux before 4.14 stand for bits.
  std::uint32_t bits = 0;
  for (std::size_t at = 0;; at += 2) {
    if (at >= letters.size())
      return std::nullopt;
    const std::size_t bit = sched::kOldLetters.find(letters[at]);
    if (bit == std::string_view::npos || (bits >> bit & 1U) != 0)
      return std::nullopt;
    bits |= 1U << bit;
    if (at + 1 == letters.size())
      break;
    if (letters[at + 1] != '|')
      return std::nullopt;
  }
  prev.state = sched::old_state(bits);
  return prev;
}

}  // namespace fathom
