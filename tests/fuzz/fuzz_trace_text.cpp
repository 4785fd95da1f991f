#include <fathom/output/trace_text_printer.hpp>
#include <fathom/rawtrace/event_merger.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace {

using namespace fathom;

struct Symbols {
  struct Hit {
    [[nodiscard]] static std::string_view name() { return "vfs_read"; }
    [[nodiscard]] static std::string_view module() { return {}; }
  };
  [[nodiscard]] static std::optional<Hit> find(std::uint64_t address) {
    return address >> 63U != 0 ? std::optional(Hit{}) : std::nullopt;
  }
};

std::string format_text(std::string_view name, int id, std::string_view fields, std::string_view print) {
  return "name: " + std::string(name) + "\nID: " + std::to_string(id) +
         "\nformat:\n"
         "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
         "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
         "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
         "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n" +
         std::string(fields) + "\nprint fmt: " + std::string(print) + "\n";
}

// Numbers and fields are those of Linux 6.1, so that pages of its captures are good seeds.
FormatRegistry make_formats() {
  FormatRegistry formats;
  const auto add = [&](std::string_view system, std::string_view name, int id, std::string_view fields,
                       std::string_view print) { formats.add(system, format_text(name, id, fields, print)); };
  add("ftrace", "function", 1,
      "\tfield:unsigned long ip;\toffset:8;\tsize:8;\tsigned:0;\n"
      "\tfield:unsigned long parent_ip;\toffset:16;\tsize:8;\tsigned:0;\n",
      "\"\"");
  add("ftrace", "context_switch", 2,
      "\tfield:unsigned int prev_pid;\toffset:8;\tsize:4;\tsigned:0;\n"
      "\tfield:unsigned int next_pid;\toffset:12;\tsize:4;\tsigned:0;\n"
      "\tfield:unsigned int next_cpu;\toffset:16;\tsize:4;\tsigned:0;\n"
      "\tfield:unsigned char prev_prio;\toffset:20;\tsize:1;\tsigned:0;\n"
      "\tfield:unsigned char prev_state;\toffset:21;\tsize:1;\tsigned:0;\n"
      "\tfield:unsigned char next_prio;\toffset:22;\tsize:1;\tsigned:0;\n"
      "\tfield:unsigned char next_state;\toffset:23;\tsize:1;\tsigned:0;\n",
      "\"\"");
  add("ftrace", "kernel_stack", 4,
      "\tfield:int size;\toffset:8;\tsize:4;\tsigned:1;\n"
      "\tfield:unsigned long caller[8];\toffset:16;\tsize:64;\tsigned:0;\n",
      "\"\"");
  add("ftrace", "print", 5,
      "\tfield:unsigned long ip;\toffset:8;\tsize:8;\tsigned:0;\n"
      "\tfield:char buf[];\toffset:16;\tsize:0;\tsigned:0;\n",
      "\"\"");
  add("ftrace", "funcgraph_exit", 10,
      "\tfield:unsigned long func;\toffset:8;\tsize:8;\tsigned:0;\n"
      "\tfield:int depth;\toffset:16;\tsize:4;\tsigned:1;\n"
      "\tfield:unsigned int overrun;\toffset:20;\tsize:4;\tsigned:0;\n"
      "\tfield:unsigned long long calltime;\toffset:24;\tsize:8;\tsigned:0;\n"
      "\tfield:unsigned long long rettime;\toffset:32;\tsize:8;\tsigned:0;\n",
      "\"\"");
  add("ftrace", "funcgraph_entry", 11,
      "\tfield:unsigned long func;\toffset:8;\tsize:8;\tsigned:0;\n"
      "\tfield:int depth;\toffset:16;\tsize:4;\tsigned:1;\n",
      "\"\"");
  add("ftrace", "user_stack", 12,
      "\tfield:unsigned int tgid;\toffset:8;\tsize:4;\tsigned:0;\n"
      "\tfield:unsigned long caller[8];\toffset:16;\tsize:64;\tsigned:0;\n",
      "\"\"");
  add("ftrace", "raw_data", 16,
      "\tfield:unsigned int id;\toffset:8;\tsize:4;\tsigned:0;\n\tfield:char buf[];\toffset:12;\tsize:0;\tsigned:0;\n",
      "\"\"");
  add("syscalls", "sys_enter_write", 20,
      "\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n"
      "\tfield:unsigned int fd;\toffset:16;\tsize:8;\tsigned:0;\n"
      "\tfield:const char * buf;\toffset:24;\tsize:8;\tsigned:0;\n"
      "\tfield:size_t count;\toffset:32;\tsize:8;\tsigned:0;\n"
      "\tfield:__data_loc char[] __buf_val;\toffset:40;\tsize:4;\tsigned:0;\n",
      "\"(%s)\", __print_dynamic_array(__buf_val, 1)");
  add("sched", "sched_wakeup", 21,
      "\tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;\n\tfield:pid_t pid;\toffset:24;\tsize:4;\tsigned:1;\n",
      "\"comm=%s pid=%d state=%s\", REC->comm, REC->pid, __print_flags(REC->pid, \"|\", { 1, \"S\" }, { 2, \"D\" })");
  add("kprobes", "kp1", 22,
      "\tfield:unsigned long __probe_ip;\toffset:8;\tsize:8;\tsigned:0;\n"
      "\tfield:__data_loc char[] name;\toffset:16;\tsize:4;\tsigned:0;\n",
      "\"(%lx) name=\\\"%s\\\"\", REC->__probe_ip, __get_str(name)");
  return formats;
}

}  // namespace

// The first two bytes are options, the rest pages of two CPUs: whatever is on them, each record is printed, and
// the text is as long as the records allow.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const FormatRegistry kFormats = make_formats();
  if (size < 2)
    return 0;
  TraceTextOptions options;
  options.function_graph = (data[0] & 1U) != 0;
  options.funcgraph_proc = (data[0] & 2U) != 0;
  options.funcgraph_abstime = (data[0] & 4U) != 0;
  options.funcgraph_irqs = (data[0] & 8U) == 0;
  options.latency_format = (data[0] & 16U) != 0;
  options.funcgraph_overrun = (data[0] & 32U) != 0;
  options.context_info = (data[0] & 64U) == 0;
  options.record_tgid = (data[0] & 128U) != 0;
  options.clock = (data[1] & 1U) != 0 ? TraceClock::counter : TraceClock::local;
  options.sym_offset = (data[1] & 2U) != 0;
  options.sym_addr = (data[1] & 4U) != 0;
  options.verbose = (data[1] & 8U) != 0;
  TraceTextDialect dialect = TraceTextDialect::of(kFormats);
  dialect.syscall_values = (data[1] & 16U) != 0;
  const auto pages = std::as_bytes(std::span(data, size)).subspan(2);

  const Symbols symbols;
  TraceTextSources sources;
  sources.symbols = AddressNames(symbols);
  sources.irqentry_text = {std::uint64_t{1} << 63U, (std::uint64_t{1} << 63U) + 4096};
  sources.overruns = data[1] >> 7U;
  std::size_t written = 0;
  TraceTextPrinter printer(kFormats, sources, options, dialect,
                           [&written](std::string_view text) { written += text.size(); });
  EventMerger merger(kFormats);
  const std::size_t half = pages.size() / 2;
  merger.add(0, pages.first(half));
  merger.add(1, pages.subspan(half));
  merger.drain(printer);
  printer.finish();
  if (printer.records() != merger.stats().parsed_records)
    std::abort();
  if (written > (printer.records() + merger.stats().losses) * 4000 + 8 * pages.size())
    std::abort();
  return 0;
}
