#include "attach_failure.hpp"
#include "error_cause.hpp"
#include "link_access.hpp"
#include "link_create.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_iter.hpp>

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace fathom {

namespace {

// What a scope is to the kernel; `cgroup` is open as long as the link is being made.
struct IterInfo {
  bpf_iter_link_info info{};
  bool used = true;
  UniqueFd cgroup{};
  std::string text{};
};

struct Describe {
  const BpfProgram& program;

  IterInfo operator()(const AnyTask&) const { return {.used = false, .text = program.attach_target()}; }
  IterInfo operator()(const OneProcess& task) const {
    check(task.pid);
    check_target("task", "a process");
    IterInfo result{.text = "the process " + std::to_string(task.pid)};
    result.info.task.pid = static_cast<__u32>(task.pid);
    return result;
  }
  IterInfo operator()(const Thread& thread) const {
    check(thread.tid);
    check_target("task", "a thread");
    IterInfo result{.text = "the thread " + std::to_string(thread.tid)};
    result.info.task.tid = static_cast<__u32>(thread.tid);
    return result;
  }
  IterInfo operator()(const BpfMap& map) const {
    check_target("bpf_", "a map");
    IterInfo result{.text = "the elements of " + map.name()};
    result.info.map.map_fd = static_cast<__u32>(map.native_handle());
    return result;
  }
  IterInfo operator()(const CgroupWalk& walk) const {
    check_target("cgroup", "a cgroup");
    IterInfo result{.cgroup = UniqueFd(::open(walk.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
                    .text = "the cgroup " + walk.path};
    if (!result.cgroup)
      throw bpf::bad_target(program, errno, result.text, "the cgroup's folder cannot be opened");
    result.info.cgroup.order = static_cast<bpf_cgroup_iter_order>(walk.order);
    result.info.cgroup.cgroup_fd = static_cast<__u32>(result.cgroup.get());
    return result;
  }

  // The kernel takes a number for whatever the iterator needs: a map's descriptor for a thread.
  void check_target(std::string_view prefix, const std::string& what) const {
    if (const std::string& target = program.attach_target(); !target.empty() && !target.starts_with(prefix))
      throw bpf::bad_target(program, EINVAL, what, "'iter/" + target + "' does not go through " + what);
  }
  // The kernel would take 0 for all of them.
  void check(int id) const {
    if (id <= 0)
      throw bpf::bad_target(program, ESRCH, "the task " + std::to_string(id), "an id of a task is above 0");
  }
};

BpfError attach_error(const BpfProgram& program, int error, const std::string& target) {
  BpfFailure failure = bpf::attach_failure(program, error, target);
  switch (error) {
    case ESRCH:
    case EBADF:
    case EINVAL:
      failure.cause = BpfCause::bad_attach_target;
      failure.hint = "'" + program.section() +
                     "' does not go through this: no such task, a map of another type or smaller than what the program "
                     "reads, or nothing that this iterator takes (tasks and cgroups since Linux 6.1)";
      break;
    default:
      break;
  }
  return BpfError(std::move(failure));
}

}  // namespace

BpfIter::BpfIter(const BpfProgram& program)
    : BpfProgram(
          program,
          program.type() == BpfProgramType::tracing && program.expected_attach_type() == BpfAttachType::trace_iter,
          "an iterator program") {}

BpfLink BpfIter::attach(const BpfIterScope& scope) const {
  const IterInfo described = std::visit(Describe{*this}, scope);
  bpf::LinkCreateAttr attr = bpf::link_attr(native_handle(), BpfAttachType::trace_iter);
  if (described.used) {
    attr.iter.info = reinterpret_cast<std::uintptr_t>(&described.info);
    attr.iter.info_len = sizeof(described.info);
  }
  UniqueFd link = bpf::create_link(attr);
  if (!link)
    throw attach_error(*this, errno, described.text);
  return LinkAccess::from_fd(std::move(link), *this);
}

UniqueFd BpfIter::open(const BpfLink& link) const {
  UniqueFd fd(::bpf_iter_create(link.native_handle()));
  if (!fd)
    throw bpf::failed(errno, "open the iterator", object_name(), name());
  return fd;
}

std::string BpfIter::read(const BpfLink& link) const {
  const UniqueFd fd = open(link);
  std::string text;
  std::array<char, 4096> chunk{};
  for (;;) {
    const ssize_t got = ::read(fd.get(), chunk.data(), chunk.size());
    if (got > 0)
      text.append(chunk.data(), static_cast<std::size_t>(got));
    else if (got == 0)
      return text;
    else if (errno != EINTR && errno != EAGAIN)  // EAGAIN: the kernel stopped to let others run, and goes on
      throw bpf::failed(errno, "read the iterator", object_name(), name());
  }
}

}  // namespace fathom
