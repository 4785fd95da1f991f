#include "attach_failure.hpp"
#include "error_cause.hpp"
#include "libbpf_print.hpp"
#include "link_access.hpp"
#include "link_create.hpp"
#include "program_names.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/xdp.hpp>

#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fathom {

namespace {

constexpr std::array<std::string_view, 4> kModes = {"any", "native", "generic", "offload"};
constexpr std::array<std::uint32_t, 4> kModeFlags = {0, XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE, XDP_FLAGS_HW_MODE};

std::string who_is_there(const NetworkDevice& device) {
  std::string text;
  for (const XdpAttachment& there : Xdp::attached(device)) {
    text += (text.empty() ? "" : ", and ") + bpf::program_text(there.program_id) + " in " +
            std::string(to_string(there.mode)) + " mode";
  }
  return text.empty() ? "a program" : text;
}

// net/core/dev.c, dev_xdp_attach; ERANGE and EINVAL are the drivers' (veth: drivers/net/veth.c, veth_xdp_set).
BpfError attach_error(const BpfProgram& program, int error, const NetworkDevice& device, XdpMode mode) {
  BpfFailure failure = bpf::attach_failure(
      program, error, "the network device " + device.name() + " (" + std::string(to_string(mode)) + ')');
  switch (error) {
    case EBUSY:
    case EEXIST:
      failure.cause = BpfCause::bad_attach_target;
      failure.hint = "a device takes one program, and has " + who_is_there(device);
      break;
    case EOPNOTSUPP:
      failure.hint = mode == XdpMode::offload
                         ? "the device cannot run programs itself"
                         : "the driver of this device has no native XDP: generic is for all devices";
      break;
    case ERANGE:
      failure.cause = BpfCause::bad_attach_target;
      failure.hint = "packets here may be larger than the program takes: SEC(\"xdp.frags\"), or a smaller MTU";
      break;
    case EINVAL:
      failure.cause = mode == XdpMode::offload ? BpfCause::unsupported : BpfCause::bad_attach_target;
      failure.hint = mode == XdpMode::offload
                         ? "the device cannot run programs itself, or this one was not loaded for it"
                         : "the driver does not take this program: perhaps packets here may be larger than it takes "
                           "(SEC(\"xdp.frags\"), or a smaller MTU), or the device is not in this thread's network "
                           "namespace any more";
      break;
    default:
      break;
  }
  return BpfError(std::move(failure));
}

bool is_xdp(const BpfProgram& program) {
  // One that was not loaded here does not tell what it was verified for.
  return program.type() == BpfProgramType::xdp &&
         (program.section().empty() || program.expected_attach_type() == BpfAttachType::xdp);
}

}  // namespace

std::string_view to_string(XdpMode mode) noexcept {
  const auto index = static_cast<std::size_t>(mode);
  return index < kModes.size() ? kModes[index] : std::string_view();
}

Xdp::Xdp(const BpfProgram& program) : BpfProgram(program, is_xdp(program), "an XDP program") {}

BpfLink Xdp::attach(const NetworkDevice& device, XdpMode mode) const {
  bpf::LinkCreateAttr attr = bpf::link_attr(native_handle(), BpfAttachType::xdp, static_cast<int>(device.index()));
  attr.flags = kModeFlags.at(static_cast<std::size_t>(mode));
  UniqueFd link = bpf::create_link(attr);
  if (!link)
    throw attach_error(*this, errno, device, mode);
  return LinkAccess::from_fd(std::move(link), *this);
}

std::vector<XdpAttachment> Xdp::attached(const NetworkDevice& device) {
  const bpf::PrintScope quiet;
  bpf_xdp_query_opts options{};
  options.sz = sizeof(options);
  if (const int error = ::bpf_xdp_query(static_cast<int>(device.index()), 0, &options); error != 0)
    throw bpf::failed(-error, "ask for the XDP programs of the network device", device.name());
  std::vector<XdpAttachment> found;
  for (const auto& [mode, id] :
       {std::pair(XdpMode::native, options.drv_prog_id), std::pair(XdpMode::generic, options.skb_prog_id),
        std::pair(XdpMode::offload, options.hw_prog_id)}) {
    if (id != 0)
      found.push_back({mode, id});
  }
  return found;
}

}  // namespace fathom
