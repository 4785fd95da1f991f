#include "kprobe_attach.hpp"

#include "attach_failure.hpp"
#include "kernel_functions.hpp"
#include "link_access.hpp"
#include "perf/event_source.hpp"
#include "perf/open_probe.hpp"
#include "perf_link.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_error.hpp>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

namespace fathom::bpf {

namespace {

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 16> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return "0x" + std::string(digits.data(), result.ptr);
}

std::string target_text(const perf::KernelProbe& probe) {
  std::string place = probe.function.empty() ? "the address " + hexadecimal(probe.offset) : probe.function;
  if (!probe.function.empty() && probe.offset != 0)
    place += '+' + hexadecimal(probe.offset);
  return (probe.at_return ? "the return of " : "") + place;
}

perf::KernelProbe probe_of(const KprobeTarget& target, bool at_return) {
  if (const auto* symbol = std::get_if<KernelSymbol>(&target))
    return {symbol->name, symbol->offset, at_return};
  return {{}, std::get<KernelAddress>(target).address, at_return};
}

void explain_symbol(BpfFailure& failure, const perf::KernelProbe& probe, const KprobeOptions& options) {
  const KernelNames names = find_kernel_function(options.kallsyms, probe.function);
  failure.cause = BpfCause::bad_attach_target;
  if (names.count == 0) {
    failure.cause = BpfCause::no_such_function;
    failure.hint = "the kernel has no function of this name" + names.nearest;
  } else if (names.count > 1 && failure.errno_value == EADDRNOTAVAIL) {
    failure.hint = std::to_string(names.count) + " functions have this name: say which by its address (KernelAddress)";
  } else if (probe.offset != 0) {
    failure.hint = "the function may not be probed at this offset: it must be where an instruction begins";
  } else {
    failure.hint = "the function is there but may not be probed: see kprobes/blacklist in debugfs";
  }
}

// What register_kprobe (kernel/kprobes.c) and create_local_trace_kprobe (kernel/trace/trace_kprobe.c) say.
BpfError open_failure(const BpfProgram& program, const perf::KernelProbe& probe, int error,
                      const KprobeOptions& options) {
  BpfFailure failure = attach_failure(program, error, target_text(probe));
  switch (error) {
    case ENOENT:
    case EINVAL:
    case EILSEQ:
    case EADDRNOTAVAIL:
      if (!probe.function.empty()) {
        explain_symbol(failure, probe, options);
      } else {
        failure.cause = BpfCause::bad_attach_target;
        failure.hint = "no instruction that may be probed begins at this address";
      }
      break;
    default:
      break;
  }
  return BpfError(std::move(failure));
}

std::uint32_t source_type(const BpfProgram& program, const perf::KernelProbe& probe, const KprobeOptions& options) {
  if (const auto type = perf::event_source_type(options.sysfs, "kprobe"))
    return *type;
  BpfFailure failure = attach_failure(program, EOPNOTSUPP, target_text(probe));
  failure.hint = "this kernel has no kprobes (CONFIG_KPROBE_EVENTS): " + options.sysfs +
                 "/bus/event_source/devices/kprobe is not there";
  throw BpfError(std::move(failure));
}

BpfLink attach_event(const BpfProgram& program, const UniqueFd& event, const perf::KernelProbe& probe,
                     const KprobeOptions& options) {
  return LinkAccess::from_fd(link_to_perf_event(program, event.get(), options.cookie, target_text(probe)), program);
}

// The functions of a system call, as the processor's wrappers name them (arch/*/include/asm/syscall_wrapper.h).
constexpr std::array kSyscallPrefixes = {
#if defined(__x86_64__)
    std::string_view("__x64_sys_"),
#elif defined(__aarch64__)
    std::string_view("__arm64_sys_"),
#elif defined(__s390x__)
    std::string_view("__s390x_sys_"),
#elif defined(__riscv)
    std::string_view("__riscv_sys_"),
#endif
    std::string_view("__se_sys_"), std::string_view("sys_")};

}  // namespace

KernelSymbol parse_kernel_symbol(std::string_view text, const BpfProgram& program) {
  const std::size_t plus = text.find('+');
  KernelSymbol symbol{std::string(text.substr(0, plus))};
  if (symbol.name.empty())
    throw no_target(program, "FUNCTION");
  if (plus == std::string_view::npos)
    return symbol;
  std::string_view number = text.substr(plus + 1);
  const int base = number.starts_with("0x") ? 16 : 10;
  number.remove_prefix(base == 16 ? 2 : 0);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), symbol.offset, base);
  if (error != std::errc() || end != number.data() + number.size())
    throw bad_target(program, EINVAL, std::string(text), "what stands behind the '+' is no number");
  return symbol;
}

BpfLink attach_kprobe(const BpfProgram& program, const KprobeTarget& target, bool at_return,
                      const KprobeOptions& options) {
  const perf::KernelProbe probe = probe_of(target, at_return);
  const std::uint32_t type = source_type(program, probe, options);
  UniqueFd event;
  try {
    event = perf::open_kprobe(type, probe);
  } catch (const Error& error) {
    throw open_failure(program, probe, error.code().value(), options);
  }
  return attach_event(program, event, probe, options);
}

BpfLink attach_ksyscall(const BpfProgram& program, std::string_view syscall, bool at_return,
                        const KprobeOptions& options) {
  if (syscall.empty())
    throw no_target(program, "system call");
  int first_error = 0;
  perf::KernelProbe probe{{}, 0, at_return};
  for (const std::string_view prefix : kSyscallPrefixes) {
    probe.function = std::string(prefix) + std::string(syscall);
    const std::uint32_t type = source_type(program, probe, options);
    UniqueFd event;
    try {
      event = perf::open_kprobe(type, probe);
    } catch (const Error& error) {
      first_error = first_error == 0 ? error.code().value() : first_error;
      continue;
    }
    return attach_event(program, event, probe, options);
  }
  probe.function = std::string(kSyscallPrefixes[0]) + std::string(syscall);
  throw open_failure(program, probe, first_error, options);
}

}  // namespace fathom::bpf
