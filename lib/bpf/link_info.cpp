#include "link_info.hpp"

#include "error_cause.hpp"
#include "kernel_constants.hpp"

#include <bpf/bpf.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>

namespace fathom::bpf {

namespace {

// 0 where an older kernel has no such member: no object, map or type has that number.
std::optional<std::uint32_t> if_any(std::uint32_t number) {
  return number == 0 ? std::nullopt : std::optional(number);
}

void fill(BpfLinkInfo& info, const LinkInfo& raw) {
  const auto attach_type = [](std::uint32_t number) { return static_cast<BpfAttachType>(number); };
  switch (info.type) {
    case BpfLinkType::tracing:
      info.attach_type = attach_type(raw.tracing.attach_type);
      info.target_object_id = if_any(raw.tracing.target_obj_id);
      info.target_btf_id = if_any(raw.tracing.target_btf_id);
      break;
    case BpfLinkType::cgroup:
      info.cgroup_id = raw.cgroup.cgroup_id;
      info.attach_type = attach_type(raw.cgroup.attach_type);
      break;
    case BpfLinkType::iter:
      info.map_id = if_any(raw.iter.map_id);
      break;
    case BpfLinkType::netns:
      info.netns_inode = raw.netns.netns_ino;
      info.attach_type = attach_type(raw.netns.attach_type);
      break;
    case BpfLinkType::xdp:
      info.ifindex = raw.device.ifindex;
      break;
    case BpfLinkType::tcx:
    case BpfLinkType::netkit:
      info.ifindex = raw.device.ifindex;
      info.attach_type = attach_type(raw.device.attach_type);
      break;
    case BpfLinkType::struct_ops:
      info.map_id = if_any(raw.map.map_id);
      break;
    case BpfLinkType::sockmap:
      info.map_id = if_any(raw.map.map_id);
      info.attach_type = attach_type(raw.map.attach_type);
      break;
    case BpfLinkType::netfilter:
      info.protocol_family = raw.netfilter.pf;
      info.hook_number = raw.netfilter.hooknum;
      info.priority = raw.netfilter.priority;
      break;
    case BpfLinkType::kprobe_multi:
      info.target_count = if_any(raw.kprobe_multi.count);
      break;
    case BpfLinkType::uprobe_multi:
      info.target_count = if_any(raw.uprobe_multi.count);
      break;
    case BpfLinkType::tracing_multi:
      info.attach_type = attach_type(raw.tracing_multi.attach_type);
      info.target_object_id = if_any(raw.tracing_multi.btf_obj_id);
      info.target_count = if_any(raw.tracing_multi.count);
      break;
    default:
      break;
  }
}

void ask(int fd, LinkInfo& raw, const std::string& what) {
  __u32 size = sizeof(raw);
  if (::bpf_obj_get_info_by_fd(fd, &raw, &size) != 0)
    throw failed(errno, "ask the kernel about the link of", {}, what);
}

}  // namespace

BpfLinkInfo read_link_info(int fd, const std::string& what) {
  LinkInfo raw{};
  ask(fd, raw, what);
  BpfLinkInfo info;
  info.id = raw.id;
  info.type = static_cast<BpfLinkType>(raw.type);
  info.program_id = raw.prog_id;
  fill(info, raw);
  // A name is written where a second call says; both kinds have it first in their part.
  if (info.type == BpfLinkType::raw_tracepoint || info.type == BpfLinkType::iter) {
    std::array<char, 256> name{};
    raw = {};
    raw.raw_tracepoint.tp_name = reinterpret_cast<std::uintptr_t>(name.data());
    raw.raw_tracepoint.tp_name_len = name.size();
    ask(fd, raw, what);
    info.target_name = name.data();
  }
  return info;
}

}  // namespace fathom::bpf
