#pragma once

#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <cstdint>

/// What the kernel's headers of Debian 12 (Linux 6.1) lack, each with the version that brought it. The enums of
/// bpf_types.hpp have the kernel's numbers too, up to Linux 7.1, and need no twin here.
namespace fathom::bpf {

/// ENOTSUPP of the kernel's own errors, which it should keep to itself and does not.
inline constexpr int kEnotsupp = 524;

/// `struct bpf_link_info` of Linux 7.2, as far as it is read here: the union's members that 6.1 does not have, at
/// their offsets.
struct LinkInfo {
  struct RawTracepoint {  // 5.8
    std::uint64_t tp_name;
    std::uint32_t tp_name_len;
  };
  struct Tracing {  // 5.8; the target's ids 5.13
    std::uint32_t attach_type;
    std::uint32_t target_obj_id;
    std::uint32_t target_btf_id;
  };
  struct Cgroup {  // 5.8
    std::uint64_t cgroup_id;
    std::uint32_t attach_type;
  };
  struct Iter {  // 5.9
    std::uint64_t target_name;
    std::uint32_t target_name_len;
    std::uint32_t map_id;
  };
  struct Netns {  // 5.8
    std::uint32_t netns_ino;
    std::uint32_t attach_type;
  };
  struct Device {  // xdp 5.9 (no attach type), tcx 6.6, netkit 6.7
    std::uint32_t ifindex;
    std::uint32_t attach_type;
  };
  struct Map {  // struct_ops 6.4 (no attach type), sockmap 6.10
    std::uint32_t map_id;
    std::uint32_t attach_type;
  };
  struct Netfilter {  // 6.4
    std::uint32_t pf;
    std::uint32_t hooknum;
    std::int32_t priority;
    std::uint32_t flags;
  };
  struct KprobeMulti {  // 6.6
    std::uint64_t addrs;
    std::uint32_t count;
    std::uint32_t flags;
  };
  struct UprobeMulti {  // 6.8
    std::uint64_t path;
    std::uint64_t offsets;
    std::uint64_t ref_ctr_offsets;
    std::uint64_t cookies;
    std::uint32_t path_size;
    std::uint32_t count;
  };
  struct TracingMulti {  // 7.2
    std::uint32_t attach_type;
    std::uint32_t count;
    std::uint32_t btf_obj_id;
  };

  std::uint32_t type;
  std::uint32_t id;
  std::uint32_t prog_id;
  std::uint32_t padding;
  union {
    RawTracepoint raw_tracepoint;
    Tracing tracing;
    Cgroup cgroup;
    Iter iter;
    Netns netns;
    Device device;
    Map map;
    Netfilter netfilter;
    KprobeMulti kprobe_multi;
    UprobeMulti uprobe_multi;
    TracingMulti tracing_multi;
    std::uint64_t room[16];
  };
};

// The parts of BPF_LINK_CREATE for the kinds of program that need more than the common part.
struct LinkCreateTracing {
  std::uint32_t target_btf_id;
  std::uint32_t padding;
  std::uint64_t cookie;
};
struct LinkCreateIter {
  std::uint64_t info;
  std::uint32_t info_len;
};
struct LinkCreatePerfEvent {
  std::uint64_t cookie;
};
struct LinkCreateKprobeMulti {
  std::uint32_t flags;
  std::uint32_t count;
  std::uint64_t symbols;
  std::uint64_t addresses;
  std::uint64_t cookies;
};
struct LinkCreateUprobeMulti {
  std::uint64_t path;
  std::uint64_t offsets;
  std::uint64_t ref_ctr_offsets;
  std::uint64_t cookies;
  std::uint32_t count;
  std::uint32_t flags;
  std::uint32_t pid;
};
struct LinkCreateOrdered {
  std::uint32_t relative_fd;
  std::uint32_t padding;
  std::uint64_t expected_revision;
};
struct LinkCreateTracingMulti {
  std::uint64_t ids;
  std::uint64_t cookies;
  std::uint32_t count;
};
struct LinkCreateNetfilter {
  std::uint32_t pf;
  std::uint32_t hooknum;
  std::int32_t priority;
  std::uint32_t flags;
};

/// What BPF_LINK_CREATE takes, `union bpf_attr::link_create` of Linux 7.2, as far as it is needed here.
struct LinkCreateAttr {
  std::uint32_t prog_fd;
  std::uint32_t target_fd;
  std::uint32_t attach_type;
  std::uint32_t flags;
  union {
    LinkCreateTracing tracing;             // 5.10; the cookie 5.19
    LinkCreateIter iter;                   // 5.8
    LinkCreatePerfEvent perf_event;        // 5.15
    LinkCreateKprobeMulti kprobe_multi;    // 5.18
    LinkCreateUprobeMulti uprobe_multi;    // 6.6
    LinkCreateOrdered ordered;             // tcx 6.6, netkit 6.7, cgroups 6.17
    LinkCreateNetfilter netfilter;         // 6.4
    LinkCreateTracingMulti tracing_multi;  // 7.2
    std::uint64_t room[8];
  };
};

/// What BPF_PROG_ATTACH takes, the part of `union bpf_attr` of Linux 6.6.
struct ProgAttachAttr {
  std::uint32_t target_fd;
  std::uint32_t attach_bpf_fd;
  std::uint32_t attach_type;
  std::uint32_t attach_flags;
  std::uint32_t replace_bpf_fd;  // 5.6
  std::uint32_t relative_fd;     // 6.6 for devices, 6.17 for cgroups
  std::uint64_t expected_revision;
};

/// What BPF_PROG_QUERY takes, the part of `union bpf_attr` of Linux 6.17.
struct ProgQueryAttr {
  std::uint32_t target_fd;
  std::uint32_t attach_type;
  std::uint32_t query_flags;
  std::uint32_t attach_flags;
  std::uint64_t prog_ids;
  std::uint32_t prog_cnt;
  std::uint32_t padding;
  std::uint64_t prog_attach_flags;  // 6.0
  std::uint64_t link_ids;           // 6.6
  std::uint64_t link_attach_flags;  // 6.6
  std::uint64_t revision;           // 6.6 for devices, 6.17 for cgroups
};

/// BPF_F_LINK, of a struct_ops map: links attach it, not its element. 6.4.
inline constexpr std::uint32_t kMapMakesLinks = 1U << 13;

/// BPF_F_NETFILTER_IP_DEFRAG, 6.6.
inline constexpr std::uint32_t kNetfilterDefragment = 1;

/// Flags of both kinds of multi link: at the return of each function.
inline constexpr std::uint32_t kMultiReturn = 1;

/// Flags of attaching in an order: 6.6 for devices, 6.17 for cgroups.
inline constexpr std::uint32_t kBefore = 1U << 3;
inline constexpr std::uint32_t kAfter = 1U << 4;
inline constexpr std::uint32_t kBesideLink = 1U << 13;
/// BPF_F_PREORDER, 6.15.
inline constexpr std::uint32_t kPreorder = 1U << 6;

}  // namespace fathom::bpf
