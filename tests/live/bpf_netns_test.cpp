#include "attach_errors.hpp"
#include "bpf_support.hpp"
#include "local_sockets.hpp"
#include "net_support.hpp"
#include "socket_programs.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/flow_dissector.hpp>
#include <fathom/bpf/sk_lookup.hpp>
#include <fathom/bpf/sock_map.hpp>
#include <fathom/bpf/test_run.hpp>

#include <gmock/gmock.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace {

using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfLink;
using fathom::FlowDissector;
using fathom::LoadedBpf;
using fathom::SkLookup;
using fathom::SockMap;
using fathom::UniqueFd;
using fathom::live::bound_socket;
using fathom::live::connected_socket;
using fathom::live::error_of;
using fathom::live::load_sockets;
using fathom::live::port_of;
using fathom::live::readable;
using fathom::live::receive_datagram;
using fathom::live::seen_by;
using fathom::live::send_all;
using fathom::live::TestNetwork;
using testing::HasSubstr;

using BpfNetns = fathom::live::BpfTest;

constexpr const char* kOwnNetns = "/proc/thread-self/ns/net";

std::uint32_t inode_of_own_netns() {
  struct stat status{};
  EXPECT_EQ(::stat(kOwnNetns, &status), 0);
  return static_cast<std::uint32_t>(status.st_ino);
}

void steer(const LoadedBpf& bpf, std::uint32_t first, std::uint32_t last) {
  bpf.variable<std::uint32_t>("first_port").store(first);
  bpf.variable<std::uint32_t>("last_port").store(last);
}

bool accepts(const UniqueFd& listener) {
  if (!readable(listener))
    return false;
  return static_cast<bool>(UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
}

TEST_F(BpfNetns, SkLookupSteersARangeOfPortsToOneListener) {
  const TestNetwork network;
  const UniqueFd first = bound_socket(SOCK_STREAM);
  const UniqueFd second = bound_socket(SOCK_STREAM);
  const LoadedBpf bpf = load_sockets({"steer", "steer_elsewhere"});
  const auto listeners = bpf.map<SockMap>("peers");
  listeners.set(0, first.get());
  listeners.set(1, second.get());
  steer(bpf, 7000, 7019);
  EXPECT_FALSE(connected_socket(SOCK_STREAM, 7005));
  BpfLink link = bpf.program<SkLookup>("steer").attach();
  EXPECT_EQ(link.info().type, fathom::BpfLinkType::netns);
  EXPECT_EQ(link.info().netns_inode, inode_of_own_netns());
  EXPECT_EQ(link.info().attach_type, fathom::BpfAttachType::sk_lookup);
  for (std::uint16_t port = 7000; port < 7020; ++port) {
    const UniqueFd client = connected_socket(SOCK_STREAM, port);
    ASSERT_TRUE(client) << port;
    EXPECT_TRUE(accepts(first)) << port;
  }
  EXPECT_EQ(seen_by(bpf).calls, 20u);
  EXPECT_FALSE(connected_socket(SOCK_STREAM, 7020));

  link.update(bpf.program("steer_elsewhere"));
  EXPECT_EQ(link.info().program_id, bpf.program("steer_elsewhere").id());
  const UniqueFd client = connected_socket(SOCK_STREAM, 7019);
  ASSERT_TRUE(client);
  EXPECT_TRUE(accepts(second));
  EXPECT_FALSE(readable(first, 0));
  link.detach();
  EXPECT_FALSE(connected_socket(SOCK_STREAM, 7019));
}

TEST_F(BpfNetns, SkLookupSteersDatagrams) {
  const TestNetwork network;
  const UniqueFd receiver = bound_socket(SOCK_DGRAM);
  const LoadedBpf bpf = load_sockets({"steer"});
  bpf.map<SockMap>("peers").set(0, receiver.get());
  steer(bpf, 9, 9);
  const BpfLink link = bpf.program<SkLookup>("steer").attach(kOwnNetns);
  const UniqueFd sender = connected_socket(SOCK_DGRAM, 9);
  for (int i = 0; i < 5; ++i) {
    send_all(sender, "to port 9");
    EXPECT_EQ(receive_datagram(receiver), "to port 9");
  }
  EXPECT_EQ(seen_by(bpf).calls, 5u);
}

// Neither of the calling thread's namespace, nor of a process of that one.
TEST_F(BpfNetns, AnotherNamespaceByDescriptor) {
  std::optional<TestNetwork> network(std::in_place);
  const UniqueFd inside(::open(kOwnNetns, O_RDONLY | O_CLOEXEC));
  const std::uint32_t inode = inode_of_own_netns();
  network.reset();
  ASSERT_NE(inode_of_own_netns(), inode);
  const LoadedBpf bpf = load_sockets({"steer", "dissect"});
  const BpfLink link = bpf.program<SkLookup>("steer").attach(inside.get());
  EXPECT_EQ(link.info().netns_inode, inode);
  const BpfLink other = bpf.program<FlowDissector>("dissect").attach(inside.get());
  EXPECT_EQ(other.info().netns_inode, inode);
}

TEST_F(BpfNetns, WhatIsNoNamespaceIsAnError) {
  const TestNetwork network;
  const LoadedBpf bpf = load_sockets({"steer", "dissect"});
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const UniqueFd mounts(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
  for (const int fd : {-1, null.get(), mounts.get()}) {
    const BpfError error = error_of([&] { (void)bpf.program<SkLookup>("steer").attach(fd); });
    EXPECT_EQ(error.cause(), BpfCause::bad_attach_target) << fd;
    EXPECT_FALSE(error.hint().empty());
  }
  for (const char* path : {"/dev/null", "/nonexistent", "/proc/self/ns/mnt"}) {
    const BpfError error = error_of([&] { (void)bpf.program<FlowDissector>("dissect").attach(path); });
    EXPECT_EQ(error.cause(), BpfCause::bad_attach_target) << path;
    EXPECT_THAT(error.target(), HasSubstr(path));
  }
}

TEST_F(BpfNetns, ANamespaceHasSixtyFourLookups) {
  const TestNetwork network;
  const LoadedBpf bpf = load_sockets({"steer"});
  const auto program = bpf.program<SkLookup>("steer");
  std::vector<BpfLink> links;
  for (int i = 0; i < 64; ++i)
    links.push_back(program.attach());
  const BpfError error = error_of([&] { (void)program.attach(); });
  EXPECT_EQ(error.cause(), BpfCause::resource);
  EXPECT_THAT(error.hint(), HasSubstr("64"));
}

// 14 bytes of Ethernet, then what no dissector of the kernel's knows.
std::vector<std::byte> frame() {
  std::vector<std::byte> bytes(64);
  bytes[12] = std::byte{0x08};
  return bytes;
}

bpf_flow_keys keys_by(const fathom::BpfProgram& program, std::uint32_t verdict) {
  const std::vector<std::byte> packet = frame();
  bpf_flow_keys keys{};
  const auto result =
      fathom::test_run(program, {.data = packet, .data_out = std::as_writable_bytes(std::span(&keys, 1))});
  EXPECT_EQ(result.return_value, verdict);
  EXPECT_EQ(result.data_size, sizeof(keys));
  return keys;
}

// Each packet that a fan-out by hash gets is dissected for it.
UniqueFd fan_out_by_hash() {
  UniqueFd socket(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP)));
  const int how = PACKET_FANOUT_HASH << 16 | 1;
  EXPECT_EQ(::setsockopt(socket.get(), SOL_PACKET, PACKET_FANOUT, &how, sizeof(how)), 0) << std::strerror(errno);
  return socket;
}

