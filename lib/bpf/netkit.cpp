#include "attach_failure.hpp"
#include "device_link.hpp"

#include <fathom/bpf/netkit.hpp>

#include <string>
#include <string_view>

namespace fathom {

namespace {

bpf::DevicePlace place_of(const NetworkDevice& primary, NetkitEnd end) {
  return {.attach_type = end == NetkitEnd::primary ? BpfAttachType::netkit_primary : BpfAttachType::netkit_peer,
          .kind = BpfAttachKind::netkit,
          .target = "the " + std::string(to_string(end)) + " end of the network device " + primary.name(),
          .since = "netkit came with Linux 6.7, and needs CONFIG_NETKIT"};
}

}  // namespace

std::string_view to_string(NetkitEnd end) noexcept {
  switch (end) {
    case NetkitEnd::primary:
      return "primary";
    case NetkitEnd::peer:
      return "peer";
  }
  return {};
}

Netkit::Netkit(const BpfProgram& program)
    : BpfProgram(program, program.type() == BpfProgramType::sched_cls, "a netkit program") {}

BpfLink Netkit::attach(const NetworkDevice& primary, const DeviceLinkOptions& options) const {
  switch (expected_attach_type()) {
    case BpfAttachType::netkit_primary:
      return attach(primary, NetkitEnd::primary, options);
    case BpfAttachType::netkit_peer:
      return attach(primary, NetkitEnd::peer, options);
    default:
      throw bpf::no_target(*this, "end of a pair");
  }
}

BpfLink Netkit::attach(const NetworkDevice& primary, NetkitEnd end, const DeviceLinkOptions& options) const {
  return bpf::attach_to_device(*this, primary, place_of(primary, end), options);
}

DevicePrograms Netkit::attached(const NetworkDevice& primary, NetkitEnd end) {
  return bpf::query_device(primary, place_of(primary, end));
}

}  // namespace fathom
