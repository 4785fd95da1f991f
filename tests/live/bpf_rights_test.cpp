// What an error says where a right is missing: the one that is missing, and no policy.

#include "bpf_fs.hpp"
#include "cgroup_support.hpp"
#include "net_programs.hpp"
#include "unprivileged.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/bpf_stats.hpp>
#include <fathom/bpf/cgroup_program.hpp>
#include <fathom/bpf/loaded_things.hpp>
#include <fathom/bpf/sock_map.hpp>
#include <fathom/bpf/tc_classifier.hpp>

#include <gmock/gmock.h>

#include <linux/capability.h>

#include <fathom-bpf/readers.bpf.hpp>
#include <functional>
#include <initializer_list>
#include <string>

namespace {

using fathom::BpfError;
using fathom::BpfLink;
using fathom::BpfObject;
using fathom::BpfProgram;
using fathom::LoadedBpf;
using fathom::live::without_capabilities;
using testing::HasSubstr;
using testing::StartsWith;

using BpfRights = fathom::live::BpfTest;
using BpfRightsTc = fathom::live::VethTest;

// The cause and the hint of what the call throws in a process without these.
std::string refused(std::initializer_list<unsigned> lost, const std::function<void()>& call) {
  return without_capabilities(lost, [&]() -> std::string {
    try {
      call();
    } catch (const BpfError& error) {
      return std::string(to_string(error.cause())) + ": " + error.hint();
    }
    return "nothing was thrown";
  });
}

constexpr const char* kNoNetAdmin = "denied: this thread has CAP_BPF but not CAP_NET_ADMIN";
constexpr const char* kNoSysAdmin = "denied: this thread does not have CAP_SYS_ADMIN";

TEST_F(BpfRights, ProgramsOfTheNetworkNeedNetAdmin) {
  const std::initializer_list<unsigned> lost = {CAP_NET_ADMIN, CAP_SYS_ADMIN};
  EXPECT_THAT(refused(lost, [] { (void)fathom::live::load_network({"on_xdp"}); }), StartsWith(kNoNetAdmin));
  EXPECT_THAT(refused(lost, [] { (void)fathom::live::load_network({"on_tc"}); }), StartsWith(kNoNetAdmin));
  EXPECT_THAT(refused(lost, [] { (void)fathom::live::load_cgroup_programs({"order_one"}); }), StartsWith(kNoNetAdmin));
  EXPECT_THAT(refused(lost, [] { (void)fathom::SockMap::create({.max_entries = 1}); }), StartsWith(kNoNetAdmin));
}

TEST_F(BpfRights, ProgramsThatTraceNeedPerfmon) {
  EXPECT_THAT(refused({CAP_PERFMON, CAP_SYS_ADMIN}, [] { (void)BpfObject::open(readers::object).load(); }),
              StartsWith("denied: this thread has CAP_BPF but not CAP_PERFMON"));
  EXPECT_THAT(refused({CAP_BPF, CAP_SYS_ADMIN}, [] { (void)BpfObject::open(readers::object).load(); }),
              StartsWith("denied: this thread has neither CAP_BPF nor CAP_SYS_ADMIN"));
}

TEST_F(BpfRights, WhatGoesByIdNeedsSysAdmin) {
  const LoadedBpf bpf = BpfObject::open(readers::object).load();
  const std::uint32_t program = bpf.program("emit").id();
  const std::uint32_t map = bpf.map("events").id();
  EXPECT_THAT(refused({CAP_SYS_ADMIN}, [&] { (void)BpfProgram::from_id(program); }), StartsWith(kNoSysAdmin));
  EXPECT_THAT(refused({CAP_SYS_ADMIN}, [&] { (void)fathom::BpfMap::from_id(map); }), StartsWith(kNoSysAdmin));
  EXPECT_THAT(refused({CAP_SYS_ADMIN}, [&] { (void)BpfLink::from_id(1); }), StartsWith(kNoSysAdmin));
  EXPECT_THAT(refused({CAP_SYS_ADMIN}, [] { (void)fathom::loaded_programs().begin(); }), StartsWith(kNoSysAdmin));
  EXPECT_THAT(refused({CAP_SYS_ADMIN}, [] { const fathom::BpfStats stats; }), StartsWith(kNoSysAdmin));
}

// rtnetlink asks for this one, and CAP_SYS_ADMIN does not stand for it.
TEST_F(BpfRightsTc, AttachingAndDetachingAFilterNeedsNetAdmin) {
  const LoadedBpf bpf = fathom::live::load_network({"step_1", "step_2"});
  const fathom::NetworkDevice device("two");
  const auto ingress = fathom::TcDirection::ingress;
  const char* const no_net_admin = "denied: this thread does not have CAP_NET_ADMIN";
  const auto attach = [&] { (void)bpf.program(network::step_1).attach(device, ingress); };
  EXPECT_EQ(refused({CAP_NET_ADMIN}, attach), no_net_admin);  // the clsact
  network->add_clsact("two");
  EXPECT_EQ(refused({CAP_NET_ADMIN}, attach), no_net_admin);
  EXPECT_TRUE(fathom::TcClassifier::attached(device, ingress).empty());
  BpfLink link = bpf.program(network::step_2).attach(device, ingress);
  EXPECT_EQ(refused({CAP_NET_ADMIN}, [&] { link.detach(); }), no_net_admin);
  EXPECT_EQ(fathom::TcClassifier::attached(device, ingress).size(), 1U);
}

TEST_F(BpfRights, WhatIsNoPinIsSaidToBeNone) {
  const auto hint = [](const std::function<void()>& call) { return refused({}, call); };
  const char* const outside = "bad_object: it is not in a bpf file system";
  EXPECT_EQ(hint([] { (void)fathom::BpfMap::open_pinned("/etc/passwd"); }), outside);
  EXPECT_EQ(hint([] { (void)BpfProgram::open_pinned("/etc"); }), outside);
  EXPECT_EQ(hint([] { (void)BpfLink::open_pinned("/proc/self/status"); }), outside);
  const fathom::live::BpfFs bpf_fs;
  ASSERT_TRUE(bpf_fs.mounted());
  EXPECT_THAT(hint([&] { (void)fathom::BpfMap::open_pinned(bpf_fs.file("")); }), HasSubstr("it is a folder"));
}

}  // namespace
