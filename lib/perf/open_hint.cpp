#include "open_hint.hpp"

#include <fathom/base/cpu_set.hpp>

#include <cerrno>
#include <cstdint>
#include <fstream>

namespace fathom::perf {

namespace {

constexpr const char* kSoftwareAlwaysWorks =
    "; software events work on every machine: cpu-clock, task-clock, page-faults, context-switches, cpu-migrations";

// kernel/events/core.c, PERF_FLAG_FD_CLOEXEC and others: what the processor's PMU counts.
bool of_the_processor(const perf_event_attr& attr) {
  return attr.type == PERF_TYPE_HARDWARE || attr.type == PERF_TYPE_HW_CACHE || attr.type == PERF_TYPE_RAW;
}

std::string denied(const OpenFailure& failure) {
  std::string hint = "it needs CAP_PERFMON (before Linux 5.8: CAP_SYS_ADMIN), or kernel.perf_event_paranoid at most ";
  hint += std::to_string(failure.purpose.paranoid);
  const auto paranoid = read_sysctl(failure.purpose.proc, "perf_event_paranoid");
  if (paranoid)
    hint += ", and that is " + std::to_string(*paranoid);
  // Debian's own patch "security,perf: Allow further restriction of perf_event_open": of CAP_PERFMON it knows nothing.
  if (paranoid > 2)
    hint += ", with which Debian's kernels want CAP_SYS_ADMIN";
  if (failure.target.pid >= 0)
    hint += "; a task of another user needs CAP_SYS_PTRACE or CAP_PERFMON";
  hint += "; a container's system call filter may forbid it as well";
  return hint;
}

std::string no_such_event(const OpenFailure& failure) {
  if (failure.target.cgroup) {
    return "the cgroup lacks the controller perf_event: of version 1 it has a hierarchy of its own; of version 2 the "
           "kernel "
           "brings it in with the first write to cgroup.subtree_control of the root";
  }
  if (of_the_processor(failure.attr)) {
    return std::string(
               "this machine has no PMU (performance monitoring unit) that counts it: a virtual machine often has "
               "none at all") +
           kSoftwareAlwaysWorks;
  }
  return std::string("this kernel or this processor has no such event") + kSoftwareAlwaysWorks;
}

std::string not_capable(const OpenFailure& failure) {
  if (failure.attr.type == PERF_TYPE_BREAKPOINT)
    return "this processor cannot watch for this kind of access";
  if (failure.attr.sample_period != 0 && of_the_processor(failure.attr))
    return std::string("the PMU raises no interrupts, so this event can be counted but not sampled") +
           kSoftwareAlwaysWorks;
  return "this event cannot be had in this way: without the filter of user space, kernel or idle, a lower precision, "
         "or "
         "counted instead of sampled";
}

std::string invalid(const OpenFailure& failure) {
  const perf_event_attr& attr = failure.attr;
  const auto most = read_sysctl(failure.purpose.proc, "perf_event_max_sample_rate");
  if (attr.freq != 0 && most && *most >= 0 && attr.sample_freq > static_cast<std::uint64_t>(*most)) {
    return std::to_string(attr.sample_freq) + " Hz is more than kernel.perf_event_max_sample_rate, and that is " +
           std::to_string(*most);
  }
  if (attr.type == PERF_TYPE_BREAKPOINT)
    return "a breakpoint is 1, 2, 4 or 8 bytes at a multiple of its length; x86 has none for reads alone";
  if (attr.inherit != 0 && (attr.read_format & PERF_FORMAT_GROUP) != 0)
    return "groups that children inherit came with Linux 4.13";
  return "this kernel does not know one of the attributes";
}

std::string no_device(const OpenFailure& failure) {
  std::string hint = "the CPU is not online, or its hardware is missing";
  try {
    hint += "; online are " + CpuSet::online(failure.purpose.sys).list();
  } catch (const Error&) {
    return hint;
  }
  return hint;
}

std::string stack_too_deep(const OpenFailure& failure) {
  std::string hint = "no call chain may be longer than kernel.perf_event_max_stack";
  if (const auto most = read_sysctl(failure.purpose.proc, "perf_event_max_stack"))
    hint += ", and that is " + std::to_string(*most);
  return hint;
}

}  // namespace

std::string open_hint(const OpenFailure& failure) {
  switch (failure.errno_value) {
    case EACCES:
    case EPERM:
      return denied(failure);
    case ENOENT:
      return no_such_event(failure);
    case EOPNOTSUPP:
      return not_capable(failure);
    case EINVAL:
    case E2BIG:
      return invalid(failure);
    case EOVERFLOW:
      return stack_too_deep(failure);
    case ESRCH:
      return "there is no thread of this number, or it has ended";
    case EBADF:
      return "the cgroup is none of the controller perf_event: with cgroups of version 1 it has a hierarchy of its own";
    case EBUSY:
    case ENOSPC:
      return failure.attr.type == PERF_TYPE_BREAKPOINT
                 ? "the processor's breakpoints are all in use: x86 has four for each thread"
                 : "another event has the PMU for itself";
    case EMFILE:
      return "too many open files: an event takes a descriptor or more for each CPU or thread; raise the limit (ulimit "
             "-n)";
    case ENOSYS:
      return "the kernel was built without CONFIG_PERF_EVENTS";
    case ENODEV:
      return no_device(failure);
    default:
      return {};
  }
}

std::optional<int> read_sysctl(const std::string& proc, const std::string& name) {
  std::ifstream file(proc + "/sys/kernel/" + name);
  int value = 0;
  if (file >> value)
    return value;
  return std::nullopt;
}

}  // namespace fathom::perf
