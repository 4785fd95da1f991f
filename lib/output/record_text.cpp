#include "record_text.hpp"

#include "function_arguments.hpp"

#include <fathom/rawtrace/detail/raw_bytes.hpp>

#include <algorithm>
#include <bit>
#include <span>
#include <utility>

namespace fathom::output {

namespace {

struct OwnEvent {
  std::string_view name;
  RecordKind kind;
  std::array<std::string_view, 9> numbers;
  std::string_view rest;
};
// ftrace's own entries (kernel/trace/trace_entries.h): their formats say where the fields are, and code prints them.
constexpr std::array kOwnEvents = {
    OwnEvent{"function", RecordKind::function, {"ip", "parent_ip"}, "args"},
    OwnEvent{
        "func_repeats", RecordKind::func_repeats, {"ip", "parent_ip", "count", "top_delta_ts", "bottom_delta_ts"}, {}},
    OwnEvent{"kernel_stack", RecordKind::kernel_stack, {"size"}, "caller"},
    OwnEvent{"user_stack", RecordKind::user_stack, {}, "caller"},
    OwnEvent{"print", RecordKind::print, {"ip"}, "buf"},
    OwnEvent{"bputs", RecordKind::bputs, {"ip", "str"}, {}},
    OwnEvent{"bprint", RecordKind::bprint, {"ip", "fmt"}, "buf"},
    OwnEvent{"raw_data", RecordKind::raw_data, {"id"}, "buf"},
    OwnEvent{"context_switch",
             RecordKind::context_switch,
             {"prev_pid", "prev_prio", "prev_state", "next_cpu", "next_pid", "next_prio", "next_state"},
             {}},
    OwnEvent{"wakeup",
             RecordKind::wakeup,
             {"prev_pid", "prev_prio", "prev_state", "next_cpu", "next_pid", "next_prio", "next_state"},
             {}},
    OwnEvent{"hwlat",
             RecordKind::hwlat,
             {"seqnum", "duration", "outer_duration", "tv_sec", "tv_nsec", "count", "nmi_total_ts", "nmi_count"},
             {}},
    OwnEvent{"osnoise",
             RecordKind::osnoise,
             {"runtime", "noise", "max_sample", "hw_count", "nmi_count", "irq_count", "softirq_count", "thread_count"},
             {}},
    OwnEvent{"timerlat", RecordKind::timerlat, {"seqnum", "context", "timer_latency"}, {}},
};

constexpr std::string_view kEnter = "sys_enter_";
constexpr std::string_view kExit = "sys_exit_";

void append_text_up_to_nul(std::span<const std::byte> bytes, TextBuffer& out) {
  out.append(detail::text_of(bytes));
}

void append_column(std::uint64_t number, std::size_t width, TextBuffer& out) {
  out.decimal(number, width);
}

// `%-5u`
void append_left(std::uint64_t number, std::size_t width, TextBuffer& out) {
  const std::size_t start = out.size();
  out.decimal(number);
  const std::size_t length = out.size() - start;
  if (length < width)
    out.append(width - length, ' ');
}

bool is_printable(char c) noexcept {
  return c >= ' ' && c <= '~';
}

}  // namespace

RecordText::RecordText(const FormatRegistry& formats, const TraceTextSources& sources, const TraceTextOptions& options,
                       const TraceTextDialect& dialect)
    : formats_(&formats), sources_(&sources), options_(options), dialect_(dialect) {
  print_sources_.symbols = sources.symbols;
  print_sources_.strings = &sources.strings;
  print_sources_.bitmask_list = options.bitmask_list;
  print_sources_.hash_ptr = options.hash_ptr;
}

RecordText::Event& RecordText::make_event(std::uint16_t id) {
  if (id >= events_.size())
    events_.resize(std::size_t{id} + 1);
  events_[id] = std::make_unique<Event>();
  Event& event = *events_[id];
  event.format = formats_->find(id);
  if (event.format == nullptr)
    return event;
  const EventFormat& format = *event.format;
  event.kind = RecordKind::formatted;
  event.head = format.name() + ": ";
  if (format.system() == "ftrace") {
    const auto* const own = std::ranges::find(kOwnEvents, format.name(), &OwnEvent::name);
    if (own != kOwnEvents.end()) {
      event.kind = own->kind;
      for (std::size_t i = 0; i < own->numbers.size() && !own->numbers[i].empty(); ++i)
        event.numbers[i] = FieldReader<std::uint64_t>::find(format, own->numbers[i]);
      if (!own->rest.empty()) {
        event.rest = FieldReader<Bytes>::find(format, own->rest);
        if (const EventField* const rest = format.find(own->rest))
          event.rest_offset = rest->offset;
      }
      return event;
    }
  }
  if (format.system() == "syscalls" && format.name().starts_with(kEnter)) {
    event.kind = RecordKind::syscall_enter;
    event.head = "sys_" + format.name().substr(kEnter.size()) + "(";
    return event;
  }
  if (format.system() == "syscalls" && format.name().starts_with(kExit)) {
    event.kind = RecordKind::syscall_exit;
    event.head = "sys_" + format.name().substr(kExit.size()) + " -> 0x";
    event.numbers[0] = FieldReader<std::uint64_t>::find(format, "ret");
    return event;
  }
  event.print.emplace(format, formats_->layout());
  event.numbers[0] = FieldReader<std::uint64_t>::find(format, "__probe_ip");
  if (event.numbers[0])
    event.kind = RecordKind::probe;
  event.numbers[1] = FieldReader<std::uint64_t>::find(format, "__probe_func");
  event.numbers[2] = FieldReader<std::uint64_t>::find(format, "__probe_ret_ip");
  if (event.numbers[1] && event.numbers[2])
    event.kind = RecordKind::return_probe;
  return event;
}

void RecordText::count(std::uint16_t id, PrintGaps gaps) {
  Event& event = event_of(id);
  for (const PrintGap gap : kPrintGaps)
    event.gaps[static_cast<std::size_t>(gap)] += gaps.has(gap) ? 1U : 0U;
}

std::vector<PrintGapCount> RecordText::gaps() const {
  std::vector<PrintGapCount> counts;
  for (std::size_t id = 0; id < events_.size(); ++id) {
    if (!events_[id])
      continue;
    const Event& event = *events_[id];
    for (const PrintGap gap : kPrintGaps) {
      const std::uint64_t lines = event.gaps[static_cast<std::size_t>(gap)];
      if (lines == 0)
        continue;
      if (event.format != nullptr)
        counts.push_back({event.format->system(), event.format->name(), gap, lines});
      else
        counts.push_back({{}, std::to_string(id), gap, lines});
    }
  }
  return counts;
}

std::uint64_t RecordText::number(const Event& event, std::size_t at, Bytes record) {
  const auto& reader = event.numbers[at];
  const auto value = reader ? (*reader)(record) : std::nullopt;
  if (!value)
    missed_.add(PrintGap::short_record);
  return value.value_or(0);
}

std::string_view RecordText::function_name(std::uint64_t address) {
  return graph_names_.get(address, scratch_, [&](TextBuffer& out) {
    const auto found = sources_->symbols.find(address);
    if (!found) {
      out.append("0x");
      return out.hex(address);
    }
    out.append(found->name);
    if (found->module.empty())
      return;
    out.append(" [");
    out.append(found->module);
    out.append(']');
  });
}

// kernel/trace/trace_output.c, seq_print_ip_sym().
void RecordText::append_symbol(std::uint64_t address, bool with_offset, TextBuffer& out) {
  if (address == 0)
    return out.append('0');
  TextCache& cache = with_offset ? offset_names_ : plain_names_;
  out.append(cache.get(address, scratch_, [&](TextBuffer& text) {
    const auto found = sources_->symbols.find(address);
    if (!found) {
      text.append("0x");
      return text.hex(address, with_offset ? 1 : 8);
    }
    text.append(found->name);
    if (!with_offset)
      return;
    text.append("+0x");
    text.hex(found->offset);
    text.append("/0x");
    text.hex(found->size.value_or(0));
    if (!found->module.empty()) {
      text.append(" [");
      text.append(found->module);
      text.append(']');
    }
  }));
  if (!options_.sym_addr)
    return;
  out.append(" <");
  out.hex(address, 16);
  out.append('>');
}

void RecordText::append_caller(std::uint64_t address, TextBuffer& out) {
  append_symbol(address, true, out);
}

void RecordText::append_time(std::uint64_t time, TextBuffer& out) const {
  constexpr std::uint64_t kMicro = 1000;
  constexpr std::uint64_t kSecond = 1'000'000;
  out.append(' ');
  if (!counts_nanoseconds(options_.clock))
    return out.decimal(time, 12);
  // Rounded to the nearest (ns2usecs()).
  const std::uint64_t micros = time / kMicro + (time % kMicro >= kMicro / 2 ? 1U : 0U);
  out.decimal(micros / kSecond, 5);
  char* const at = out.reserve(7);
  *at = '.';
  out.commit(TextBuffer::write_decimal(at + 1, micros % kSecond, 6));
}

void RecordText::append(const RawRecord& record, bool message_only, TextBuffer& out) {
  Event& event = event_of(record.id);
  const Bytes bytes = record.bytes();
  missed_ = PrintGaps{};
  switch (event.kind) {
    case RecordKind::formatted:
      formatted(event, record, out);
      break;
    case RecordKind::syscall_enter:
      syscall_enter(event, record, out);
      break;
    case RecordKind::syscall_exit:
      out.append(event.head);
      out.hex(number(event, 0, bytes));
      out.append('\n');
      break;
    case RecordKind::probe:
    case RecordKind::return_probe:
      probe(event, record, out);
      break;
    case RecordKind::function:
      function(event, record.id, bytes, out);
      out.append('\n');
      break;
    case RecordKind::func_repeats: {
      constexpr unsigned kTopBits = 32;
      function(event, record.id, bytes, out);
      out.append(" (repeats: ");
      out.decimal(number(event, 2, bytes));
      out.append(", last_ts:");
      append_time(record.time - (number(event, 3, bytes) << kTopBits | number(event, 4, bytes)), out);
      out.append(")\n");
      break;
    }
    case RecordKind::kernel_stack:
      stack(event, record, out);
      break;
    case RecordKind::user_stack:
      user_stack(event, bytes, out);
      break;
    case RecordKind::print:
    case RecordKind::bputs:
    case RecordKind::bprint:
      marker(event, bytes, message_only, out);
      break;
    case RecordKind::raw_data:
      raw_data(event, record, out);
      break;
    case RecordKind::context_switch:
    case RecordKind::wakeup:
      switched(event, bytes, out);
      break;
    case RecordKind::hwlat:
      latency(event, bytes, out);
      break;
    case RecordKind::osnoise:
      noise(event, bytes, out);
      break;
    case RecordKind::timerlat:
      timer_latency(event, bytes, out);
      break;
    case RecordKind::unknown:
      missed_.add(PrintGap::unknown_event);
      out.append("Unknown type ");
      out.decimal(record.id);
      out.append('\n');
      break;
  }
  if (missed_.any()) [[unlikely]]
    count(record.id, missed_);
}

void RecordText::formatted(Event& event, const RawRecord& record, TextBuffer& out) {
  out.append(event.head);
  missed_ |= event.print->render(record.bytes(), print_sources_, out);
  out.append('\n');
}

// `kp1: (vfs_read+0x4/0x370) buf=0x13aa8f0`: the format has bare numbers in the brackets.
void RecordText::probe(Event& event, const RawRecord& record, TextBuffer& out) {
  const Bytes bytes = record.bytes();
  out.append(event.head);
  out.append('(');
  if (event.kind == RecordKind::probe) {
    append_symbol(number(event, 0, bytes), true, out);
  } else {
    append_symbol(number(event, 2, bytes), true, out);
    out.append(" <- ");
    append_symbol(number(event, 1, bytes), false, out);
  }
  missed_ |= event.print->render(bytes, print_sources_, scratch_);
  const std::string_view text = scratch_.view();
  const std::size_t bracket = text.find(')');
  out.append(bracket == std::string_view::npos ? std::string_view(")") : text.substr(bracket));
  scratch_.clear();
  out.append('\n');
}

// `sys_write(fd: 5, buf: 4ea320, count: 1)`, and since Linux 6.19 `sys_write(fd: 5, buf: 0x4ea320 (01), count: 1)`.
void RecordText::syscall_enter(Event& event, const RawRecord& record, TextBuffer& out) {
  out.append(event.head);
  const Bytes bytes = record.bytes();
  const bool named_flags = event.format->name() == "sys_enter_openat" && !options_.verbose &&
                           event.format->print_fmt().find("0x10000, \"O_DIRECTORY\"") != std::string::npos;
  if (named_flags) {
    openat(event, bytes, out);
  } else {
    for (std::size_t i = 1; i < event.format->fields().size(); ++i) {
      if (event.format->fields()[i].kind == FieldKind::data_loc)
        break;
      if (i > 1)
        out.append(", ");
      syscall_argument(event, i, bytes, out);
    }
  }
  out.append(")\n");
}

void RecordText::syscall_argument(const Event& event, std::size_t at, Bytes record, TextBuffer& out) {
  constexpr std::uint64_t kFirstHex = 10;
  const auto fields = event.format->fields();
  const EventField& field = fields[at];
  const bool swap = event.format->byte_order() != std::endian::native;
  const auto value_of = [&](const EventField& argument) -> std::uint64_t {
    if (record.size() >= std::size_t{argument.offset} + argument.size)
      return detail::load_wide(record.data() + argument.offset, argument.size, false, swap);
    missed_.add(PrintGap::short_record);
    return 0;
  };
  if (options_.verbose) {
    out.append(field.type);
    out.append(' ');
  }
  out.append(field.name);
  out.append(": ");
  const std::uint64_t value = value_of(field);
  if (!dialect_.syscall_values)
    return out.hex(value);
  if (value < kFirstHex) {
    out.decimal(value);
  } else {
    out.append("0x");
    out.hex(value);
  }
  // What the argument points to, where the kernel took it along.
  const EventField* const data = event.format->find("__" + field.name + "_val");
  if (data == nullptr)
    return;
  const auto reader = FieldReader<Bytes>::find(*event.format, data->name);
  const auto content = reader ? reader->operator()(record) : std::nullopt;
  if (!content)
    return missed_.add(PrintGap::short_record);
  const bool is_array =
      event.format->print_fmt().find("__print_dynamic_array(" + data->name + ",") != std::string::npos;
  const auto* const first = reinterpret_cast<const char*>(content->data());  // NOLINT(*-reinterpret-cast): as text
  const std::string_view text(first, content->size());
  if (!is_array) {
    out.append(" \"");
    out.append(text.substr(0, text.find('\0')));
    return out.append('"');
  }
  // The size is the next argument in all that have one. At most 63 bytes, or as the kernel's settings say, are there.
  const auto size = at + 1 < fields.size() ? static_cast<std::int32_t>(value_of(fields[at + 1])) : 0;
  const bool cut = static_cast<std::int64_t>(text.size()) < size;
  out.append(" (");
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i != 0)
      out.append(':');
    out.hex(static_cast<std::uint8_t>(text[i]), 2);
  }
  out.append(cut ? ", ...)" : ")");
  if (std::ranges::none_of(text, is_printable))
    return;
  out.append(" \"");
  for (const char c : text)
    out.append(is_printable(c) ? c : '.');
  out.append(cut ? "\"..." : "\"");
}

