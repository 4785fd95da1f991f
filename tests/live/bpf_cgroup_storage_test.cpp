#include "attach_support.hpp"
#include "loopback.hpp"
#include "test_cgroup.hpp"

#include <fathom/bpf/bpf_features.hpp>
#include <fathom/bpf/bpf_iter.hpp>
#include <fathom/bpf/cgroup_attach_storage.hpp>
#include <fathom/bpf/cgroup_program.hpp>
#include <fathom/bpf/fd_array.hpp>
#include <fathom/bpf/local_storage.hpp>

#include <gmock/gmock.h>

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <fathom-bpf/cgroup_storage.bpf.hpp>
#include <initializer_list>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using fathom::BpfAttachType;
using fathom::BpfCause;
using fathom::BpfFeatures;
using fathom::BpfLink;
using fathom::BpfMapType;
using fathom::BpfObject;
using fathom::BpfSupport;
using fathom::CgroupOrder;
using fathom::CgroupProgram;
using fathom::CgroupStorageKey;
using fathom::LoadedBpf;
using fathom::UniqueFd;
using fathom::live::error_of;
using fathom::live::TestCgroup;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

using BpfCgroupStorage = fathom::live::BpfTest;

LoadedBpf load(std::initializer_list<std::string_view> programs, bool cgrp_storage = false) {
  BpfObject object = BpfObject::open(cgroup_storage::object);
  for (const std::string_view name : programs)
    object.program(name).autoload = true;
  object.map("calls").autocreate = cgrp_storage;
  return object.load();
}

