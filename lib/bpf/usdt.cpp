#include "attach_failure.hpp"
#include "handles.hpp"
#include "libbpf_print.hpp"
#include "link_access.hpp"
#include "program_section.hpp"
#include "uprobe_places.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/usdt.hpp>

#include <bpf/libbpf.h>

#include <cerrno>
#include <string>
#include <utility>

namespace fathom {

namespace {

UsdtTarget parse_usdt_target(const BpfProgram& program) {
  const char* const form = "BINARY:PROVIDER:NAME";
  bpf::BinaryTarget parts = bpf::parse_binary_target(program, form);
  const std::size_t colon = parts.binary.rfind(':');
  if (colon == std::string::npos || colon == 0 || parts.binary.find('/', colon) != std::string::npos)
    throw bpf::no_target(program, form);
  return {parts.binary.substr(0, colon), parts.binary.substr(colon + 1), std::move(parts.rest)};
}

BpfError attach_error(const BpfProgram& program, int error, const UsdtTarget& target, const std::string& messages) {
  BpfFailure failure = bpf::attach_failure(
      program, error, "the USDT probe " + target.provider + ':' + target.name + " of " + target.binary);
  failure.messages = messages;
  switch (error) {
    case ENOENT:
    case ESRCH:
    case EINVAL:
    case ENOEXEC:
    case EBADF:
      failure.cause = BpfCause::bad_attach_target;
      // What libbpf said is about the one thing that was wrong.
      failure.hint = messages.empty() ? "there is no such probe in the file" : messages.substr(0, messages.find('\n'));
      break;
    default:
      break;
  }
  return BpfError(std::move(failure));
}

}  // namespace

Usdt::Usdt(const BpfProgram& program)
    : BpfProgram(program, bpf::is_kprobe_of(program, {"usdt", "usdt.s"}, BpfAttachType{}), "a usdt program") {}

BpfLink Usdt::attach(const UsdtOptions& options) const {
  return attach(parse_usdt_target(*this), options);
}

BpfLink Usdt::attach(const UsdtTarget& target, const UsdtOptions& options) const {
  const bpf_program* const program = ProgramAccess::libbpf(*this);
  if (program == nullptr)
    throw bpf::bad_target(*this, EINVAL, target.binary,
                          "a program that was pinned or found by id has no maps of places: load its object here");
  const int pid = bpf::pid_of(options.tasks, -1, *this);
  bpf_usdt_opts usdt_options{};
  usdt_options.sz = sizeof(usdt_options);
  usdt_options.usdt_cookie = options.cookie.value_or(0);
  const bpf::PrintScope scope;
  bpf_link* const link = bpf_program__attach_usdt(program, pid, target.binary.c_str(), target.provider.c_str(),
                                                  target.name.c_str(), &usdt_options);
  if (link == nullptr)
    throw attach_error(*this, errno, target, scope.warnings());
  // Of many uprobes, and so without a descriptor.
  return LinkAccess::from_libbpf(link, *this);
}

}  // namespace fathom