// The one call that Linux 7.0 prints in a way of its own: `flags: O_WRONLY|O_CREAT, mode: 0666`.
void RecordText::openat(Event& event, Bytes record, TextBuffer& out) {
  struct Flag {
    std::uint32_t value;
    std::string_view name;
  };
  constexpr std::uint32_t kCreate = 0x40;
  constexpr std::uint32_t kTemporary = 0x410000;
  constexpr std::array kFlags = {
      Flag{kTemporary, "O_TMPFILE"}, Flag{0x1, "O_WRONLY"},       Flag{0x2, "O_RDWR"},
      Flag{kCreate, "O_CREAT"},      Flag{0x80, "O_EXCL"},        Flag{0x100, "O_NOCTTY"},
      Flag{0x200, "O_TRUNC"},        Flag{0x400, "O_APPEND"},     Flag{0x800, "O_NONBLOCK"},
      Flag{0x1000, "O_DSYNC"},       Flag{0x4000, "O_DIRECT"},    Flag{0x8000, "O_LARGEFILE"},
      Flag{0x10000, "O_DIRECTORY"},  Flag{0x20000, "O_NOFOLLOW"}, Flag{0x40000, "O_NOATIME"},
      Flag{0x80000, "O_CLOEXEC"}};
  const auto value_of = [&](std::string_view name) -> std::uint64_t {
    const auto reader = FieldReader<std::uint64_t>::find(*event.format, name);
    const auto value = reader ? (*reader)(record) : std::nullopt;
    if (!value)
      missed_.add(PrintGap::short_record);
    return value.value_or(0);
  };
  out.append("dfd: ");
  out.decimal(value_of("dfd"));
  out.append(", filename: ");
  out.decimal(value_of("filename"));
  out.append(" \"");
  if (const auto name = FieldReader<std::string_view>::find(*event.format, "__filename_val"))
    out.append((*name)(record).value_or(std::string_view()));
  out.append("\", flags: ");
  const auto bits = static_cast<std::uint32_t>(value_of("flags"));
  std::uint32_t left = bits;
  if ((bits & 3U) == 0)
    out.append(bits == 0 ? "O_RDONLY" : "O_RDONLY|");
  bool first = true;
  const auto separate = [&] {
    if (!std::exchange(first, false))
      out.append('|');
  };
  for (const Flag& flag : kFlags) {
    if (left == 0 || (left & flag.value) != flag.value)
      continue;
    left &= ~flag.value;
    separate();
    out.append(flag.name);
  }
  if (left != 0) {
    separate();
    out.append("0x");
    out.hex(left);
  }
  if ((bits & (kCreate | kTemporary)) == 0)
    return;
  out.append(", mode: 0");
  const auto mode = static_cast<std::uint32_t>(value_of("mode"));
  constexpr unsigned kOctal = 3;
  unsigned digits = 3;
  while (digits * kOctal < 32 && mode >> (digits * kOctal) != 0)
    ++digits;
  while (digits-- > 0)
    out.append(static_cast<char>('0' + (mode >> (digits * kOctal) & 7U)));
}

