#include "attach_support.hpp"

#include <fathom/bpf/bpf_features.hpp>
#include <fathom/bpf/fentry.hpp>
#include <fathom/bpf/kprobe.hpp>
#include <fathom/bpf/kprobe_multi.hpp>
#include <fathom/bpf/lsm.hpp>
#include <fathom/bpf/tracing_multi.hpp>
#include <fathom/bpf/uprobe_multi.hpp>

#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

namespace {

using fathom::BpfAttachKind;
using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfFeatures;
using fathom::BpfMapType;
using fathom::BpfProgramType;
using fathom::BpfSupport;
using fathom::live::load_only;

using BpfFeaturesLive = fathom::live::BpfTest;

// What all kernels from 6.1 on have, natively and in the VMs.
TEST_F(BpfFeaturesLive, WhatEveryKernelHas) {
  const BpfFeatures features;
  for (const BpfProgramType type :
       {BpfProgramType::socket_filter, BpfProgramType::kprobe, BpfProgramType::sched_cls, BpfProgramType::tracepoint,
        BpfProgramType::xdp, BpfProgramType::perf_event, BpfProgramType::cgroup_skb, BpfProgramType::raw_tracepoint,
        BpfProgramType::cgroup_sock_addr, BpfProgramType::cgroup_sockopt, BpfProgramType::tracing,
        BpfProgramType::struct_ops, BpfProgramType::sk_lookup, BpfProgramType::syscall})
    EXPECT_EQ(features.program_type(type), BpfSupport::yes) << to_string(type);
  // A kernel of ours in a VM has these too; the machine's own may refuse whatever changes code.
  for (const BpfProgramType type : {BpfProgramType::ext, BpfProgramType::lsm}) {
    const BpfSupport support = features.program_type(type);
    EXPECT_TRUE(support == BpfSupport::yes || (support == BpfSupport::denied && std::getenv("FATHOM_VM") == nullptr))
        << to_string(type) << ' ' << to_string(support);
  }
  EXPECT_EQ(features.program_type(BpfProgramType{999}), BpfSupport::no);
  EXPECT_EQ(features.program_type(BpfProgramType::unspec), BpfSupport::no);
  for (std::uint32_t type = 1; type <= static_cast<std::uint32_t>(BpfMapType::user_ringbuf); ++type)
    EXPECT_EQ(features.map_type(BpfMapType{type}), BpfSupport::yes) << to_string(BpfMapType{type});
  EXPECT_EQ(features.map_type(BpfMapType{999}), BpfSupport::no);
  EXPECT_EQ(features.attach(BpfAttachKind::tp_btf), BpfSupport::yes);
  EXPECT_EQ(features.attach(BpfAttachKind::iter), BpfSupport::yes);
  EXPECT_EQ(features.attach(BpfAttachKind::perf_event), BpfSupport::yes);
  EXPECT_EQ(features.attach(BpfAttachKind::uprobe), BpfSupport::yes);
}

TEST_F(BpfFeaturesLive, HelpersByNumberAndName) {
  const BpfFeatures features;
  EXPECT_EQ(features.helper(BpfProgramType::kprobe, "bpf_map_lookup_elem"), BpfSupport::yes);
  EXPECT_EQ(features.helper(BpfProgramType::kprobe, "ringbuf_output"), BpfSupport::yes);
  EXPECT_EQ(features.helper(BpfProgramType::kprobe, 130), BpfSupport::yes);  // bpf_ringbuf_output
  EXPECT_EQ(features.helper(BpfProgramType::tracing, "get_current_pid_tgid"), BpfSupport::yes);
  EXPECT_EQ(features.helper(BpfProgramType::xdp, "xdp_adjust_head"), BpfSupport::yes);
  EXPECT_EQ(features.helper(BpfProgramType::kprobe, "xdp_adjust_head"), BpfSupport::no);
  EXPECT_EQ(features.helper(BpfProgramType::kprobe, 99'999), BpfSupport::no);
  EXPECT_EQ(features.helper(BpfProgramType::kprobe, "no_such_helper"), BpfSupport::unknown);
}

// Whatever a probe says, attaching says too.
TEST_F(BpfFeaturesLive, AttachingAgreesWithTheProbe) {
  const BpfFeatures features;
  const struct {
    BpfAttachKind kind;
    const char* name;
    std::function<void()> attach;
  } kinds[] = {
      {BpfAttachKind::kprobe, "kprobe",
       [] { (void)load_only("on_kprobe", 1).program<fathom::KprobeProgram>("on_kprobe").attach(); }},
      {BpfAttachKind::kprobe_multi, "kprobe_multi",
       [] { (void)load_only("on_kretprobe_multi", 1).program<fathom::KprobeMulti>("on_kretprobe_multi").attach(); }},
      {BpfAttachKind::kprobe_session, "kprobe_session",
       [] { (void)load_only("on_kprobe_session", 1).program<fathom::KprobeMulti>("on_kprobe_session").attach(); }},
      {BpfAttachKind::uprobe_multi, "uprobe_multi",
       [] {
         (void)load_only("on_uprobe_multi", 1)
             .program<fathom::UprobeMulti>("on_uprobe_multi")
             .attach("/proc/self/exe", {"fathom_probed_add"});
       }},
      {BpfAttachKind::fentry, "fentry",
       [] { (void)load_only("on_fentry", 1).program<fathom::Fentry>("on_fentry").attach(); }},
      {BpfAttachKind::fexit, "fexit",
       [] { (void)load_only("on_fexit", 1).program<fathom::Fexit>("on_fexit").attach(); }},
      {BpfAttachKind::fsession, "fsession",
       [] { (void)load_only("on_fsession", 1).program<fathom::Fsession>("on_fsession").attach(); }},
      {BpfAttachKind::tracing_multi, "tracing_multi",
       [] { (void)load_only("on_fexit_multi", 1).program<fathom::TracingMulti>("on_fexit_multi").attach(); }},
      {BpfAttachKind::uprobe_session, "uprobe_session",
       [] {
         (void)load_only("on_uprobe_session", 1)
             .program<fathom::UprobeMulti>("on_uprobe_session")
             .attach("/proc/self/exe", {"fathom_probed_add"});
       }},
      {BpfAttachKind::fmod_ret, "fmod_ret",
       [] { (void)load_only("on_fmod_ret", 1).program<fathom::FmodRet>("on_fmod_ret").attach(); }},
      {BpfAttachKind::lsm, "lsm", [] { (void)load_only("on_lsm", 1).program<fathom::Lsm>("on_lsm").attach(); }},
  };
  for (const auto& kind : kinds) {
    BpfSupport seen = BpfSupport::yes;
    std::string what;
    try {
      kind.attach();
    } catch (const BpfError& error) {
      seen = error.cause() == BpfCause::denied        ? BpfSupport::denied
             : error.cause() == BpfCause::unsupported ? BpfSupport::no
                                                      : BpfSupport::unknown;
      what = error.what();
    }
    EXPECT_EQ(to_string(features.attach(kind.kind)), to_string(seen)) << kind.name << ' ' << what;
  }
}

TEST_F(BpfFeaturesLive, WithoutRightsEverythingIsDeniedAndTriedAgain) {
  const BpfFeatures features;
  EXPECT_TRUE(fathom::live::in_child([&] {
    if (::setresuid(65534, 65534, 65534) != 0)
      return false;
    return features.program_type(BpfProgramType::kprobe) == BpfSupport::denied &&
           features.map_type(BpfMapType::lru_hash) == BpfSupport::denied &&
           features.helper(BpfProgramType::kprobe, "ringbuf_output") == BpfSupport::denied;
  }));
  EXPECT_EQ(features.program_type(BpfProgramType::kprobe), BpfSupport::yes);
}

TEST_F(BpfFeaturesLive, ThreadsMayAskAtOnce) {
  const BpfFeatures features;
  const auto ask = [&] {
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(features.map_type(BpfMapType::hash), BpfSupport::yes);
      EXPECT_EQ(features.program_type(BpfProgramType::xdp), BpfSupport::yes);
    }
  };
  const std::jthread first(ask);
  const std::jthread second(ask);
}

}  // namespace