TEST_F(BpfNetns, FlowDissectorSeesWhatIsHashed) {
  const TestNetwork network;
  const UniqueFd receiver = bound_socket(SOCK_DGRAM);
  const UniqueFd sender = connected_socket(SOCK_DGRAM, port_of(receiver));
  const LoadedBpf bpf = load_sockets({"dissect", "dissect_nothing"});
  const bpf_flow_keys keys = keys_by(bpf.program("dissect"), BPF_OK);
  EXPECT_EQ(keys.ip_proto, 17);
  EXPECT_EQ(ntohs(keys.sport), 1000);
  EXPECT_EQ(ntohs(keys.dport), 2000);
  EXPECT_EQ(keys_by(bpf.program("dissect_nothing"), BPF_DROP).ip_proto, 0);

  const std::uint64_t before = seen_by(bpf).calls;
  BpfLink link = bpf.program<FlowDissector>("dissect").attach();
  EXPECT_EQ(link.info().netns_inode, inode_of_own_netns());
  EXPECT_EQ(link.info().attach_type, fathom::BpfAttachType::flow_dissector);
  const UniqueFd fan = fan_out_by_hash();
  for (int i = 0; i < 10; ++i) {
    send_all(sender, "hashed");
    EXPECT_EQ(receive_datagram(receiver), "hashed");
  }
  EXPECT_EQ(seen_by(bpf).calls - before, 10u);

  const BpfError error = error_of([&] { (void)bpf.program<FlowDissector>("dissect").attach(); });
  EXPECT_EQ(error.cause(), BpfCause::resource);
  EXPECT_THAT(error.hint(), HasSubstr("one flow dissector"));
  link.update(bpf.program("dissect_nothing"));
  send_all(sender, "hashed");
  EXPECT_EQ(receive_datagram(receiver), "hashed");
  EXPECT_EQ(seen_by(bpf).calls - before, 10u);
  link.detach();
  const BpfLink again = bpf.program<FlowDissector>("dissect").attach();
  send_all(sender, "hashed");
  EXPECT_EQ(receive_datagram(receiver), "hashed");
  EXPECT_EQ(seen_by(bpf).calls - before, 11u);
}

}  // namespace