void RecordText::append_call(std::uint16_t id, std::uint64_t function, std::span<const std::uint64_t> registers,
                             TextBuffer& out) {
  const auto found = sources_->symbols.find(function);
  append_arguments(sources_->types, found ? found->name : std::string_view(), registers, out);
  if (sources_->types != nullptr)
    return;
  // The kernel that recorded them knows its types.
  PrintGaps gaps;
  gaps.add(PrintGap::unknown_type);
  count(id, gaps);
}

void RecordText::function(const Event& event, std::uint16_t id, Bytes record, TextBuffer& out) {
  const std::uint64_t address = number(event, 0, record);
  append_ip(address, out);
  const std::uint32_t size = formats_->layout().long_size;
  if (event.rest_offset != 0 && record.size() >= event.rest_offset + kRecordedArguments * size) {
    const bool swap = event.format->byte_order() != std::endian::native;
    std::array<std::uint64_t, kRecordedArguments> registers{};
    for (std::size_t i = 0; i < registers.size(); ++i)
      registers[i] = detail::load_wide(record.data() + event.rest_offset + i * size, size, false, swap);
    append_call(id, address, registers, out);
  }
  const std::uint64_t parent = number(event, 1, record);
  if (!options_.print_parent || parent == 0)
    return;
  out.append(" <-");
  append_ip(parent, out);
}

