#include "attach_support.hpp"
#include "cgroup_support.hpp"

#include <fathom/bpf/bpf_features.hpp>
#include <fathom/bpf/cgroup_program.hpp>

#include <gmock/gmock.h>

#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using fathom::BpfAttachKind;
using fathom::BpfAttachOrder;
using fathom::BpfAttachType;
using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfFeatures;
using fathom::BpfLink;
using fathom::BpfSupport;
using fathom::Cgroup;
using fathom::CgroupAttachment;
using fathom::CgroupProgram;
using fathom::CgroupSharing;
using fathom::LoadedBpf;
using fathom::UniqueFd;
using fathom::live::error_of;
using fathom::live::load_cgroup_programs;
using fathom::live::TestCgroup;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using BpfCgroupAttach = fathom::live::BpfTest;

constexpr BpfAttachType kType = BpfAttachType::cgroup_inet_sock_create;

// Three programs that each add their digit when a socket is made.
struct Three {
  LoadedBpf bpf = load_cgroup_programs({"order_one", "order_two", "order_three"});
  CgroupProgram one = bpf.program(cgroup::order_one);
  CgroupProgram two = bpf.program(cgroup::order_two);
  CgroupProgram three = bpf.program(cgroup::order_three);

  // Who ran, and in which order, when a process of the cgroup made a socket.
  [[nodiscard]] std::uint64_t order_in(const TestCgroup& group) const {
    const auto order = bpf.variable(cgroup::order);
    order.store(0);
    const auto made = group.run([] { return static_cast<bool>(UniqueFd(::socket(AF_INET, SOCK_DGRAM, 0))); });
    EXPECT_EQ(made, true);
    return order.load();
  }
};

std::vector<std::uint32_t> ids_of(const std::vector<CgroupAttachment>& attached) {
  std::vector<std::uint32_t> ids;
  for (const CgroupAttachment& program : attached)
    ids.push_back(program.program_id);
  return ids;
}

TEST_F(BpfCgroupAttach, WhatIsAttachedAndWhatRuns) {
  const TestCgroup parent("parent");
  const TestCgroup child("child", &parent);
  const Three programs;
  EXPECT_THAT(child.cgroup().attached(kType), IsEmpty());
  EXPECT_EQ(programs.order_in(child), 0u);
  const BpfLink one = programs.one.attach(parent.cgroup());
  const BpfLink two = programs.two.attach(child.cgroup());
  const BpfLink three = programs.three.attach(child.cgroup());
  EXPECT_EQ(programs.order_in(child), 231u);
  EXPECT_EQ(programs.order_in(parent), 1u);
  EXPECT_THAT(ids_of(child.cgroup().attached(kType)), ElementsAre(programs.two.id(), programs.three.id()));
  EXPECT_EQ(child.cgroup().attached(kType)[0].sharing, CgroupSharing::allow_multi);
  EXPECT_THAT(child.cgroup().effective(kType), ElementsAre(programs.two.id(), programs.three.id(), programs.one.id()));
  EXPECT_THAT(parent.cgroup().effective(kType), ElementsAre(programs.one.id()));
  EXPECT_THAT(child.cgroup().attached(BpfAttachType::cgroup_inet_egress), IsEmpty());
  const BpfError error = error_of([&] { (void)child.cgroup().attached(BpfAttachType::perf_event); });
  EXPECT_EQ(error.cause(), BpfCause::unsupported) << error.what();
}

TEST_F(BpfCgroupAttach, ManyProgramsAreListed) {
  const TestCgroup group("many");
  const TestCgroup below("below", &group);
  const Three programs;
  std::vector<BpfLink> links;
  for (int i = 0; i < 60; ++i) {
    links.push_back(programs.one.attach(group.cgroup()));
    links.push_back(programs.two.attach(below.cgroup()));
  }
  EXPECT_EQ(below.cgroup().attached(kType).size(), 60u);
  EXPECT_EQ(below.cgroup().effective(kType).size(), 120u);
  const BpfError error = error_of([&] {
    for (int i = 0; i < 10; ++i)
      links.push_back(programs.one.attach(group.cgroup()));
  });
  EXPECT_EQ(error.cause(), BpfCause::resource);
  EXPECT_THAT(error.hint(), HasSubstr("64 programs"));
}

