#include <fathom/bpf/bpf_error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

namespace {

// A log of the verifier (here Linux 6.18) ends so, with the reason above the statistics:
//   ; return *(int *)count; @ bad.bpf.c:9
//   3: (61) r0 = *(u32 *)(r1 +0)          ; R1=scalar()
//   R1 invalid mem access 'scalar'
//   processed 4 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
constexpr std::array<std::string_view, 6> kStatistics = {"processed ",          "verification time ", "stack depth ",
                                                         "max_states_per_insn", "insn_processed",     "-- END"};

// Linux 7.3 then explains the same at length, with source and causes, and gives the statistics after that:
//   R0 invalid mem access 'map_value_or_null'
//
//   Verification failed: Register Type Safety: Invalid dereference
//   ...
std::string_view without_explanation(std::string_view log) {
  return log.substr(0, log.rfind("\nVerification failed: "));
}

std::string_view trimmed(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t");
  const std::size_t last = line.find_last_not_of(" \t\r");
  return first == std::string_view::npos ? std::string_view() : line.substr(first, last - first + 1);
}

bool is_statistics(std::string_view line) {
  return std::ranges::any_of(kStatistics, [&](std::string_view start) { return line.starts_with(start); });
}

// "3: (61) r0 = ...", and the registers alone: "3: R1=scalar() R10=fp0".
bool is_instruction(std::string_view line) {
  const std::size_t digits = line.find_first_not_of("0123456789");
  return digits != 0 && digits != std::string_view::npos && line[digits] == ':';
}

bool is_source(std::string_view line) {
  return line.starts_with("; ");
}

bool is_state(std::string_view line) {
  return line.starts_with("from ") || line.starts_with("R10=") || line.starts_with("caller:") ||
         line.starts_with("mark_precise:") || line.starts_with("last_idx ") || line.starts_with("regs=");
}

// Gives the lines from the last to the first.
class LinesBackward {
 public:
  explicit LinesBackward(std::string_view text) : rest_(text), done_(text.empty()) {}

  [[nodiscard]] bool done() const { return done_; }
  std::string_view next() {
    const std::size_t newline = rest_.rfind('\n');
    done_ = newline == std::string_view::npos;
    const std::string_view line = done_ ? rest_ : rest_.substr(newline + 1);
    rest_ = rest_.substr(0, done_ ? 0 : newline);
    return trimmed(line);
  }

 private:
  std::string_view rest_;
  bool done_;
};

}  // namespace

std::string summarize_verifier_log(std::string_view log) {
  constexpr std::size_t kMostReasons = 3;  // "invalid access to map value, ..." and "R0 max value is outside ..."
  constexpr std::size_t kFarthest = 200;   // lines from an instruction back to the source line that it is from
  std::vector<std::string_view> picked;    // the last line first
  bool instruction_seen = false;
  std::size_t gone_back = 0;
  for (LinesBackward lines(without_explanation(log)); !lines.done() && gone_back < kFarthest;) {
    const std::string_view line = lines.next();
    if (line.empty() || is_statistics(line))
      continue;
    ++gone_back;
    if (is_source(line)) {
      picked.push_back(line);
      break;
    }
    if (is_instruction(line)) {
      if (!instruction_seen)
        picked.push_back(line);
      instruction_seen = true;
    } else if (!instruction_seen && !is_state(line) && picked.size() < kMostReasons) {
      picked.push_back(line);
    }
  }
  std::string summary;
  for (const std::string_view line : std::views::reverse(picked)) {
    if (!summary.empty())
      summary += '\n';
    summary += line;
  }
  return summary;
}

}  // namespace fathom
