#include "link_update.hpp"

#include "error_cause.hpp"
#include "link_info.hpp"

#include <fathom/bpf/bpf_link.hpp>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

namespace fathom::bpf {

namespace {

BpfFailure update_failure(int errno_value, const detail::LinkState& link, const std::string& name) {
  BpfFailure failure{.errno_value = errno_value,
                     .operation = "put " + name + " in the place of",
                     .name = link.what,
                     .cause = cause_of(errno_value, false)};
  if (failure.cause == BpfCause::denied)
    failure.hint = denied_hint(Right::bpf);
  return failure;
}

BpfFailure with_target(BpfFailure failure, std::string hint) {
  failure.cause = BpfCause::bad_attach_target;
  failure.hint = std::move(hint);
  return failure;
}

std::string other_type(BpfProgramType held, const BpfProgram& program) {
  return "the link holds a program of type " + std::string(to_string(held)) + ", and " + program.name() +
         " is of type " + std::string(to_string(program.type()));
}

// Nothing where the kernel does not tell: this is asked to explain an error, not to make another.
std::optional<BpfLinkInfo> info_of(const detail::LinkState& link) {
  try {
    return read_link_info(link.fd.get(), link.what);
  } catch (const BpfError&) {
    return std::nullopt;
  }
}

std::optional<BpfProgramType> type_of(std::uint32_t program_id) {
  try {
    return BpfProgram::from_id(program_id).type();
  } catch (const BpfError&) {
    return std::nullopt;  // needs CAP_SYS_ADMIN
  }
}

// The kinds with an update_prog in their struct bpf_link_ops (Linux 7.1).
bool takes_other_programs(BpfLinkType type) {
  using enum BpfLinkType;
  return type == cgroup || type == iter || type == netns || type == xdp || type == tcx || type == netkit ||
         type == sockmap;
}

// What ENOLINK says is gone.
std::string place_of(BpfLinkType type) {
  using enum BpfLinkType;
  switch (type) {
    case cgroup:
      return "the cgroup";
    case netns:
      return "the network namespace";
    case xdp:
    case tcx:
    case netkit:
      return "the network device";
    case sockmap:
      return "the map of sockets";
    case struct_ops:
      return "the table";
    default:
      return "the place";
  }
}

BpfFailure gone(BpfFailure failure, const std::optional<BpfLinkInfo>& info) {
  return with_target(std::move(failure), place_of(info ? info->type : BpfLinkType::unspec) +
                                             " that the link was attached to is gone, or somebody has detached the "
                                             "link: attach anew");
}

BpfFailure refused(BpfFailure failure, const BpfLinkInfo& info, const BpfProgram& program) {
  if (info.type == BpfLinkType::struct_ops)
    return with_target(std::move(failure), "the link holds a table: update it with another StructOps");
  if (!takes_other_programs(info.type)) {
    failure.cause = BpfCause::unsupported;
    failure.hint = "links of kind " + std::string(to_string(info.type)) +
                   " keep their program: attach the other one, then give this link up";
    return failure;
  }
  const std::optional<BpfProgramType> held = type_of(info.program_id);
  if (held && *held != program.type())
    return with_target(std::move(failure), other_type(*held, program));
  return with_target(std::move(failure),
                     "a link takes only programs that were verified for what its own was" +
                         (info.attach_type ? ": " + std::string(to_string(*info.attach_type)) : std::string()));
}

BpfFailure explained(int errno_value, const detail::LinkState& link, const BpfProgram& program) {
  BpfFailure failure = update_failure(errno_value, link, program.name());
  if (errno_value != ENOLINK && errno_value != EINVAL)
    return failure;
  const std::optional<BpfLinkInfo> info = info_of(link);
  if (errno_value == ENOLINK)
    return gone(std::move(failure), info);
  return info ? refused(std::move(failure), *info, program) : failure;
}

}  // namespace

void check_update(const detail::LinkState& link, const BpfProgram& program) {
  if (!link.program_type || *link.program_type == program.type())
    return;
  BpfFailure failure = update_failure(EINVAL, link, program.name());
  const std::optional<BpfLinkInfo> info = info_of(link);
  if (info && !takes_other_programs(info->type))
    throw BpfError(refused(std::move(failure), *info, program));
  throw BpfError(with_target(std::move(failure), other_type(*link.program_type, program)));
}

BpfError update_error(int errno_value, const detail::LinkState& link, const BpfProgram& program) {
  return BpfError(explained(errno_value, link, program));
}

BpfError update_error(int errno_value, const detail::LinkState& link, const BpfProgram& program,
                      const BpfProgram& expected) {
  const std::optional<BpfLinkInfo> info = errno_value == EPERM ? info_of(link) : std::nullopt;
  if (info && info->program_id != expected.id())
    return BpfError(with_target(update_failure(errno_value, link, program.name()),
                                "what is attached now is not " + expected.name() + ", but " + "the program of id " +
                                    std::to_string(info->program_id)));
  return update_error(errno_value, link, program);
}

BpfError update_error(int errno_value, const detail::LinkState& link, const StructOps& table) {
  BpfFailure failure = update_failure(errno_value, link, table.name());
  const std::optional<BpfLinkInfo> info = info_of(link);
  if (errno_value == ENOLINK)
    return BpfError(gone(std::move(failure), info));
  if (errno_value == EINVAL && info && info->type != BpfLinkType::struct_ops)
    return BpfError(with_target(std::move(failure),
                                "the link is of kind " + std::string(to_string(info->type)) + ", and takes no table"));
  return BpfError(std::move(failure));
}

}  // namespace fathom::bpf
