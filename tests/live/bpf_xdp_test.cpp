#include "attach_errors.hpp"
#include "bpf_fs.hpp"
#include "net_programs.hpp"
#include "xdp_socket.hpp"

#include <fathom/bpf/fd_array.hpp>
#include <fathom/bpf/redirect_map.hpp>
#include <fathom/bpf/xdp.hpp>

#include <gmock/gmock.h>

#include <cerrno>
#include <map>
#include <string>
#include <vector>

namespace {

using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfLink;
using fathom::LoadedBpf;
using fathom::NetworkDevice;
using fathom::Xdp;
using fathom::XdpAttachment;
using fathom::XdpMode;
using fathom::live::error_of;
using fathom::live::frames;
using fathom::live::load_network;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Counts = std::map<unsigned, std::uint64_t>;

struct BpfXdp : fathom::live::VethTest, testing::WithParamInterface<XdpMode> {};
using BpfXdpOther = fathom::live::VethTest;

INSTANTIATE_TEST_SUITE_P(Mode, BpfXdp, testing::Values(XdpMode::native, XdpMode::generic),
                         [](const auto& mode) { return std::string(to_string(mode.param)); });

TEST_P(BpfXdp, PassesDropsAndSendsBack) {
  const LoadedBpf bpf = load_network({"on_xdp", "drop_all"});
  // A veth device takes frames from a program only where its peer polls, as it does for a program of its own.
  const LoadedBpf there = load_network({"pass_all"});
  const BpfLink polls = there.program(network::pass_all).attach(NetworkDevice("one"), GetParam());
  const NetworkDevice device("two");
  BpfLink link = bpf.program(network::on_xdp).attach(device, GetParam());
  EXPECT_EQ(link.info().type, fathom::BpfLinkType::xdp);
  EXPECT_EQ(link.info().ifindex, device.index());
  EXPECT_THAT(Xdp::attached(device), ElementsAre(XdpAttachment{GetParam(), bpf.program("on_xdp").id()}));

  one->send(1, 11);  // dropped
  one->send(3, 5);   // sent back
  one->send(2, 7);   // passed
  EXPECT_THAT(two->receive(7), ElementsAre(2, 2, 2, 2, 2, 2, 2));
  EXPECT_THAT(one->receive(5), ElementsAre(3, 3, 3, 3, 3));
  EXPECT_EQ(frames(bpf), (Counts{{1, 11}, {2, 7}, {3, 5}}));
  EXPECT_EQ(bpf.variable<struct network::seen>("seen").get().bytes, 23u * 60);

  link.update(bpf.program("drop_all"));
  EXPECT_THAT(Xdp::attached(device), ElementsAre(XdpAttachment{GetParam(), bpf.program("drop_all").id()}));
  one->send(2, 3);
  EXPECT_EQ(frames(bpf), (Counts{{1, 11}, {2, 10}, {3, 5}}));
  link.detach();
  EXPECT_THAT(Xdp::attached(device), IsEmpty());
  one->send(1, 2);
  EXPECT_THAT(two->receive(2), ElementsAre(1, 1));  // none of the 3 that were dropped
  EXPECT_EQ(frames(bpf), (Counts{{1, 11}, {2, 10}, {3, 5}}));
}

TEST_P(BpfXdp, ASecondProgramIsRefusedAndTheFirstIsNamed) {
  const LoadedBpf bpf = load_network({"on_xdp", "drop_all"});
  const NetworkDevice device("two");
  const BpfLink link = bpf.program(network::on_xdp).attach(device, GetParam());
  const auto other = bpf.program(network::drop_all);
  for (const XdpMode mode : {XdpMode::any, XdpMode::native, XdpMode::generic}) {
    const BpfError error = error_of([&] { (void)other.attach(device, mode); });
    EXPECT_EQ(error.cause(), BpfCause::bad_attach_target) << error.what();
    EXPECT_THAT(error.hint(), HasSubstr("'on_xdp' (id "));
    EXPECT_THAT(error.hint(), HasSubstr(std::string(to_string(GetParam())) + " mode"));
    EXPECT_EQ(error.target(), "the network device two (" + std::string(to_string(mode)) + ')');
  }
  one->send(2);
  EXPECT_THAT(two->receive(1), ElementsAre(2));
  EXPECT_EQ(frames(bpf), (Counts{{2, 1}}));
}

TEST_F(BpfXdpOther, NativeIsChosenWhereTheDriverCan) {
  const LoadedBpf bpf = load_network({"on_xdp"});
  const auto program = bpf.program(network::on_xdp);
  {
    const BpfLink link = program.attach(NetworkDevice(fathom::live::TestNetwork::index("two")));
    EXPECT_THAT(Xdp::attached(NetworkDevice("two")), ElementsAre(XdpAttachment{XdpMode::native, program.id()}));
  }
  {
    const BpfLink link = program.attach(NetworkDevice("lo"));
    EXPECT_THAT(Xdp::attached(NetworkDevice("lo")), ElementsAre(XdpAttachment{XdpMode::generic, program.id()}));
  }
  BpfError error = error_of([&] { (void)program.attach(NetworkDevice("lo"), XdpMode::native); });
  EXPECT_EQ(error.cause(), BpfCause::unsupported);
  EXPECT_THAT(error.hint(), HasSubstr("generic is for all devices"));
  for (const char* device : {"lo", "two"}) {
    error = error_of([&] { (void)program.attach(NetworkDevice(device), XdpMode::offload); });
    EXPECT_EQ(error.cause(), BpfCause::unsupported) << device;
    EXPECT_THAT(error.hint(), HasSubstr("cannot run programs itself"));
  }
}

TEST_F(BpfXdpOther, ADeviceThatIsNotThereIsNamedWithTheNearest) {
  BpfError error = error_of([] { (void)NetworkDevice("tow"); });
  EXPECT_EQ(error.cause(), BpfCause::bad_attach_target);
  EXPECT_EQ(error.code(), std::errc::no_such_device);
  EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("network device tow:"), HasSubstr("nearest: two")));
  error = error_of([] { (void)NetworkDevice(4'000'000); });
  EXPECT_THAT(error.what(), HasSubstr("of index 4000000"));
  // Names that the kernel would cut, or cannot have.
  for (const char* name : {"", "two-and-much-more-than-a-name-can-be"})
    EXPECT_EQ(error_of([&] { (void)NetworkDevice(name); }).code(), std::errc::no_such_device) << name;
  EXPECT_EQ(NetworkDevice("two").name(), "two");
  EXPECT_EQ(NetworkDevice(1).name(), "lo");
}