void RecordText::stack(const Event& event, const RawRecord& record, TextBuffer& out) {
  constexpr std::uint64_t kTrampoline = 0x7fff'ffff;  // kernel/trace/trace.h: FTRACE_TRAMPOLINE_MARKER
  out.append("<stack trace>\n");
  const std::uint32_t size = formats_->layout().long_size;
  const std::uint64_t last = size == 8 ? ~std::uint64_t{0} : 0xffff'ffffU;
  const bool swap = event.format->byte_order() != std::endian::native;
  const std::uint64_t entries = number(event, 0, record.bytes());
  // Since Linux 4.x there may be more of them than the field `caller` says: `size` counts.
  for (std::uint64_t i = 0; i < entries; ++i) {
    const std::size_t at = event.rest_offset + i * size;
    if (at + size > record.size)
      return missed_.add(PrintGap::short_record);
    const std::uint64_t address = detail::load_wide(record.data + at, size, false, swap);
    if (address == last)
      return;
    out.append(" => ");
    if (address == kTrampoline)
      out.append("[FTRACE TRAMPOLINE]");
    else
      append_ip(address, out);
    out.append('\n');
  }
}

void RecordText::user_stack(const Event& event, Bytes record, TextBuffer& out) {
  out.append("<user stack trace>\n");
  const auto content = event.rest ? (*event.rest)(record) : std::nullopt;
  if (!content)
    return missed_.add(PrintGap::short_record);
  const std::uint32_t size = formats_->layout().long_size;
  const bool swap = event.format->byte_order() != std::endian::native;
  for (std::size_t at = 0; at + size <= content->size(); at += size) {
    const std::uint64_t address = detail::load_wide(content->data() + at, size, false, swap);
    if (address == 0)
      return;
    out.append(" =>  <");
    out.hex(address, 16);
    out.append(">\n");
  }
}

