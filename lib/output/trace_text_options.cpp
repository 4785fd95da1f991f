#include <fathom/output/trace_text_options.hpp>
#include <fathom/rawtrace/event_format.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace fathom {

namespace {

struct NamedOption {
  std::string_view name;
  bool TraceTextOptions::* member;
};
constexpr std::array kNamed = {
    NamedOption{"context-info", &TraceTextOptions::context_info},
    NamedOption{"irq-info", &TraceTextOptions::irq_info},
    NamedOption{"record-tgid", &TraceTextOptions::record_tgid},
    NamedOption{"latency-format", &TraceTextOptions::latency_format},
    NamedOption{"print-parent", &TraceTextOptions::print_parent},
    NamedOption{"sym-offset", &TraceTextOptions::sym_offset},
    NamedOption{"sym-addr", &TraceTextOptions::sym_addr},
    NamedOption{"annotate", &TraceTextOptions::annotate},
    NamedOption{"verbose", &TraceTextOptions::verbose},
    NamedOption{"hash-ptr", &TraceTextOptions::hash_ptr},
    NamedOption{"bitmask-list", &TraceTextOptions::bitmask_list},
    NamedOption{"funcgraph-cpu", &TraceTextOptions::funcgraph_cpu},
    NamedOption{"funcgraph-overhead", &TraceTextOptions::funcgraph_overhead},
    NamedOption{"funcgraph-proc", &TraceTextOptions::funcgraph_proc},
    NamedOption{"funcgraph-duration", &TraceTextOptions::funcgraph_duration},
    NamedOption{"funcgraph-abstime", &TraceTextOptions::funcgraph_abstime},
    NamedOption{"funcgraph-irqs", &TraceTextOptions::funcgraph_irqs},
    NamedOption{"funcgraph-tail", &TraceTextOptions::funcgraph_tail},
    NamedOption{"funcgraph-overrun", &TraceTextOptions::funcgraph_overrun},
    NamedOption{"funcgraph-retval", &TraceTextOptions::funcgraph_retval},
    NamedOption{"funcgraph-retval-hex", &TraceTextOptions::funcgraph_retval_hex},
    NamedOption{"funcgraph-retaddr", &TraceTextOptions::funcgraph_retaddr},
};

// The next word, and what is behind it.
std::string_view take_word(std::string_view& text) noexcept {
  constexpr std::string_view kBlanks = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace

TraceTextOptions TraceTextOptions::parse(std::string_view trace_options, std::string_view current_tracer,
                                         std::string_view trace_clock) {
  TraceTextOptions options;
  for (std::string_view word = take_word(trace_options); !word.empty(); word = take_word(trace_options)) {
    bool on = true;
    const auto* named = std::ranges::find(kNamed, word, &NamedOption::name);
    if (named == kNamed.end() && word.starts_with("no")) {
      on = false;
      named = std::ranges::find(kNamed, word.substr(2), &NamedOption::name);
    }
    if (named != kNamed.end())
      options.*(named->member) = on;
  }
  options.function_graph = take_word(current_tracer) == "function_graph";
  for (std::string_view word = take_word(trace_clock); !word.empty(); word = take_word(trace_clock)) {
    if (!word.starts_with('[') || !word.ends_with(']'))
      continue;
    if (const auto clock = parse_trace_clock(word.substr(1, word.size() - 2)))
      options.clock = *clock;
  }
  return options;
}

TraceTextDialect TraceTextDialect::of(const FormatRegistry& formats) {
  TraceTextDialect dialect;
  const auto has = [&](std::string_view event, std::string_view field) {
    const EventFormat* const format = formats.find("ftrace", event);
    return format != nullptr && format->find(field) != nullptr;
  };
  // `func_repeats` came with Linux 5.14, between the kernels without and with the fifth flag.
  const EventFormat* const exit = formats.find("ftrace", "funcgraph_exit");
  const EventField* const overrun = exit == nullptr ? nullptr : exit->find("overrun");
  if (overrun != nullptr && overrun->size == 8 && formats.find("ftrace", "func_repeats") == nullptr)
    dialect.migrate_disable = false;
  // Nothing tells when pids became wide, and kernels got that in later updates too. Linux 4.4 (narrow) and 5.4 (wide)
  // differ in the event raw_data, of 4.10: what lies between is taken for wide.
  dialect.wide_pid = formats.find("ftrace", "raw_data") != nullptr || formats.find("ftrace", "print") == nullptr;
  dialect.preempt_lazy = has("function", "common_preempt_lazy_count");
  // Since then there is an event for entries with return addresses, or arguments in the entries.
  dialect.retval_named =
      formats.find("ftrace", "fgraph_retaddr_entry") != nullptr || has("funcgraph_entry", "args") || exit == nullptr;
  dialect.syscall_values = false;
  for (const EventFormat* const format : formats.formats()) {
    if (format->system() == "syscalls" && format->find("__filename_val") != nullptr)
      dialect.syscall_values = true;
  }
  dialect.mark_lost = dialect.migrate_disable || dialect.wide_pid;
  return dialect;
}

}  // namespace fathom
