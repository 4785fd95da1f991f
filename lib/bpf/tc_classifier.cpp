#include "attach_failure.hpp"
#include "clsact.hpp"
#include "error_cause.hpp"
#include "link_access.hpp"
#include "program_names.hpp"
#include "rtnetlink.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/tc_classifier.hpp>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fathom {

namespace {

// A filter of ours, which knows how to go.
struct Attachment {
  Attachment(const NetworkDevice& device, const BpfProgram& program, TcDirection towards)
      : clsact(device, program), direction(towards) {}

  bpf::ClsactHold clsact;
  TcDirection direction;
  std::uint32_t program_id = 0;
  std::uint32_t priority_and_protocol = 0;  // tcm_info
  std::uint32_t handle = 0;

  void detach(const std::string& program);
};

tcmsg filter_message(const NetworkDevice& device, TcDirection direction, std::uint32_t info, std::uint32_t handle) {
  tcmsg message{};
  message.tcm_family = AF_UNSPEC;
  message.tcm_ifindex = static_cast<int>(device.index());
  message.tcm_parent = bpf::clsact_parent(direction);
  message.tcm_info = info;
  message.tcm_handle = handle;
  return message;
}

// For all protocols.
std::uint32_t info_of(std::uint16_t priority) {
  return std::uint32_t{priority} << 16 | htons(ETH_P_ALL);
}

std::uint16_t priority_of(std::uint32_t info) {
  return static_cast<std::uint16_t>(info >> 16);
}

const TcFilter* find(const std::vector<TcFilter>& filters, std::uint16_t priority, std::uint32_t handle) {
  const auto found = std::ranges::find_if(
      filters, [&](const TcFilter& filter) { return filter.priority == priority && filter.handle == handle; });
  return found != filters.end() ? &*found : nullptr;
}

void Attachment::detach(const std::string& program) {
  bpf::RtNetlink& netlink = clsact.netlink();
  const auto filters = bpf::clsact_filters(netlink, clsact.device(), direction);
  const TcFilter* const ours = find(filters, priority_of(priority_and_protocol), handle);
  if (ours == nullptr || ours->program_id != program_id)
    return;
  bpf::NetlinkRequest request(RTM_DELTFILTER, 0,
                              filter_message(clsact.device(), direction, priority_and_protocol, handle));
  request.add(TCA_KIND, std::string("bpf"));
  const bpf::NetlinkAnswer answer = netlink.ask(request);
  if (answer.error != 0 && answer.error != ENOENT && answer.error != ENODEV)
    throw bpf::failed(answer.error, "detach", {}, program, bpf::Right::network_admin);
}

BpfError attach_error(const BpfProgram& program, const bpf::NetlinkAnswer& answer, Attachment& attachment,
                      const TcOptions& options) {
  BpfFailure failure = bpf::attach_failure(program, answer.error,
                                           "the " + std::string(to_string(attachment.direction)) +
                                               " of the network device " + attachment.clsact.device().name());
  if (failure.cause == BpfCause::denied)
    return BpfError(std::move(failure));
  const auto filters =
      bpf::clsact_filters(attachment.clsact.netlink(), attachment.clsact.device(), attachment.direction);
  const TcFilter* const there = find(filters, options.priority, options.handle);
  const auto same = std::ranges::find(filters, options.priority, &TcFilter::priority);
  if (there != nullptr) {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = "handle " + std::to_string(options.handle) + " of priority " + std::to_string(options.priority) +
                   " is " + (there->program_id ? bpf::program_text(*there->program_id) : "of kind " + there->kind) +
                   ": choose another, or 0";
  } else if (same != filters.end() && same->kind != "bpf") {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = "priority " + std::to_string(options.priority) + " has filters of kind " + same->kind +
                   ", and takes no other kind";
  } else if (answer.error == ENOENT && answer.message.empty()) {
    failure.cause = BpfCause::unsupported;
    failure.hint = "this kernel has no filters of kind bpf (CONFIG_NET_CLS_BPF)";
  } else if (failure.cause == BpfCause::other) {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = answer.message;
  }
  return BpfError(std::move(failure));
}

}  // namespace

std::string_view to_string(TcDirection direction) noexcept {
  switch (direction) {
    case TcDirection::ingress:
      return "ingress";
    case TcDirection::egress:
      return "egress";
  }
  return {};
}

TcClassifier::TcClassifier(const BpfProgram& program)
    : BpfProgram(program, program.type() == BpfProgramType::sched_cls, "a tc classifier") {}

BpfLink TcClassifier::attach(const NetworkDevice& device, TcDirection direction, const TcOptions& options) const {
  auto attachment = std::make_shared<Attachment>(device, *this, direction);
  attachment->program_id = id();

  // The kernel says by an echo which priority and handle it took.
  bpf::NetlinkRequest request(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO,
                              filter_message(device, direction, info_of(options.priority), options.handle));
  request.add(TCA_KIND, std::string("bpf"));
  const std::size_t bpf_options = request.begin(TCA_OPTIONS);
  request.add(TCA_BPF_FD, static_cast<std::uint32_t>(native_handle()));
  request.add(TCA_BPF_NAME, name());
  request.add(TCA_BPF_FLAGS, std::uint32_t{TCA_BPF_FLAG_ACT_DIRECT});
  request.end(bpf_options);
  const bpf::NetlinkAnswer answer = attachment->clsact.netlink().ask(request);
  if (answer.error != 0)
    throw attach_error(*this, answer, *attachment, options);

  tcmsg taken{};
  if (!answer.messages.empty() && answer.messages.front().size() >= sizeof taken)
    std::memcpy(&taken, answer.messages.front().data(), sizeof taken);
  attachment->priority_and_protocol = taken.tcm_info;
  attachment->handle = taken.tcm_handle;
  return LinkAccess::from_detacher([attachment, program = name()] { attachment->detach(program); }, *this);
}

std::vector<TcFilter> TcClassifier::attached(const NetworkDevice& device, TcDirection direction) {
  bpf::RtNetlink netlink;
  return bpf::clsact_filters(netlink, device, direction);
}

}  // namespace fathom