TEST_F(BpfCgroupAttach, LinksAreUpdated) {
  const TestCgroup group("update");
  const Three programs;
  BpfLink link = programs.one.attach(group.cgroup());
  const std::uint32_t id = link.info().id;
  EXPECT_EQ(programs.order_in(group), 1u);
  link.update(programs.two);
  EXPECT_EQ(programs.order_in(group), 2u);
  const BpfError error = error_of([&] { link.update(programs.three, programs.one); });
  EXPECT_EQ(error.cause(), BpfCause::bad_attach_target);
  EXPECT_THAT(error.hint(), HasSubstr("not order_one, but the program of id " + std::to_string(programs.two.id())));
  EXPECT_EQ(programs.order_in(group), 2u);
  link.update(programs.three, programs.two);
  EXPECT_EQ(programs.order_in(group), 3u);
  EXPECT_EQ(link.info().id, id);
  EXPECT_EQ(link.info().program_id, programs.three.id());
  link.detach();
  EXPECT_EQ(programs.order_in(group), 0u);
}

TEST_F(BpfCgroupAttach, AnUpdatedLinkLetsTheOldProgramGo) {
  const TestCgroup group("let_go");
  std::optional<BpfLink> link;
  std::set<std::uint32_t> replaced;
  for (int i = 0; i < 4; ++i) {
    const Three programs;
    if (link) {
      replaced.insert(link->info().program_id);
      link->update(programs.two);
    } else {
      link = programs.one.attach(group.cgroup());
    }
  }
  const std::uint32_t attached = link->info().program_id;
  EXPECT_FALSE(replaced.contains(attached));
  // The kernel frees programs late.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  std::vector<std::uint32_t> left;
  do {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    left.clear();
    const std::set<std::uint32_t> loaded = fathom::live::bpf_things().programs;
    std::ranges::set_intersection(replaced, loaded, std::back_inserter(left));
    EXPECT_TRUE(loaded.contains(attached));
  } while (!left.empty() && std::chrono::steady_clock::now() < end);
  EXPECT_THAT(left, IsEmpty());
}

TEST_F(BpfCgroupAttach, AnOrderIsKept) {
  const TestCgroup group("order");
  const Three programs;
  const BpfLink one = programs.one.attach(group.cgroup());
  const auto first = [&] { return programs.two.attach(group.cgroup(), {.order = BpfAttachOrder::first()}); };
  if (BpfFeatures().attach(BpfAttachKind::cgroup_order) != BpfSupport::yes) {
    const BpfError error = error_of([&] { (void)first(); });
    EXPECT_EQ(error.cause(), BpfCause::unsupported) << error.what();
    EXPECT_EQ(error_of([&] { (void)programs.two.attach(group.cgroup(), {.expected_revision = 1}); }).cause(),
              BpfCause::unsupported);
    EXPECT_EQ(
        error_of([&] { (void)programs.two.attach_without_link(group.cgroup(), {.expected_revision = 1}); }).cause(),
        BpfCause::unsupported);
    EXPECT_EQ(group.cgroup().revision(kType), std::nullopt);
    GTEST_SKIP() << "an order among the programs of a cgroup came with Linux 6.17";
  }
  const BpfLink two = first();
  EXPECT_EQ(programs.order_in(group), 21u);
  {
    const BpfLink three = programs.three.attach(group.cgroup(), {.order = BpfAttachOrder::before(one)});
    EXPECT_EQ(programs.order_in(group), 231u);
  }
  {
    const BpfLink three = programs.three.attach(group.cgroup(), {.order = BpfAttachOrder::after(two)});
    EXPECT_EQ(programs.order_in(group), 231u);
  }
  {
    const BpfLink three = programs.three.attach(group.cgroup(), {.order = BpfAttachOrder::last()});
    EXPECT_EQ(programs.order_in(group), 213u);
  }
  const auto revision = group.cgroup().revision(kType);
  ASSERT_TRUE(revision);
  {
    const BpfLink three = programs.three.attach(group.cgroup(), {.expected_revision = revision});
    EXPECT_EQ(group.cgroup().revision(kType), *revision + 1);
  }
  const BpfError stale =
      error_of([&] { (void)programs.three.attach(group.cgroup(), {.expected_revision = revision}); });
  EXPECT_EQ(stale.code().value(), ESTALE);
  EXPECT_THAT(stale.hint(), HasSubstr("its revision is " + std::to_string(*revision + 2)));
  // Without a link, beside one that has none either.
  {
    const TestCgroup plain("order_plain");
    const BpfLink three = programs.three.attach_without_link(plain.cgroup());
    const BpfLink before =
        programs.one.attach_without_link(plain.cgroup(), {.order = BpfAttachOrder::before(programs.three)});
    const BpfLink after =
        programs.two.attach_without_link(plain.cgroup(), {.order = BpfAttachOrder::after(programs.one)});
    EXPECT_EQ(programs.order_in(plain), 123u);
  }
  {
    const TestCgroup plain("order_revision");
    const auto now = plain.cgroup().revision(kType);
    ASSERT_TRUE(now);
    const BpfLink two_there = programs.two.attach_without_link(plain.cgroup(), {.expected_revision = now});
    EXPECT_EQ(plain.cgroup().revision(kType), *now + 1);
    const BpfError late =
        error_of([&] { (void)programs.three.attach_without_link(plain.cgroup(), {.expected_revision = now}); });
    EXPECT_EQ(late.code().value(), ESTALE);
    EXPECT_THAT(late.hint(), HasSubstr("its revision is " + std::to_string(*now + 1)));
    EXPECT_EQ(programs.order_in(plain), 2u);
  }
  // A link to another cgroup, and a program that has a link.
  const TestCgroup other("order_other");
  const BpfLink elsewhere = programs.two.attach(other.cgroup());
  for (const BpfAttachOrder& order : {BpfAttachOrder::before(elsewhere), BpfAttachOrder::before(programs.one)}) {
    const BpfError error = error_of([&] { (void)programs.three.attach(group.cgroup(), {.order = order}); });
    EXPECT_EQ(error.cause(), BpfCause::bad_attach_target) << error.what();
    EXPECT_FALSE(error.hint().empty());
  }
}

