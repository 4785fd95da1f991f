#include "clsact.hpp"

#include "attach_failure.hpp"
#include "error_cause.hpp"

#include <fathom/bpf/bpf_error.hpp>

#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace fathom::bpf {

namespace {

tcmsg message_of(const NetworkDevice& device, std::uint32_t parent, std::uint32_t handle = 0) {
  tcmsg message{};
  message.tcm_family = AF_UNSPEC;
  message.tcm_ifindex = static_cast<int>(device.index());
  message.tcm_parent = parent;
  message.tcm_handle = handle;
  return message;
}

NetlinkRequest qdisc_request(const NetworkDevice& device, std::uint16_t type, std::uint16_t flags) {
  NetlinkRequest request(type, flags, message_of(device, TC_H_CLSACT, TC_H_MAKE(TC_H_CLSACT, 0U)));
  request.add(TCA_KIND, std::string("clsact"));
  return request;
}

TcFilter filter_of(const tcmsg& message, std::span<const std::byte> attributes) {
  TcFilter filter{.kind = netlink_text(attributes, TCA_KIND),
                  .priority = static_cast<std::uint16_t>(TC_H_MAJ(message.tcm_info) >> 16),
                  .handle = message.tcm_handle,
                  .program_id = {},
                  .name = {}};
  if (filter.kind == "bpf") {
    const auto options = netlink_attribute(attributes, TCA_OPTIONS);
    if (const std::uint32_t id = netlink_number(options, TCA_BPF_ID); id != 0)
      filter.program_id = id;
    filter.name = netlink_text(options, TCA_BPF_NAME);
  }
  return filter;
}

bool is_unused(RtNetlink& netlink, const NetworkDevice& device) {
  return clsact_filters(netlink, device, TcDirection::ingress).empty() &&
         clsact_filters(netlink, device, TcDirection::egress).empty();
}

// The inode of the namespace, which tells it from all others.
std::uint64_t network_namespace() {
  struct stat status{};
  if (::stat("/proc/thread-self/ns/net", &status) != 0)
    throw failed(errno, "tell the network namespace of this thread", "/proc/thread-self/ns/net");
  return status.st_ino;
}

}  // namespace

// Whom the clsact of each device is from: only whoever made it may remove it, and of this process only the last who
// needs it. The kernel keeps no such count.
struct ClsactHold::Table {
  struct Shared {
    bool made = false;
    unsigned holders = 0;
  };

  std::mutex mutex;
  std::map<Key, Shared> devices;
};

const std::shared_ptr<ClsactHold::Table>& ClsactHold::table() {
  static const auto shared = std::make_shared<Table>();
  return shared;
}

std::uint32_t clsact_parent(TcDirection direction) noexcept {
  return TC_H_MAKE(TC_H_CLSACT, direction == TcDirection::ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
}

std::vector<TcFilter> clsact_filters(RtNetlink& netlink, const NetworkDevice& device, TcDirection direction) {
  const NetlinkAnswer answer =
      netlink.ask(NetlinkRequest(RTM_GETTFILTER, NLM_F_DUMP, message_of(device, clsact_parent(direction))));
  // Without a clsact, and without the device, there are none: the kernel's answer is empty, or one of these.
  if (answer.error != 0 && answer.error != EINVAL && answer.error != ENOENT && answer.error != ENODEV)
    throw failed(answer.error, "list the filters of the network device", device.name());
  std::vector<TcFilter> filters;
  for (const std::vector<std::byte>& bytes : answer.messages) {
    tcmsg message{};
    if (bytes.size() < sizeof message)
      continue;
    std::memcpy(&message, bytes.data(), sizeof message);
    // A priority is listed too, as a filter of handle 0.
    if (message.tcm_handle != 0)
      filters.push_back(filter_of(message, std::span(bytes).subspan(sizeof message)));
  }
  return filters;
}

ClsactHold::ClsactHold(const NetworkDevice& device, const BpfProgram& program)
    : table_(table()), device_(device), key_(network_namespace(), device.index()) {
  const std::lock_guard lock(table_->mutex);
  Table::Shared& shared = table_->devices[key_];
  // Also where others of this process hold it: somebody else may have removed it meanwhile.
  const NetlinkAnswer answer = netlink_.ask(qdisc_request(device, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL));
  if (answer.error == 0) {
    shared.made = true;
  } else if (answer.error != EEXIST) {
    if (shared.holders == 0)
      table_->devices.erase(key_);
    BpfFailure failure = attach_failure(program, answer.error, "the clsact of the network device " + device.name());
    if (answer.error == ENOENT || answer.error == EOPNOTSUPP) {
      failure.cause = BpfCause::unsupported;
      failure.hint = "this kernel has no clsact (CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_ACT)";
    } else if (answer.error == EINVAL || answer.error == ENODEV) {
      failure.cause = BpfCause::bad_attach_target;
      failure.hint = answer.message.empty() ? "the device is gone, or in another network namespace" : answer.message;
    }
    throw BpfError(std::move(failure));
  }
  ++shared.holders;
}

ClsactHold::~ClsactHold() {
  if (!owner_.is_current())
    return;
  const std::lock_guard lock(table_->mutex);
  const auto entry = table_->devices.find(key_);
  if (entry == table_->devices.end() || --entry->second.holders != 0)
    return;
  const bool made = entry->second.made;
  table_->devices.erase(entry);
  try {
    if (made && is_unused(netlink_, device_))
      (void)netlink_.ask(qdisc_request(device_, RTM_DELQDISC, 0));
  } catch (const std::exception&) {
    // A destructor has nobody to tell; an empty clsact does no harm.
  }
}

}  // namespace fathom::bpf