void RecordText::marker(Event& event, Bytes record, bool message_only, TextBuffer& out) {
  if (!message_only) {
    append_ip(number(event, 0, record), out);
    out.append(": ");
  }
  if (event.kind == RecordKind::print) {
    const auto content = event.rest ? (*event.rest)(record) : std::nullopt;
    if (!content)
      return missed_.add(PrintGap::short_record);
    return append_text_up_to_nul(*content, out);
  }
  const auto text = sources_->strings.find(number(event, 1, record));
  if (!text) {
    missed_.add(PrintGap::unknown_string);
    return out.append("<?>\n");
  }
  if (event.kind == RecordKind::bputs)
    return out.append(*text);
  const auto arguments = event.rest ? (*event.rest)(record) : std::nullopt;
  missed_ |= render_bprint(*text, arguments.value_or(Bytes{}), formats_->layout(), print_sources_, out);
}

void RecordText::raw_data(const Event& event, const RawRecord& record, TextBuffer& out) {
  out.append("# ");
  out.hex(number(event, 0, record.bytes()));
  out.append(" buf:");
  for (std::size_t at = event.rest_offset; at < record.size; ++at) {
    out.append(' ');
    out.hex(static_cast<std::uint8_t>(record.data[at]), 2);
  }
  out.append('\n');
}