TEST_F(BpfCgroupAttach, PreorderRunsBeforeThoseBelow) {
  const TestCgroup parent("pre");
  const TestCgroup child("below", &parent);
  const Three programs;
  const BpfLink one = programs.one.attach(parent.cgroup());
  const BpfLink two = programs.two.attach(child.cgroup());
  std::optional<BpfLink> three;
  try {
    three = programs.three.attach(parent.cgroup(), {.preorder = true});
  } catch (const BpfError& error) {
    EXPECT_EQ(error.cause(), BpfCause::unsupported) << error.what();
    EXPECT_NE(BpfFeatures().attach(BpfAttachKind::cgroup_order), BpfSupport::yes);
    GTEST_SKIP() << error.hint();
  }
  EXPECT_EQ(programs.order_in(child), 321u);
}

TEST_F(BpfCgroupAttach, WithoutALinkSeveral) {
  const TestCgroup group("multi");
  const Three programs;
  BpfLink one = programs.one.attach_without_link(group.cgroup());
  const BpfLink two = programs.two.attach(group.cgroup());
  EXPECT_EQ(programs.order_in(group), 12u);
  EXPECT_EQ(one.native_handle(), -1);
  EXPECT_EQ(error_of([&] { (void)one.info(); }).cause(), BpfCause::unsupported);
  const BpfError twice = error_of([&] { (void)programs.one.attach_without_link(group.cgroup()); });
  EXPECT_EQ(twice.cause(), BpfCause::bad_attach_target);
  EXPECT_THAT(twice.hint(), HasSubstr("attached to it already"));
  {
    const BpfLink three = programs.three.attach_without_link(group.cgroup(), {.replace = programs.one});
    EXPECT_EQ(programs.order_in(group), 32u);
    one.detach();  // whose place is another's
    EXPECT_EQ(programs.order_in(group), 32u);
    const BpfError error =
        error_of([&] { (void)programs.two.attach_without_link(group.cgroup(), {.replace = programs.one}); });
    EXPECT_EQ(error.cause(), BpfCause::bad_attach_target);
    EXPECT_THAT(error.hint(), HasSubstr("to replace"));
  }
  EXPECT_EQ(programs.order_in(group), 2u);
}

