#include "error_cause.hpp"
#include "link_access.hpp"
#include "perf/open_tracepoint.hpp"
#include "target_names.hpp"
#include "tracefs_path.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/tracepoint.hpp>

#include <bpf/bpf.h>

#include <cerrno>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

namespace fathom {

namespace {

BpfError attach_error(const BpfProgram& program, const std::string& event, int error, BpfCause cause,
                      std::string hint) {
  return BpfError({.errno_value = error,
                   .operation = "attach",
                   .object = program.object_name(),
                   .name = program.name(),
                   .target = "the tracepoint " + event,
                   .cause = cause,
                   .hint = std::move(hint)});
}

std::uint64_t event_id(const BpfProgram& program, std::string_view category, std::string_view event,
                       const std::string& tracefs) {
  const std::string name = std::string(category) + ':' + std::string(event);
  if (category.empty() || event.empty() || name.find('/') != std::string::npos)
    throw attach_error(program, name, EINVAL, BpfCause::bad_attach_target,
                       "a tracepoint is CATEGORY/EVENT: sched/sched_switch");
  const std::string path = tracefs + "/events/" + std::string(category) + '/' + std::string(event) + "/id";
  errno = 0;
  std::ifstream file(path);
  std::uint64_t id = 0;
  if (file >> id)
    return id;
  const int error = errno != 0 ? errno : ENOENT;
  if (error == EACCES || error == EPERM)
    throw attach_error(program, name, error, BpfCause::denied, "reading " + path + " needs root");
  if (!bpf::has_events(tracefs))
    throw attach_error(program, name, error, BpfCause::bad_attach_target,
                       "no tracefs at " + tracefs + ": mount -t tracefs tracefs " + tracefs);
  throw attach_error(program, name, error, BpfCause::bad_attach_target,
                     "there is no such event" + bpf::near_events(tracefs, category, event));
}

}  // namespace

Tracepoint::Tracepoint(const BpfProgram& program)
    : BpfProgram(program, program.type() == BpfProgramType::tracepoint, "a tracepoint program") {}

BpfLink Tracepoint::attach(const TracepointOptions& options) const {
  const std::string_view target = attach_target();
  const std::size_t slash = target.find('/');
  if (slash == std::string_view::npos)
    throw attach_error(*this, std::string(target), EINVAL, BpfCause::bad_attach_target,
                       "the section '" + section() + "' names no CATEGORY/EVENT: say which, or set attach_target");
  return attach(target.substr(0, slash), target.substr(slash + 1), options);
}

BpfLink Tracepoint::attach(std::string_view category, std::string_view event, const TracepointOptions& options) const {
  const std::string tracefs = bpf::tracefs_or_default(options.tracefs);
  const std::uint64_t id = event_id(*this, category, event, tracefs);
  const std::string name = std::string(category) + ':' + std::string(event);
  try {
    const UniqueFd perf_event = perf::open_tracepoint(id);
    bpf_link_create_opts link_options{};
    link_options.sz = sizeof(link_options);
    link_options.perf_event.bpf_cookie = options.cookie.value_or(0);
    UniqueFd link(::bpf_link_create(native_handle(), perf_event.get(), BPF_PERF_EVENT, &link_options));
    if (!link) {
      const int error = errno;
      // kernel/trace/bpf_trace.c: a program that reads beyond the event's record is refused only here.
      if (error == EACCES)
        throw attach_error(*this, name, error, BpfCause::bad_attach_target,
                           "the program reads beyond this event's record: see its format file");
      throw attach_error(*this, name, error, bpf::cause_of(error, false),
                         error == EPERM ? bpf::denied_hint(bpf::Right::tracing) : std::string());
    }
    return LinkAccess::from_fd(std::move(link), *this);
  } catch (const BpfError&) {
    throw;
  } catch (const Error& error) {
    const int number = error.code().value();
    throw attach_error(*this, name, number, bpf::cause_of(number, false), error.what());
  }
}

}  // namespace fathom
