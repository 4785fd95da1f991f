#include "attach_errors.hpp"
#include "net_programs.hpp"

#include <fathom/bpf/bpf_features.hpp>
#include <fathom/bpf/netkit.hpp>
#include <fathom/bpf/tc_classifier.hpp>
#include <fathom/bpf/tcx.hpp>
#include <fathom/bpf/xdp.hpp>

#include <gmock/gmock.h>

#include <cerrno>
#include <map>
#include <string>
#include <vector>

namespace {

using fathom::BpfAttachKind;
using fathom::BpfAttachOrder;
using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfFeatures;
using fathom::BpfLink;
using fathom::BpfSupport;
using fathom::DeviceAttachment;
using fathom::LoadedBpf;
using fathom::Netkit;
using fathom::NetkitEnd;
using fathom::NetworkDevice;
using fathom::TcDirection;
using fathom::Tcx;
using fathom::live::error_of;
using fathom::live::frames;
using fathom::live::if_kernel_has;
using fathom::live::load_network;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Counts = std::map<unsigned, std::uint64_t>;

constexpr TcDirection kIn = TcDirection::ingress;

struct BpfTcx : fathom::live::VethTest {
  // Whether the kernel has tcx; `reason` says why not.
  bool has_tcx() {
    const LoadedBpf bpf = load_network({"on_tcx"});
    const auto link = if_kernel_has([&] { return bpf.program(network::on_tcx).attach(NetworkDevice("two")); }, reason);
    EXPECT_EQ(BpfFeatures().attach(BpfAttachKind::tcx), link ? BpfSupport::yes : BpfSupport::no);
    return link.has_value();
  }