TEST_F(BpfCgroupAttach, WithoutALinkInPlaceOfThoseAbove) {
  const TestCgroup parent("override");
  const TestCgroup child("below", &parent);
  const Three programs;
  const fathom::CgroupAttachOptions alone{.sharing = CgroupSharing::allow_override};
  const BpfLink one = programs.one.attach_without_link(parent.cgroup(), alone);
  EXPECT_EQ(programs.order_in(child), 1u);
  EXPECT_EQ(parent.cgroup().attached(kType)[0].sharing, CgroupSharing::allow_override);
  {
    const BpfLink two = programs.two.attach_without_link(child.cgroup(), alone);
    EXPECT_EQ(programs.order_in(child), 2u);
    // A link is for several, and so it is nothing for either.
    const BpfError error = error_of([&] { (void)programs.three.attach(child.cgroup()); });
    EXPECT_EQ(error.cause(), BpfCause::bad_attach_target);
    EXPECT_THAT(error.hint(), HasSubstr("the program of id " + std::to_string(programs.two.id()) +
                                        " is attached allow_override to it already"));
    BpfLink three = programs.three.attach_without_link(child.cgroup(), alone);
    EXPECT_EQ(programs.order_in(child), 3u);
    // `two` is not there any more: it must not take `three` away.
  }
  EXPECT_EQ(programs.order_in(child), 1u);
  BpfLink two = programs.two.attach_without_link(child.cgroup(), alone);
  const BpfLink three = programs.three.attach_without_link(child.cgroup(), alone);
  two.detach();
  EXPECT_EQ(programs.order_in(child), 3u);
}

TEST_F(BpfCgroupAttach, WithoutALinkForbiddenBelow) {
  const TestCgroup parent("exclusive");
  const TestCgroup child("below", &parent);
  const TestCgroup grandchild("under", &child);
  const Three programs;
  {
    const BpfLink one = programs.one.attach_without_link(parent.cgroup(), {.sharing = CgroupSharing::exclusive});
    const BpfError error = error_of([&] { (void)programs.two.attach(grandchild.cgroup()); });
    EXPECT_EQ(error.code().value(), EPERM);
    EXPECT_EQ(error.cause(), BpfCause::bad_attach_target);
    EXPECT_EQ(error.hint(), "the program of id " + std::to_string(programs.one.id()) +
                                " is attached exclusive to the cgroup 2 above it");
    EXPECT_EQ(programs.order_in(grandchild), 1u);
  }
  const BpfLink two = programs.two.attach(grandchild.cgroup());
  EXPECT_EQ(programs.order_in(grandchild), 2u);
}

TEST_F(BpfCgroupAttach, ARemovedCgroup) {
  TestCgroup group("gone");
  const Three programs;
  BpfLink link = programs.one.attach(group.cgroup());
  BpfLink plain = programs.two.attach_without_link(group.cgroup());
  group.remove();
  // The kernel ends what was attached a little later.
  for (int attempt = 0; attempt < 100 && link.info().cgroup_id != 0U; ++attempt)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(link.info().cgroup_id, 0u);
  EXPECT_EQ(link.info().program_id, programs.one.id());
  EXPECT_EQ(error_of([&] { link.update(programs.two); }).code().value(), ENOLINK);
  for (const BpfError& error : {error_of([&] { (void)programs.three.attach(group.cgroup()); }),
                                error_of([&] { (void)programs.three.attach_without_link(group.cgroup()); }),
                                error_of([&] { (void)group.cgroup().attached(kType); })}) {
    EXPECT_EQ(error.cause(), BpfCause::bad_attach_target) << error.what();
    EXPECT_EQ(error.hint(), "the cgroup has been removed");
  }
  plain.detach();  // the kernel has done it
  link.detach();
}

