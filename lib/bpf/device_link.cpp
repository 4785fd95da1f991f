#include "device_link.hpp"

#include "attach_failure.hpp"
#include "error_cause.hpp"
#include "feature_probe.hpp"
#include "kernel_constants.hpp"
#include "link_access.hpp"
#include "link_create.hpp"

#include <fathom/bpf/bpf_error.hpp>

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace fathom::bpf {

namespace {

// BPF_MPROG_MAX of include/linux/bpf_mprog.h.
constexpr std::size_t kMostPrograms = 64;

// kernel/bpf/mprog.c, bpf_mprog_attach and what it calls; drivers/net/netkit.c, netkit_dev_fetch.
void explain(BpfFailure& failure, const DevicePlace& place, const DeviceLinkOptions& options) {
  const auto is_target = [&](const char* hint) {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = hint;
  };
  switch (failure.errno_value) {
    case ENODEV:
      is_target("the device is gone, or in another network namespace");
      break;
    case ENXIO:
      is_target("this device is not of kind netkit");
      break;
    case EACCES:
      if (place.kind == BpfAttachKind::netkit)
        is_target("this is the peer device: programs of both are attached through the primary one");
      break;
    case EEXIST:
      is_target("this program is attached there already");
      break;
    case ESTALE:
      is_target("the programs there have changed: the revision is not the one that was expected");
      break;
    case ENOENT:
    case EDOM:
      is_target("what it was to be placed beside is not attached there");
      break;
    case ERANGE:
      is_target("64 programs are attached there, and no more can be");
      break;
    case EINVAL:
    case E2BIG:
      if (probe_attach(place.kind) == BpfSupport::no) {
        failure.cause = BpfCause::unsupported;
        failure.hint = place.since;
      } else if (options.order.descriptor() != 0) {
        is_target("what it was to be placed beside is of another kind");
      }
      break;
    default:
      break;
  }
}

}  // namespace

BpfLink attach_to_device(const BpfProgram& program, const NetworkDevice& device, const DevicePlace& place,
                         const DeviceLinkOptions& options) {
  LinkCreateAttr attr = link_attr(program.native_handle(), place.attach_type, static_cast<int>(device.index()));
  attr.flags = options.order.flags();
  attr.ordered.relative_fd = static_cast<std::uint32_t>(options.order.descriptor());
  attr.ordered.expected_revision = options.expected_revision.value_or(0);
  UniqueFd link = create_link(attr);
  if (link)
    return LinkAccess::from_fd(std::move(link), program);
  BpfFailure failure = attach_failure(program, errno, place.target);
  explain(failure, place, options);
  throw BpfError(std::move(failure));
}

DevicePrograms query_device(const NetworkDevice& device, const DevicePlace& place) {
  std::array<std::uint32_t, kMostPrograms> programs{};
  std::array<std::uint32_t, kMostPrograms> links{};
  ProgQueryAttr attr{};
  attr.target_fd = device.index();
  attr.attach_type = static_cast<std::uint32_t>(place.attach_type);
  attr.prog_ids = reinterpret_cast<std::uintptr_t>(programs.data());
  attr.prog_cnt = programs.size();
  attr.link_ids = reinterpret_cast<std::uintptr_t>(links.data());
  if (::syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) != 0) {
    BpfFailure failure{.errno_value = errno, .operation = "ask for the programs at", .name = place.target};
    failure.cause = cause_of(failure.errno_value, false);
    if (failure.cause == BpfCause::denied)
      failure.hint = denied_hint(Right::network_query);
    explain(failure, place, {});
    throw BpfError(std::move(failure));
  }
  DevicePrograms found{.revision = attr.revision, .programs = {}};
  for (std::size_t i = 0; i < attr.prog_cnt && i < programs.size(); ++i)
    found.programs.push_back({programs[i], links[i] != 0 ? std::optional(links[i]) : std::nullopt});
  return found;
}

}  // namespace fathom::bpf