  std::string reason;
};

std::vector<std::uint32_t> ids(const fathom::DevicePrograms& there) {
  std::vector<std::uint32_t> found;
  for (const DeviceAttachment& attachment : there.programs)
    found.push_back(attachment.program_id);
  return found;
}

TEST_F(BpfTcx, CountsAndDropsInEachDirection) {
  if (!has_tcx())
    GTEST_SKIP() << reason;
  const LoadedBpf bpf = load_network({"on_tcx", "on_tcx_out", "on_tc"});
  const NetworkDevice device("two");
  BpfLink in = bpf.program(network::on_tcx).attach(device);
  const BpfLink out = bpf.program(network::on_tcx_out).attach(device);
  EXPECT_EQ(in.info().type, fathom::BpfLinkType::tcx);
  EXPECT_EQ(in.info().ifindex, device.index());
  EXPECT_EQ(in.info().attach_type, fathom::BpfAttachType::tcx_ingress);
  EXPECT_EQ(out.info().attach_type, fathom::BpfAttachType::tcx_egress);
  EXPECT_THAT(Tcx::attached(device, kIn).programs,
              ElementsAre(DeviceAttachment{bpf.program("on_tcx").id(), in.info().id}));
  one->send(1, 11);
  one->send(2, 7);
  EXPECT_THAT(two->receive(7), ElementsAre(2, 2, 2, 2, 2, 2, 2));
  two->send(1, 4);
  two->send(3, 5);
  EXPECT_THAT(one->receive(5), ElementsAre(3, 3, 3, 3, 3));
  EXPECT_EQ(frames(bpf), (Counts{{1, 11}, {2, 7}}));
  EXPECT_EQ(frames(bpf, "seen_out"), (Counts{{1, 4}, {3, 5}}));

  // A program of SEC("tc") does as well, and goes into the place of the other.
  in.update(bpf.program("on_tc"));
  EXPECT_EQ(in.info().program_id, bpf.program("on_tc").id());
  in.detach();
  EXPECT_THAT(Tcx::attached(device, kIn).programs, IsEmpty());
  one->send(1);
  EXPECT_THAT(two->receive(1), ElementsAre(1));
  EXPECT_EQ(frames(bpf), (Counts{{1, 11}, {2, 7}}));
}

TEST_F(BpfTcx, ProgramsRunInTheOrderThatIsAsked) {
  if (!has_tcx())
    GTEST_SKIP() << reason;
  const LoadedBpf bpf = load_network({"step_1", "step_2", "step_3", "on_tcx_out"});
  const NetworkDevice device("two");
  const Tcx one_(bpf.program("step_1"));
  const Tcx two_(bpf.program("step_2"));
  const Tcx three_(bpf.program("step_3"));
  const BpfLink first = one_.attach(device, kIn);
  {
    const BpfLink behind = two_.attach(device, kIn);
    const BpfLink last = three_.attach(device, kIn, {.order = BpfAttachOrder::last()});
    EXPECT_EQ(order_of_a_frame(bpf), 123u);
  }
  {
    const BpfLink before = two_.attach(device, kIn, {.order = BpfAttachOrder::first()});
    const BpfLink between = three_.attach(device, kIn, {.order = BpfAttachOrder::before(first)});
    EXPECT_EQ(order_of_a_frame(bpf), 231u);
    EXPECT_THAT(ids(Tcx::attached(device, kIn)), ElementsAre(two_.id(), three_.id(), one_.id()));
  }
  const auto revision = Tcx::attached(device, kIn).revision;
  const BpfLink behind = two_.attach(device, kIn, {.expected_revision = revision});
  const BpfLink between = three_.attach(device, kIn, {.order = BpfAttachOrder::after(first)});
  EXPECT_EQ(order_of_a_frame(bpf), 132u);

  const auto refused = [&](const Tcx& program, const fathom::DeviceLinkOptions& options) {
    const BpfError error = error_of([&] { (void)program.attach(device, kIn, options); });
    EXPECT_EQ(error.cause(), BpfCause::bad_attach_target) << error.what();
    EXPECT_FALSE(error.hint().empty()) << error.what();
    return error.code().value();
  };
  EXPECT_EQ(refused(one_, {}), EEXIST);
  const Tcx other(bpf.program("on_tcx_out"));
  EXPECT_EQ(refused(other, {.expected_revision = revision}), ESTALE);
  const BpfLink elsewhere = other.attach(device);
  EXPECT_EQ(refused(other, {.order = BpfAttachOrder::before(elsewhere)}), ENOENT);
  EXPECT_EQ(refused(other, {.order = BpfAttachOrder::after(other)}), ENOENT);
}

TEST_F(BpfTcx, ALinkOutlivesItsDevice) {
  if (!has_tcx())
    GTEST_SKIP() << reason;
  const LoadedBpf bpf = load_network({"on_tcx", "on_tc"});
  const NetworkDevice device("two");
  BpfLink link = bpf.program(network::on_tcx).attach(device);
  // One that names no direction.
  EXPECT_EQ(error_of([&] { (void)bpf.program<Tcx>("on_tc").attach(device); }).cause(), BpfCause::bad_attach_target);
  two.reset();
  network->remove("two");
  EXPECT_EQ(link.info().ifindex, 0u);
  const BpfError error = error_of([&] { (void)bpf.program(network::on_tcx).attach(device); });
  EXPECT_EQ(error.cause(), BpfCause::bad_attach_target);
  EXPECT_EQ(error.code().value(), ENODEV);
  EXPECT_THAT(error.target(), HasSubstr("the ingress of the network device two"));
}

struct BpfNetkit : fathom::live::BpfTest {};

TEST_F(BpfNetkit, CountsAndDropsAtBothEnds) {
  fathom::live::TestNetwork network;
  network.add_veth("one", "two");
  const LoadedBpf bpf = load_network({"on_netkit", "on_netkit_peer", "on_tc"});
  std::string reason;
  // A kernel that has it says that this is none.
  const BpfError none = error_of([&] { (void)bpf.program(network::on_netkit).attach(NetworkDevice("one")); });
  const BpfSupport support = BpfFeatures().attach(BpfAttachKind::netkit);
  if (none.cause() == BpfCause::unsupported) {
    EXPECT_EQ(support, BpfSupport::no);
    GTEST_SKIP() << "unsupported: " << none.hint();
  }
  EXPECT_EQ(support, BpfSupport::yes);
  EXPECT_EQ(none.cause(), BpfCause::bad_attach_target) << none.what();
  EXPECT_THAT(none.hint(), HasSubstr("not of kind netkit"));

  network.add_netkit("nk0", "nk1");
  const fathom::live::PacketSocket primary("nk0");
  const fathom::live::PacketSocket peer("nk1");
  const NetworkDevice device("nk0");
  BpfLink link = bpf.program(network::on_netkit).attach(device);
  const BpfLink other = bpf.program(network::on_netkit_peer).attach(device);
  EXPECT_EQ(link.info().type, fathom::BpfLinkType::netkit);
  EXPECT_EQ(link.info().ifindex, device.index());
  EXPECT_EQ(link.info().attach_type, fathom::BpfAttachType::netkit_primary);
  EXPECT_EQ(other.info().attach_type, fathom::BpfAttachType::netkit_peer);
  EXPECT_THAT(ids(Netkit::attached(device, NetkitEnd::peer)), ElementsAre(bpf.program("on_netkit_peer").id()));
  primary.send(1, 11);
  primary.send(2, 7);
  EXPECT_THAT(peer.receive(7), ElementsAre(2, 2, 2, 2, 2, 2, 2));
  peer.send(1, 4);
  peer.send(3, 5);
  EXPECT_THAT(primary.receive(5), ElementsAre(3, 3, 3, 3, 3));
  EXPECT_EQ(frames(bpf), (Counts{{1, 11}, {2, 7}}));
  EXPECT_EQ(frames(bpf, "seen_out"), (Counts{{1, 4}, {3, 5}}));

  const BpfError wrong = error_of([&] { (void)bpf.program(network::on_netkit_peer).attach(NetworkDevice("nk1")); });
  EXPECT_EQ(wrong.cause(), BpfCause::bad_attach_target) << wrong.what();
  EXPECT_THAT(wrong.hint(), HasSubstr("primary"));
  link.detach();
  primary.send(1, 2);
  EXPECT_THAT(peer.receive(2), ElementsAre(1, 1));
  const BpfLink first =
      Netkit(bpf.program("on_tc")).attach(device, NetkitEnd::peer, {.order = BpfAttachOrder::first()});
  EXPECT_THAT(ids(Netkit::attached(device, NetkitEnd::peer)),
              ElementsAre(bpf.program("on_tc").id(), bpf.program("on_netkit_peer").id()));
}

TEST_F(BpfNetkit, KernelsWithoutSaySo) {
  const LoadedBpf bpf = load_network({"on_tcx", "on_netkit"});
  const BpfFeatures features;
  EXPECT_EQ(features.attach(BpfAttachKind::xdp), BpfSupport::yes);
  fathom::live::TestNetwork network;
  const NetworkDevice device("lo");
  if (features.attach(BpfAttachKind::tcx) == BpfSupport::no) {
    const BpfError error = error_of([&] { (void)bpf.program(network::on_tcx).attach(device); });
    EXPECT_EQ(error.cause(), BpfCause::unsupported);
    EXPECT_THAT(error.hint(), HasSubstr("Linux 6.6"));
    EXPECT_EQ(error_of([&] { (void)Tcx::attached(device, kIn); }).cause(), BpfCause::unsupported);
  }
  if (features.attach(BpfAttachKind::netkit) == BpfSupport::no) {
    const BpfError error = error_of([&] { (void)bpf.program(network::on_netkit).attach(device); });
    EXPECT_EQ(error.cause(), BpfCause::unsupported);
    EXPECT_THAT(error.hint(), HasSubstr("Linux 6.7"));
    EXPECT_EQ(error_of([&] { (void)Netkit::attached(device, NetkitEnd::peer); }).cause(), BpfCause::unsupported);
  }
}

}  // namespace