TEST_F(BpfCgroupAttach, WhatIsNoCgroup) {
  const std::string mount = Cgroup::mount_point().value();
  for (const char* path : {"/tmp", "/proc/self/exe", "/nonexistent"}) {
    const BpfError error = error_of([&] { (void)Cgroup(path); });
    EXPECT_EQ(error.cause(), BpfCause::bad_attach_target) << path;
    EXPECT_THAT(error.what(), HasSubstr(std::string("cannot open the cgroup ") + path));
    EXPECT_THAT(error.hint(), HasSubstr("cgroups of version 2 are mounted at " + mount)) << path;
  }
  if (::access("/sys/fs/cgroup/cpu/cgroup.procs", F_OK) == 0) {
    EXPECT_THAT(error_of([] { (void)Cgroup("/sys/fs/cgroup/cpu"); }).hint(), HasSubstr("of version 1"));
  }
  EXPECT_EQ(error_of([] { (void)Cgroup::from_descriptor(-1); }).code().value(), EBADF);
  const TestCgroup group("fd");
  const Cgroup same = Cgroup::from_descriptor(group.cgroup().native_handle());
  struct stat status{};
  ASSERT_EQ(::stat(group.path().c_str(), &status), 0);
  EXPECT_EQ(same.id(), status.st_ino);  // on a 64-bit machine
  EXPECT_EQ(same.id(), group.cgroup().id());
  EXPECT_EQ(same.path(), group.path());
}

TEST_F(BpfCgroupAttach, TheAttachTypeMustFit) {
  const TestCgroup group("type");
  const LoadedBpf bpf = load_cgroup_programs({"on_skb", "order_one"});
  const auto skb = bpf.program<CgroupProgram>("on_skb");
  EXPECT_EQ(error_of([&] { (void)skb.attach(group.cgroup()); }).cause(), BpfCause::bad_attach_target);
  const BpfLink egress = skb.attach(group.cgroup(), {.attach_type = BpfAttachType::cgroup_inet_egress});
  EXPECT_EQ(egress.info().attach_type, BpfAttachType::cgroup_inet_egress);
  const BpfError error =
      error_of([&] { (void)skb.attach(group.cgroup(), {.attach_type = BpfAttachType::cgroup_inet4_connect}); });
  EXPECT_THAT(error.hint(), HasSubstr("programs of type cgroup_skb are not attached by cgroup_inet4_connect"));
  // Of one that was not loaded here nobody knows it.
  const CgroupProgram found(fathom::BpfProgram::from_id(bpf.program("order_one").id()));
  EXPECT_EQ(error_of([&] { (void)found.attach(group.cgroup()); }).cause(), BpfCause::bad_attach_target);
  const BpfLink link = found.attach(group.cgroup(), {.attach_type = kType});
  EXPECT_EQ(link.info().program_id, found.id());
  const LoadedBpf tracing = fathom::live::load_only("on_syscall", 0);
  EXPECT_EQ(error_of([&] { (void)tracing.program<CgroupProgram>("on_syscall"); }).cause(), BpfCause::bad_object);
}

bool without_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  data[1].effective = data[1].permitted = 1U << (CAP_BPF - 32);
  return ::syscall(SYS_capset, &header, data.data()) == 0;
}

TEST_F(BpfCgroupAttach, WithoutRights) {
  const TestCgroup group("rights");
  const LoadedBpf bpf = load_cgroup_programs({"on_egress"});
  const auto program = bpf.program<CgroupProgram>("on_egress");
  const auto said = group.run([&] {
    if (!without_capabilities())
      return std::array{false, false};
    const auto denied = [](auto call) {
      try {
        call();
        return false;
      } catch (const BpfError& error) {
        return error.cause() == BpfCause::denied &&
               error.hint() == "this thread has neither CAP_NET_ADMIN nor CAP_SYS_ADMIN";
      }
    };
    return std::array{denied([&] { (void)program.attach(group.cgroup()); }),
                      denied([&] { (void)group.cgroup().attached(BpfAttachType::cgroup_inet_egress); })};
  });
  ASSERT_TRUE(said);
  EXPECT_THAT(*said, ElementsAre(true, true));
}

TEST_F(BpfCgroupAttach, WhatTheKernelHas) {
  const BpfFeatures features;
  EXPECT_EQ(features.attach(BpfAttachKind::cgroup), BpfSupport::yes);
  const auto agrees = [&](BpfAttachKind kind, std::string_view program) {
    BpfSupport seen = BpfSupport::yes;
    try {
      (void)load_cgroup_programs({program});
    } catch (const BpfError& error) {
      seen = error.cause() == BpfCause::denied ? BpfSupport::denied : BpfSupport::no;
    }
    EXPECT_EQ(to_string(features.attach(kind)), to_string(seen)) << program;
  };
  agrees(BpfAttachKind::cgroup_unix, "on_connect_unix");
  agrees(BpfAttachKind::lsm_cgroup, "on_lsm_bind");
}

}  // namespace
