#include "attach_errors.hpp"
#include "bpf_support.hpp"
#include "local_sockets.hpp"
#include "net_support.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/lwt.hpp>

#include <gmock/gmock.h>

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fathom-bpf/lwt.bpf.hpp>
#include <string>
#include <thread>

namespace {

using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfLink;
using fathom::BpfObject;
using fathom::LoadedBpf;
using fathom::Lwt;
using fathom::LwtRoute;
using fathom::LwtSeg6Local;
using fathom::UniqueFd;
using fathom::live::bound_socket;
using fathom::live::connected_socket;
using fathom::live::error_of;
using fathom::live::port_of;
using fathom::live::readable;
using fathom::live::receive_datagram;
using fathom::live::send_all;
using fathom::live::TestNetwork;
using testing::HasSubstr;

using BpfLwt = fathom::live::BpfTest;

LoadedBpf load(const char* program) {
  BpfObject object = BpfObject::open(lwt::object);
  object.program(program).autoload = true;
  return object.load();
}

std::uint64_t packets(const LoadedBpf& bpf) {
  return bpf.variable<std::uint64_t>("packets").load();
}

LwtRoute to_myself() {
  return {.destination = "10.9.0.1/32", .ifindex = TestNetwork::index("lo"), .local = true};
}

TEST_F(BpfLwt, ARouteGoesThroughTheProgram) {
  for (const char* name : {"on_in", "on_out", "on_xmit"}) {
    SCOPED_TRACE(name);
    const TestNetwork network;
    const LoadedBpf bpf = load(name);
    EXPECT_FALSE(connected_socket(SOCK_DGRAM, 9, "10.9.0.1"));
    BpfLink link = bpf.program<Lwt>(name).attach(to_myself());
    const UniqueFd receiver = bound_socket(SOCK_DGRAM, 0, false, "10.9.0.1");
    const UniqueFd sender = connected_socket(SOCK_DGRAM, port_of(receiver), "10.9.0.1");
    ASSERT_TRUE(sender);
    for (int i = 0; i < 6; ++i) {
      send_all(sender, "routed");
      EXPECT_EQ(receive_datagram(receiver), "routed");
    }
    EXPECT_EQ(packets(bpf), 6u);
    EXPECT_EQ(bpf.variable<std::uint64_t>("bytes").load(), 6 * (20u + 8 + 6));
    bpf.variable<int>("verdict").store(BPF_DROP);
    static_cast<void>(::send(sender.get(), "gone", 4, 0));
    EXPECT_FALSE(readable(receiver, 50));
    EXPECT_EQ(packets(bpf), 7u);

    const BpfError there = error_of([&] { (void)bpf.program<Lwt>(name).attach(to_myself()); });
    EXPECT_EQ(there.cause(), BpfCause::bad_attach_target);
    EXPECT_EQ(there.code().value(), EEXIST);
    EXPECT_EQ(link.native_handle(), -1);
    link.detach();
    EXPECT_FALSE(connected_socket(SOCK_DGRAM, 9, "10.9.0.1"));
  }
}

TEST_F(BpfLwt, RoutesThatCannotBe) {
  const TestNetwork network;
  const LoadedBpf bpf = load("on_out");
  const auto program = bpf.program<Lwt>("on_out");
  const unsigned lo = TestNetwork::index("lo");
  const LwtRoute routes[] = {
      {.destination = "", .ifindex = lo},
      {.destination = "10.1.0.0/33", .ifindex = lo},
      {.destination = "10.1.0.0/", .ifindex = lo},
      {.destination = "somewhere", .ifindex = lo},
      {.destination = "10.1.0.0/16", .ifindex = lo, .gateway = "::1"},
      {.destination = "10.1.0.0/16", .ifindex = 99'999},
      {.destination = "10.1.0.1/16", .ifindex = lo},  // bits behind the prefix
      {.destination = "10.1.0.0/16", .ifindex = lo, .headroom = 100'000},
  };
  for (const LwtRoute& route : routes) {
    const BpfError error = error_of([&] { (void)program.attach(route); });
    EXPECT_EQ(error.cause(), BpfCause::bad_attach_target) << route.destination << ": " << error.what();
    EXPECT_FALSE(error.hint().empty());
    EXPECT_THAT(error.target(), HasSubstr("the route to " + route.destination));
  }
  EXPECT_EQ(error_of([&] { (void)bpf.program<LwtSeg6Local>("on_out"); }).cause(), BpfCause::bad_object);
}

// The device takes its routes with it: then there is nothing to remove.
TEST_F(BpfLwt, ARouteThatIsGoneAlready) {
  TestNetwork network;
  network.add_veth("left", "right");
  const LoadedBpf bpf = load("on_xmit");
  BpfLink link = bpf.program<Lwt>("on_xmit").attach(
      {.destination = "10.8.0.0/16", .ifindex = TestNetwork::index("left"), .metric = 5, .headroom = 20});
  network.remove("left");
  EXPECT_NO_THROW(link.detach());
}

// A packet to a segment, with one more to come: IPv6, routing header of type 4, nothing.
std::array<std::uint8_t, 80> segment_packet(const char* segment) {
  std::array<std::uint8_t, 80> packet{};
  packet[0] = 0x60;
  packet[5] = 40;  // bytes behind this header
  packet[6] = IPPROTO_ROUTING;
  packet[7] = 64;
  ::inet_pton(AF_INET6, "fc00::1", &packet[8]);
  ::inet_pton(AF_INET6, segment, &packet[24]);
  packet[40] = IPPROTO_NONE;
  packet[41] = 4;  // 8 bytes each, besides the first 8
  packet[42] = 4;
  packet[43] = 1;  // segments left
  packet[44] = 1;  // the last one's number
  ::inet_pton(AF_INET6, "fc00::99", &packet[48]);
  ::inet_pton(AF_INET6, segment, &packet[64]);
  return packet;
}

sockaddr_ll device_address(const char* from, const char* to) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, to, sizeof(request.ifr_name) - 1);
  EXPECT_EQ(::ioctl(socket.get(), SIOCGIFHWADDR, &request), 0);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_IPV6);
  address.sll_ifindex = static_cast<int>(TestNetwork::index(from));
  address.sll_halen = ETH_ALEN;
  std::memcpy(address.sll_addr, request.ifr_hwaddr.sa_data, ETH_ALEN);
  return address;
}

TEST_F(BpfLwt, ASegmentIsTheProgram) {
  TestNetwork network;
  network.add_veth("left", "right");
  const LoadedBpf bpf = load("on_segment");
  bpf.variable<int>("verdict").store(BPF_DROP);
  BpfLink link = bpf.program<LwtSeg6Local>("on_segment")
                     .attach({.destination = "fc00::6/128", .ifindex = TestNetwork::index("left")});
  const UniqueFd socket(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_ll address = device_address("left", "right");
  const auto packet = segment_packet("fc00::6");
  for (int i = 0; i < 5; ++i)
    ASSERT_EQ(::sendto(socket.get(), packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&address),
                       sizeof(address)),
              static_cast<ssize_t>(packet.size()));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (packets(bpf) < 5 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(packets(bpf), 5u);
  EXPECT_EQ(bpf.variable<std::uint64_t>("bytes").load(), 5 * packet.size());
  link.detach();
}

}  // namespace