TEST_F(BpfXdpOther, ALinkOutlivesItsDevice) {
  const LoadedBpf bpf = load_network({"on_xdp", "drop_all"});
  const NetworkDevice device("two");
  BpfLink link = bpf.program(network::on_xdp).attach(device);
  two.reset();
  network->remove("two");
  EXPECT_EQ(link.info().ifindex, 0u);
  EXPECT_EQ(error_of([&] { link.update(bpf.program("drop_all")); }).code().value(), ENOLINK);
  const BpfError error = error_of([&] { (void)bpf.program(network::on_xdp).attach(device); });
  EXPECT_EQ(error.cause(), BpfCause::bad_attach_target) << error.what();
  EXPECT_THAT(error.hint(), HasSubstr("not in this thread's network namespace"));
  link.detach();
}

TEST_F(BpfXdpOther, FragmentsCarryLargePackets) {
  const LoadedBpf bpf = load_network({"on_xdp", "on_frags"});
  network->set_mtu("one", 9000);
  network->set_mtu("two", 9000);
  const BpfError error =
      error_of([&] { (void)bpf.program(network::on_xdp).attach(NetworkDevice("two"), XdpMode::native); });
  EXPECT_EQ(error.cause(), BpfCause::bad_attach_target) << error.what();
  EXPECT_THAT(error.hint(), HasSubstr("xdp.frags"));
  const BpfLink link = bpf.program(network::on_frags).attach(NetworkDevice("two"), XdpMode::native);
  one->send(2, 3, 8000);
  EXPECT_THAT(two->receive(3), ElementsAre(2, 2, 2));
  EXPECT_EQ(bpf.variable<struct network::seen>("seen_in_map").get().bytes, 3u * 8000);
  EXPECT_LT(bpf.variable<struct network::seen>("seen").get().bytes, 3u * 8000);
}