// Datagrams of 100 bytes, with headers 128, within the cgroup.
std::optional<int> exchange(const TestCgroup& group, int datagrams) {
  return group.run([=] {
    const UniqueFd from(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const UniqueFd to(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    int error = fathom::live::bind_to(to.get(), fathom::live::loopback4(1, 4321));
    for (int i = 0; error == 0 && i < datagrams; ++i)
      error = fathom::live::send_to(from.get(), fathom::live::loopback4(1, 4321), 100);
    return error;
  });
}

TEST_F(BpfCgroupStorage, EachAttachmentHasAValue) {
  const TestCgroup group("storage");
  const TestCgroup other("other");
  const LoadedBpf bpf = load({"count_ingress", "count_egress"});
  const fathom::CgroupAttachStorage<cgroup_storage::seen> attached(bpf.map("attached"));
  EXPECT_EQ(attached.key_check(), fathom::RecordCheck::members);
  const auto by_cpu = bpf.map(cgroup_storage::by_cpu);
  const CgroupStorageKey egress{group.cgroup().id(), BpfAttachType::cgroup_inet_egress};
  const CgroupStorageKey ingress{group.cgroup().id(), BpfAttachType::cgroup_inet_ingress};
  EXPECT_FALSE(attached.find(egress));
  {
    std::vector<BpfLink> links;
    for (const TestCgroup* where : {&group, &other}) {
      links.push_back(bpf.program(cgroup_storage::count_egress).attach(where->cgroup()));
      links.push_back(bpf.program(cgroup_storage::count_ingress).attach(where->cgroup()));
    }
    EXPECT_EQ(exchange(group, 6), 0);
    EXPECT_EQ(exchange(other, 2), 0);
    for (const CgroupStorageKey& key : {egress, ingress}) {
      const auto value = attached.find(key);
      ASSERT_TRUE(value);
      EXPECT_EQ(value->packets, 6u);
      EXPECT_EQ(value->bytes, 6u * 128);
    }
    // One value of both directions, on all CPUs.
    EXPECT_EQ(by_cpu.find(group.cgroup().id())->sum(), 12u);
    EXPECT_EQ(by_cpu.find(other.cgroup().id())->sum(), 4u);
    // Written by user space, and counted on from there.
    EXPECT_TRUE(attached.assign(egress, {.packets = 100, .bytes = 0}));
    EXPECT_TRUE(by_cpu.assign(other.cgroup().id(), by_cpu.make_value()));
    EXPECT_EQ(exchange(group, 1), 0);
    EXPECT_EQ(attached.find(egress)->packets, 101u);
    EXPECT_EQ(by_cpu.find(other.cgroup().id())->sum(), 0u);
    EXPECT_FALSE(attached.assign({1, BpfAttachType::cgroup_inet_egress}, {}));
    std::vector<std::uint64_t> packets;
    for (const auto& [key, value] : attached.entries())
      packets.push_back(value.packets);
    EXPECT_THAT(packets, UnorderedElementsAre(101u, 7u, 2u, 2u));
  }
  EXPECT_TRUE(attached.contains(egress));  // for who is attached next
}

// Only what the process that is asked about calls, and no test beside this one.
bool call_getpgid(unsigned times) {
  for (unsigned i = 0; i < times; ++i) {
    if (::getpgid(0) < 0)
      return false;
  }
  return true;
}

TEST_F(BpfCgroupStorage, TasksAreUnderACgroup) {
  const TestCgroup group("under");
  const TestCgroup below("below", &group);
  const TestCgroup other("elsewhere");
  const LoadedBpf bpf = load({"on_getpgid"});
  bpf.map(cgroup_storage::groups).set(1, group.cgroup().native_handle());
  const BpfLink link = bpf.program(cgroup_storage::on_getpgid).attach();
  EXPECT_EQ(group.run([] { return call_getpgid(7); }), true);
  EXPECT_EQ(bpf.variable(cgroup_storage::current_id).load(), group.cgroup().id());
  EXPECT_EQ(below.run([] { return call_getpgid(5); }), true);
  EXPECT_EQ(bpf.variable(cgroup_storage::current_id).load(), below.cgroup().id());
  EXPECT_EQ(other.run([] { return call_getpgid(3); }), true);
  EXPECT_EQ(bpf.variable(cgroup_storage::under).load(), 12u);
  EXPECT_GE(bpf.variable(cgroup_storage::elsewhere).load(), 3u);  // others on this machine may call it too
  // Not a cgroup.
  EXPECT_EQ(error_of([&] { bpf.map(cgroup_storage::groups).set(0, STDIN_FILENO); }).code().value(), EBADF);
}

TEST_F(BpfCgroupStorage, ProgramsKeepValuesBesideCgroups) {
  if (BpfFeatures().map_type(BpfMapType::cgrp_storage) != BpfSupport::yes)
    GTEST_SKIP() << "storage beside cgroups came with Linux 6.2";
  const TestCgroup group("cgrp");
  const TestCgroup other("untouched");
  const LoadedBpf bpf = load({"on_sys_enter"}, true);
  const auto calls = bpf.map(cgroup_storage::calls);
  const BpfLink link = bpf.program(cgroup_storage::on_sys_enter).attach();
  EXPECT_EQ(group.run([] { return call_getpgid(9); }), true);
  EXPECT_EQ(calls.find(group.cgroup().native_handle()), 9u);
  EXPECT_FALSE(calls.find(other.cgroup().native_handle()));
  calls.update(group.cgroup().native_handle(), 100);
  EXPECT_EQ(group.run([] { return call_getpgid(9); }), true);
  EXPECT_EQ(calls.find(group.cgroup().native_handle()), 109u);
  EXPECT_TRUE(calls.erase(group.cgroup().native_handle()));
  EXPECT_FALSE(calls.find(group.cgroup().native_handle()));
}

TEST_F(BpfCgroupStorage, CgroupsAreGoneThroughInEachOrder) {
  const TestCgroup group("iter");
  const TestCgroup child("child", &group);
  const TestCgroup grandchild("grandchild", &child);
  const LoadedBpf bpf = load({"on_cgroup"});
  const auto iter = bpf.program(cgroup_storage::on_cgroup);
  const auto walk = [&](const TestCgroup& from, CgroupOrder order) {
    const BpfLink link = iter.attach(fathom::CgroupWalk{from.path(), order});
    std::istringstream text(iter.read(link));
    std::vector<std::uint64_t> ids;
    for (std::uint64_t id = 0; text >> id;)
      ids.push_back(id);
    return ids;
  };
  const auto top = group.cgroup().id();
  const auto middle = child.cgroup().id();
  const auto bottom = grandchild.cgroup().id();
  EXPECT_THAT(walk(group, CgroupOrder::descendants_pre), ElementsAre(top, middle, bottom));
  EXPECT_THAT(walk(group, CgroupOrder::descendants_post), ElementsAre(bottom, middle, top));
  EXPECT_THAT(walk(child, CgroupOrder::self_only), ElementsAre(middle));
  const auto up = walk(grandchild, CgroupOrder::ancestors_up);
  ASSERT_EQ(up.size(), 4u);
  EXPECT_THAT(std::vector(up.begin(), up.begin() + 3), ElementsAre(bottom, middle, top));
  EXPECT_EQ(up[3], fathom::Cgroup(fathom::Cgroup::mount_point().value()).id());
  EXPECT_EQ(error_of([&] { (void)iter.attach(fathom::CgroupWalk{"/tmp"}); }).cause(), BpfCause::bad_attach_target);
}

}  // namespace
