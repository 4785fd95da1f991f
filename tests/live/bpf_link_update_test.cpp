// A link that cannot take another program says why, for each kind of link.
#include "attach_errors.hpp"
#include "cgroup_support.hpp"
#include "net_programs.hpp"

#include <fathom/bpf/bpf_iter.hpp>
#include <fathom/bpf/cgroup_program.hpp>
#include <fathom/bpf/netkit.hpp>
#include <fathom/bpf/sk_lookup.hpp>
#include <fathom/bpf/tcx.hpp>
#include <fathom/bpf/tracepoint.hpp>
#include <fathom/bpf/xdp.hpp>

#include <gmock/gmock.h>

#include <cerrno>
#include <chrono>
#include <fathom-bpf/attach.bpf.hpp>
#include <fathom-bpf/calls.bpf.hpp>
#include <fathom-bpf/sockets.bpf.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <thread>

namespace {

using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfLink;
using fathom::BpfObject;
using fathom::BpfProgram;
using fathom::LoadedBpf;
using fathom::NetworkDevice;
using fathom::live::error_of;
using fathom::live::if_kernel_has;
using fathom::live::load_cgroup_programs;
using fathom::live::load_network;
using fathom::live::TestCgroup;
using fathom::live::TestNetwork;
using testing::HasSubstr;

using BpfLinkUpdate = fathom::live::BpfTest;

// The kernel frees cgroups and network namespaces late.
template <class Condition>
void wait_until(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

void expect_gone(BpfLink& link, const BpfProgram& program, const char* place) {
  const BpfError error = error_of([&] { link.update(program); });
  EXPECT_EQ(error.code().value(), ENOLINK) << error.what();
  EXPECT_EQ(error.cause(), BpfCause::bad_attach_target);
  EXPECT_THAT(error.hint(), HasSubstr(std::string(place) + " that the link was attached to is gone"));
}

// Both ways of finding out: from what this process attached, and, for a link that it found, from the kernel.
void expect_other_type(BpfLink& link, const BpfProgram& program, const char* held, const char* other) {
  BpfLink found = BpfLink::from_id(link.info().id);
  for (BpfLink* one : {&link, &found}) {
    const BpfError error = error_of([&] { one->update(program); });
    EXPECT_EQ(error.code().value(), EINVAL) << error.what();
    EXPECT_EQ(error.cause(), BpfCause::bad_attach_target);
    EXPECT_THAT(error.hint(), HasSubstr("holds a program of type " + std::string(held)));
    EXPECT_THAT(error.hint(), HasSubstr(program.name() + " is of type " + other));
  }
}

TEST_F(BpfLinkUpdate, Xdp) {
  const LoadedBpf bpf = load_network({"on_xdp", "pass_all", "on_tc", "on_devmap"});
  TestNetwork network;
  network.add_veth("one", "two");
  BpfLink link = bpf.program(network::on_xdp).attach(NetworkDevice("two"));
  expect_other_type(link, bpf.program("on_tc"), "xdp", "sched_cls");
  const BpfError error = error_of([&] { link.update(bpf.program("on_devmap")); });
  EXPECT_EQ(error.cause(), BpfCause::bad_attach_target) << error.what();
  EXPECT_THAT(error.hint(), HasSubstr("verified for what its own was"));
  link.update(bpf.program("pass_all"));
  EXPECT_EQ(link.info().program_id, bpf.program("pass_all").id());
  network.remove("two");
  expect_gone(link, bpf.program("on_xdp"), "the network device");
}

TEST_F(BpfLinkUpdate, Tcx) {
  std::string reason;
  const auto bpf = if_kernel_has([] { return load_network({"on_tcx", "on_tcx_out", "on_xdp"}); }, reason);
  ASSERT_TRUE(bpf) << reason;
  TestNetwork network;
  network.add_veth("one", "two");
  auto link = if_kernel_has([&] { return bpf->program(network::on_tcx).attach(NetworkDevice("two")); }, reason);
  if (!link)
    GTEST_SKIP() << reason;
  expect_other_type(*link, bpf->program("on_xdp"), "sched_cls", "xdp");
  network.remove("two");
  expect_gone(*link, bpf->program("on_tcx_out"), "the network device");
}

TEST_F(BpfLinkUpdate, Netkit) {
  std::string reason;
  TestNetwork network;
  try {
    network.add_netkit("one", "two");
  } catch (const fathom::Error& error) {
    if (error.code() != std::errc::operation_not_supported)
      throw;
    GTEST_SKIP() << "unsupported: netkit came with Linux 6.7: " << error.what();
  }
  const LoadedBpf bpf = load_network({"on_netkit", "on_xdp"});
  BpfLink link = bpf.program(network::on_netkit).attach(NetworkDevice("one"));
  expect_other_type(link, bpf.program("on_xdp"), "sched_cls", "xdp");
  network.remove("one");
  expect_gone(link, bpf.program("on_netkit"), "the network device");
}

TEST_F(BpfLinkUpdate, Cgroup) {
  const LoadedBpf bpf = load_cgroup_programs({"on_egress", "on_create"});
  TestCgroup group("fathom-link-update");
  BpfLink link = fathom::CgroupProgram(bpf.program("on_egress")).attach(group.cgroup());
  expect_other_type(link, bpf.program("on_create"), "cgroup_skb", "cgroup_sock");
  group.remove();
  wait_until([&] { return link.info().cgroup_id == 0u; });
  expect_gone(link, bpf.program("on_egress"), "the cgroup");
}

TEST_F(BpfLinkUpdate, NetworkNamespace) {
  BpfObject object = BpfObject::open(sockets::object);
  object.program("steer").autoload = true;
  const LoadedBpf bpf = object.load();
  const LoadedBpf other = load_network({"on_xdp"});
  std::optional<TestNetwork> network(std::in_place);
  BpfLink link = bpf.program<fathom::SkLookup>("steer").attach();
  expect_other_type(link, other.program("on_xdp"), "sk_lookup", "xdp");
  network.reset();
  wait_until([&] { return link.info().netns_inode == 0u; });
  expect_gone(link, bpf.program("steer"), "the network namespace");
}

TEST_F(BpfLinkUpdate, Iterator) {
  BpfObject object = BpfObject::open(attach::object);
  object.program("on_task").autoload = true;
  const LoadedBpf bpf = object.load();
  const LoadedBpf other = load_network({"on_xdp"});
  BpfLink link = bpf.program<fathom::BpfIter>("on_task").attach();
  expect_other_type(link, other.program("on_xdp"), "tracing", "xdp");
  link.update(bpf.program("on_task"));
}

TEST_F(BpfLinkUpdate, KindsThatKeepTheirProgramSaySo) {
  const LoadedBpf bpf = BpfObject::open(calls::object).load();
  const auto program = bpf.program<fathom::Tracepoint>("on_enter");
  BpfLink link = program.attach();
  const LoadedBpf other = load_network({"on_xdp"});
  for (const BpfProgram& another : {BpfProgram(program), other.program("on_xdp")}) {
    const BpfError error = error_of([&] { link.update(another); });
    EXPECT_EQ(error.cause(), BpfCause::unsupported) << error.what();
    EXPECT_THAT(error.hint(), HasSubstr("links of kind perf_event keep their program"));
  }
}

}  // namespace