void RecordText::switched(const Event& event, Bytes record, TextBuffer& out) {
  constexpr std::string_view kStates = "RSDTtXZPI";  // include/linux/sched.h, task_index_to_char()
  const auto task = [&](std::size_t pid, std::size_t prio, std::size_t state) {
    append_column(number(event, pid, record), 7, out);
    out.append(':');
    append_column(number(event, prio, record), 3, out);
    out.append(':');
    const std::uint64_t at = number(event, state, record);
    out.append(at < kStates.size() ? kStates[at] : '?');
  };
  out.append(' ');
  task(0, 1, 2);
  out.append(event.kind == RecordKind::context_switch ? " ==> [" : "   + [");
  out.decimal(number(event, 3, record), 3, '0');
  out.append("] ");
  task(4, 5, 6);
  out.append(' ');
  out.append(sources_->tasks.find(static_cast<std::int32_t>(number(event, 4, record))));
  out.append('\n');
}

// `#1     inner/outer(us):   10/11    ts:1700000000.123456789 count:1`
void RecordText::latency(const Event& event, Bytes record, TextBuffer& out) {
  out.append('#');
  append_left(number(event, 0, record), 5, out);
  out.append(" inner/outer(us): ");
  append_column(number(event, 1, record), 4, out);
  out.append('/');
  append_left(number(event, 2, record), 5, out);
  out.append(" ts:");
  out.signed_decimal(static_cast<std::int64_t>(number(event, 3, record)));
  out.append('.');
  out.decimal(number(event, 4, record), 9, '0');
  if (event.numbers[5]) {
    out.append(" count:");
    out.decimal(number(event, 5, record));
  }
  const std::uint64_t interrupts = number(event, 7, record);
  if (interrupts != 0) {
    const std::uint64_t total = number(event, 6, record);
    if (total != 0) {
      out.append(" nmi-total:");
      out.decimal(total);
    }
    out.append(" nmi-count:");
    out.decimal(interrupts);
  }
  out.append('\n');
}

void RecordText::noise(const Event& event, Bytes record, TextBuffer& out) {
  constexpr std::uint64_t kWhole = 10'000'000;
  constexpr std::uint64_t kPercent = 100'000;
  const std::uint64_t runtime = number(event, 0, record);
  const std::uint64_t noise = number(event, 1, record);
  const std::uint64_t ratio = runtime == 0 ? 0 : (runtime - noise) * kWhole / runtime;
  out.decimal(runtime);
  out.append(' ');
  append_column(noise, 10, out);
  out.append(' ');
  append_column(ratio / kPercent, 3, out);
  out.append('.');
  out.decimal(ratio % kPercent, 5, '0');
  out.append(' ');
  append_column(number(event, 2, record), 7, out);
  for (std::size_t i = 3; i < 8; ++i) {
    out.append(' ');
    append_column(number(event, i, record), 6, out);
  }
  out.append('\n');
}

void RecordText::timer_latency(const Event& event, Bytes record, TextBuffer& out) {
  constexpr std::array<std::string_view, 3> kContexts = {"   irq", "thread", "user-ret"};
  const std::uint64_t context = number(event, 1, record);
  out.append('#');
  append_left(number(event, 0, record), 5, out);
  out.append(" context ");
  out.append(context < kContexts.size() ? kContexts[context] : std::string_view("     ?"));
  out.append(" timer_latency ");
  append_column(number(event, 2, record), 9, out);
  out.append(" ns\n");
}

}  // namespace fathom::output
