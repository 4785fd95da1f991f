#include "event_program.hpp"

#include <fathom/base/error.hpp>

#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

namespace fathom::perf {

namespace {

// The whole union: older kernels refuse what they do not know and is not 0.
bpf_attr no_attributes() {
  bpf_attr attr;
  std::memset(&attr, 0, sizeof(attr));
  return attr;
}

int call_bpf(bpf_cmd command, bpf_attr& attr) {
  return static_cast<int>(::syscall(SYS_bpf, command, &attr, sizeof(attr)));
}

// What the kernel says of a program or link; empty, with errno, if nothing.
template <class Info>
std::optional<Info> info_of(int fd) {
  Info info;
  std::memset(&info, 0, sizeof(info));
  bpf_attr attr = no_attributes();
  attr.info.bpf_fd = static_cast<__u32>(fd);
  attr.info.info_len = sizeof(info);
  attr.info.info = reinterpret_cast<std::uintptr_t>(&info);
  if (call_bpf(BPF_OBJ_GET_INFO_BY_FD, attr) != 0)
    return std::nullopt;
  return info;
}

constexpr const char* kTooManyFiles =
    "too many open files: PerfTimer says how many a timer takes; raise the limit (ulimit -n)";

std::string attach_hint(int errno_value) {
  switch (errno_value) {
    case EINVAL:
      return "perf events run programs of SEC(\"perf_event\") only";
    case EACCES:
    case EPERM:
      return "it needs CAP_PERFMON, or CAP_SYS_ADMIN";
    case EMFILE:
      return kTooManyFiles;
    default:
      return {};
  }
}

std::string admin_hint(int errno_value) {
  if (errno_value == EINVAL)
    return "they came with Linux 5.8: give PerfTimerOptions::counter, or switch count_runs off";
  return "it needs CAP_SYS_ADMIN: give PerfTimerOptions::counter, or switch count_runs off";
}

}  // namespace

EventProgram::EventProgram(int program) : program_(program) {
  const auto info = info_of<bpf_prog_info>(program);
  if (!info) {
    const int error = errno == EBADFD ? EBADF : errno;  // BPF says "in bad state" of what is not open
    throw Error(error, "ask for the timer's program", {}, "a program is given by its descriptor");
  }
  id_ = info->id;
}

ProgramLink EventProgram::attach(int event) const {
  bpf_attr attr = no_attributes();
  attr.link_create.prog_fd = static_cast<__u32>(program_);
  attr.link_create.target_fd = static_cast<__u32>(event);
  attr.link_create.attach_type = BPF_PERF_EVENT;
  UniqueFd link(call_bpf(BPF_LINK_CREATE, attr));
  if (!link) {
    // EINVAL is also what kernels before 5.15 say, which have no such links.
    if (errno == EINVAL && ::ioctl(event, PERF_EVENT_IOC_SET_BPF, program_) == 0)
      return {};
    const int error = errno;
    throw Error(error, "have a timer run the program", {}, attach_hint(error));
  }
  const auto info = info_of<bpf_link_info>(link.get());
  if (!info)
    throw Error(errno, "ask for the link to the timer's program");
  return {.link = std::move(link), .id = info->id};
}

bool EventProgram::has_links_besides(const std::vector<std::uint32_t>& own) const {
  for (__u32 id = 0;;) {
    bpf_attr attr = no_attributes();
    attr.start_id = id;
    if (call_bpf(BPF_LINK_GET_NEXT_ID, attr) != 0) {
      const int error = errno;
      if (error == ENOENT)
        return false;
      throw Error(error, "go through the links of BPF programs", {}, admin_hint(error));
    }
    id = attr.next_id;
    if (std::ranges::find(own, id) != own.end())
      continue;
    attr = no_attributes();
    attr.link_id = id;
    const UniqueFd link(call_bpf(BPF_LINK_GET_FD_BY_ID, attr));
    if (!link) {
      const int error = errno;
      if (error == ENOENT || error == EAGAIN)
        continue;  // it has ended meanwhile, or is not made yet
      throw Error(error, "ask whose program a BPF link runs", {}, error == EMFILE ? kTooManyFiles : admin_hint(error));
    }
    const auto info = info_of<bpf_link_info>(link.get());
    if (info && info->prog_id == id_)
      return true;
  }
}

UniqueFd keep_run_statistics() {
  bpf_attr attr = no_attributes();
  attr.enable_stats.type = BPF_STATS_RUN_TIME;
  UniqueFd fd(call_bpf(BPF_ENABLE_STATS, attr));
  if (!fd) {
    const int error = errno;
    throw Error(error, "switch on the statistics of BPF programs", {}, admin_hint(error));
  }
  return fd;
}

}  // namespace fathom::perf