TEST_F(BpfXdpOther, DevicesAndProcessorsAreRedirectedTo) {
  network->add_veth("three", "four");
  const fathom::live::PacketSocket four("four");
  const LoadedBpf bpf = load_network({"on_xdp", "on_devmap", "on_cpumap"});
  const LoadedBpf there = load_network({"pass_all"});
  bpf.map<fathom::DevMap>("devices").set(0, NetworkDevice("three").index(), bpf.program("on_devmap"));
  bpf.map<fathom::CpuMap>("cpus").set(0, 64, bpf.program("on_cpumap"));
  // As above, of what is redirected.
  const BpfLink polls = there.program(network::pass_all).attach(NetworkDevice("four"), XdpMode::native);
  const BpfLink link = bpf.program(network::on_xdp).attach(NetworkDevice("two"), XdpMode::native);
  one->send(4, 6);
  EXPECT_THAT(four.receive(6), ElementsAre(4, 4, 4, 4, 4, 4));
  EXPECT_EQ(frames(there), (Counts{{4, 6}}));
  EXPECT_EQ(frames(bpf, "seen_in_map"), (Counts{{4, 6}}));
  one->send(5, 9);
  EXPECT_THAT(two->receive(9), ElementsAre(5, 5, 5, 5, 5, 5, 5, 5, 5));
  EXPECT_EQ(frames(bpf, "seen_in_map"), (Counts{{4, 6}, {5, 9}}));
  EXPECT_EQ(frames(bpf), (Counts{{4, 6}, {5, 9}}));
  // They are for maps only.
  for (const char* name : {"on_devmap", "on_cpumap"})
    EXPECT_EQ(error_of([&] { (void)bpf.program<Xdp>(name); }).cause(), BpfCause::bad_object) << name;
}

TEST_P(BpfXdp, SocketsAreRedirectedTo) {
  const LoadedBpf bpf = load_network({"on_xdp"});
  const fathom::live::XdpSocket socket("two");
  bpf.map<fathom::XskMap>("sockets").set(0, socket.native_handle());
  const BpfLink link = bpf.program(network::on_xdp).attach(NetworkDevice("two"), GetParam());
  one->send(6, 8);
  one->send(2, 3);
  EXPECT_THAT(socket.receive(8), ElementsAre(6, 6, 6, 6, 6, 6, 6, 6));
  EXPECT_THAT(two->receive(3), ElementsAre(2, 2, 2));
  EXPECT_EQ(frames(bpf), (Counts{{2, 3}, {6, 8}}));
}

TEST_F(BpfXdpOther, APinKeepsTheLink) {
  const LoadedBpf bpf = load_network({"on_xdp"});
  const fathom::live::BpfFs files;
  ASSERT_TRUE(files.mounted());
  const std::string path = files.file("link");
  const NetworkDevice device("two");
  {
    BpfLink link = bpf.program(network::on_xdp).attach(device);
    link.pin(path);
  }
  EXPECT_EQ(Xdp::attached(device).size(), 1u);
  BpfLink link = BpfLink::open_pinned(path);
  EXPECT_EQ(link.info().ifindex, device.index());
  link.unpin();
  link.detach();
  EXPECT_THAT(Xdp::attached(device), IsEmpty());
}

}  // namespace
