#include "line_legend.hpp"

#include <array>
#include <span>
#include <string_view>

// kernel/trace/trace.c, print_func_help_header() and print_func_help_header_irq(), of Linux 4.4 to 7.3.
namespace fathom::output {

namespace {

constexpr std::array<std::string_view, 5> kNarrow = {"_-----=> irqs-off\n", " / _----=> need-resched\n",
                                                     "| / _---=> hardirq/softirq\n", "|| / _--=> preempt-depth\n",
                                                     "||| /     delay\n"};
constexpr std::array<std::string_view, 6> kWide = {"_-----=> irqs-off/BH-disabled\n", " / _----=> need-resched\n",
                                                   "| / _---=> hardirq/softirq\n",    "|| / _--=> preempt-depth\n",
                                                   "||| / _-=> migrate-disable\n",    "|||| /     delay\n"};
constexpr std::array<std::string_view, 8> kRealTime = {
    "_-------=> irqs-off/BH-disabled\n", " / _------=> need-resched\n",  "| / _-----=> need-resched-lazy\n",
    "|| / _----=> hardirq/softirq\n",    "||| / _---=> preempt-depth\n", "|||| / _--=> preempt-lazy-depth\n",
    "||||| / _-=> migrate-disable\n",    "|||||| /     delay\n"};

std::span<const std::string_view> marks_of(const TraceTextDialect& dialect) noexcept {
  if (dialect.preempt_lazy)
    return kRealTime;
  return dialect.migrate_disable ? std::span<const std::string_view>(kWide) : kNarrow;
}

}  // namespace

void append_legend(std::string& out, const TraceTextOptions& options, const TraceTextDialect& dialect) {
  const bool tgid = options.record_tgid;
  if (!options.irq_info) {
    if (dialect.wide_pid) {
      out += tgid ? "#           TASK-PID       TGID    CPU#     TIMESTAMP  FUNCTION\n"
                    "#              | |           |       |         |         |\n"
                  : "#           TASK-PID     CPU#     TIMESTAMP  FUNCTION\n"
                    "#              | |         |         |         |\n";
    } else {
      out +=
          "#           TASK-PID   CPU#      TIMESTAMP  FUNCTION\n"
          "#              | |       |          |         |\n";
    }
    return;
  }
  // The first mark stands above the second's slash: all others begin where the flags do.
  const std::string blanks(dialect.wide_pid ? (tgid ? 40 : 30) : 28, ' ');
  bool first = true;
  for (const std::string_view mark : marks_of(dialect)) {
    out += '#' + blanks + (first ? "  " : "") + std::string(mark);
    first = false;
  }
  std::string flags;
  if (dialect.preempt_lazy)
    flags = "|||||||";
  else
    flags = dialect.migrate_disable ? "|||||" : "||||";
  if (dialect.wide_pid) {
    out += tgid ? "#           TASK-PID       TGID    CPU#  " : "#           TASK-PID     CPU#  ";
    out += flags + (dialect.migrate_disable ? "  TIMESTAMP  FUNCTION\n" : "   TIMESTAMP  FUNCTION\n");
    out += tgid ? "#              | |           |       |   " : "#              | |         |   ";
    out += flags + (dialect.preempt_lazy || !dialect.migrate_disable ? "      |         |\n" : "     |         |\n");
  } else {
    out += "#           TASK-PID   CPU#  " + flags + "    TIMESTAMP  FUNCTION\n#              | |       |   " + flags +
           "       |         |\n";
  }
}

}  // namespace fathom::output
