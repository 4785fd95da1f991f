#include "attach_errors.hpp"
#include "bpf_support.hpp"
#include "local_sockets.hpp"
#include "net_support.hpp"
#include "socket_programs.hpp"

#include <fathom/bpf/hash_map.hpp>
#include <fathom/bpf/sk_msg.hpp>
#include <fathom/bpf/sk_skb.hpp>
#include <fathom/bpf/sock_map.hpp>

#include <gmock/gmock.h>

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <string>

namespace {

using fathom::BpfAttachType;
using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfLink;
using fathom::LoadedBpf;
using fathom::SkMsg;
using fathom::SkSkb;
using fathom::SockHash;
using fathom::SockMap;
using fathom::UniqueFd;
using fathom::live::bound_socket;
using fathom::live::connected_socket;
using fathom::live::error_of;
using fathom::live::load_sockets;
using fathom::live::port_of;
using fathom::live::readable;
using fathom::live::receive;
using fathom::live::receive_datagram;
using fathom::live::seen_by;
using fathom::live::send_all;
using fathom::live::SocketPair;
using fathom::live::tcp_pair;
using fathom::live::TestNetwork;
using testing::HasSubstr;

using BpfSockMap = fathom::live::BpfTest;

// 12345 bytes that are not all the same.
std::string bytes() {
  std::string text;
  for (int i = 0; i < 12345; ++i)
    text += static_cast<char>('a' + i % 23);
  return text;
}

TEST_F(BpfSockMap, WhatIsWrittenGoesToAnotherSocket) {
  const TestNetwork network;
  const LoadedBpf bpf = load_sockets({"forward_written"});
  const auto peers = bpf.map<SockMap>("peers");
  BpfLink link = bpf.program<SkMsg>("forward_written").attach(peers);
  const SocketPair one = tcp_pair();
  const SocketPair two = tcp_pair();
  peers.set(0, one.client.get());
  peers.set(1, two.server.get());
  send_all(one.client, bytes());
  EXPECT_EQ(receive(two.server, bytes().size()), bytes());
  EXPECT_FALSE(readable(one.server, 0));
  EXPECT_FALSE(readable(two.server, 0));
  EXPECT_EQ(seen_by(bpf).bytes, bytes().size());

  // A socket that comes into the map after the program went is an ordinary one.
  link.detach();
  peers.erase(0);
  const SocketPair three = tcp_pair();
  peers.set(0, three.client.get());
  send_all(three.client, "plain");
  EXPECT_EQ(receive(three.server, 5), "plain");
  EXPECT_EQ(seen_by(bpf).bytes, bytes().size());
}

TEST_F(BpfSockMap, AHashNamesTheSockets) {
  const TestNetwork network;
  const LoadedBpf bpf = load_sockets({"forward_by_name"});
  const auto named = bpf.map<SockHash<std::uint64_t>>("named");
  const BpfLink link = bpf.program<SkMsg>("forward_by_name").attach(named);
  const SocketPair one = tcp_pair();
  const SocketPair two = tcp_pair();
  named.set(5, one.client.get());
  named.set(77, two.server.get());
  send_all(one.client, bytes());
  EXPECT_EQ(receive(two.server, bytes().size()), bytes());
  EXPECT_EQ(seen_by(bpf).bytes, bytes().size());
}

TEST_F(BpfSockMap, WhatIsWrittenIsDropped) {
  const TestNetwork network;
  const LoadedBpf bpf = load_sockets({"drop_written"});
  const auto peers = bpf.map<SockMap>("peers");
  const BpfLink link = bpf.program<SkMsg>("drop_written").attach(peers);
  const SocketPair pair = tcp_pair();
  peers.set(0, pair.client.get());
  EXPECT_EQ(::send(pair.client.get(), "abc", 3, MSG_NOSIGNAL), -1);
  EXPECT_EQ(errno, EACCES);
  EXPECT_EQ(seen_by(bpf).bytes, 3u);
  send_all(pair.server, "back");
  EXPECT_EQ(receive(pair.client, 4), "back");
}

TEST_F(BpfSockMap, AVerdictSendsOn) {
  const TestNetwork network;
  const LoadedBpf bpf = load_sockets({"forward_received"});
  const auto peers = bpf.map<SockMap>("peers");
  const BpfLink link = bpf.program<SkSkb>("forward_received").attach(peers);
  const SocketPair one = tcp_pair();
  const SocketPair two = tcp_pair();
  peers.set(0, one.server.get());
  peers.set(1, two.client.get());
  send_all(one.client, bytes());
  EXPECT_EQ(receive(two.server, bytes().size()), bytes());
  EXPECT_FALSE(readable(one.server, 0));
  EXPECT_EQ(seen_by(bpf).bytes, bytes().size());
}

TEST_F(BpfSockMap, AVerdictIsForDatagramsToo) {
  const TestNetwork network;
  const LoadedBpf bpf = load_sockets({"forward_received"});
  const auto peers = bpf.map<SockMap>("peers");
  const BpfLink link = bpf.program<SkSkb>("forward_received").attach(peers);
  const UniqueFd in = bound_socket(SOCK_DGRAM);
  const UniqueFd to_in = connected_socket(SOCK_DGRAM, port_of(in));
  const UniqueFd end = bound_socket(SOCK_DGRAM);
  const UniqueFd out = connected_socket(SOCK_DGRAM, port_of(end));
  peers.set(0, in.get());
  peers.set(1, out.get());
  for (int i = 0; i < 7; ++i) {
    send_all(to_in, "datagram");
    EXPECT_EQ(receive_datagram(end), "datagram");
  }
  EXPECT_FALSE(readable(in, 0));
  EXPECT_EQ(seen_by(bpf).calls, 7u);
}

TEST_F(BpfSockMap, AParserMakesMessages) {
  const TestNetwork network;
  const LoadedBpf bpf = load_sockets({"parse", "forward_stream"});
  const auto peers = bpf.map<SockMap>("peers");
  const BpfLink parser = bpf.program<SkSkb>("parse").attach(peers);
  const BpfLink verdict = bpf.program<SkSkb>("forward_stream").attach(peers);
  const SocketPair one = tcp_pair();
  const SocketPair two = tcp_pair();
  peers.set(0, one.server.get());
  peers.set(1, two.client.get());
  const std::string text = bytes().substr(0, 1000);
  send_all(one.client, text);
  EXPECT_EQ(receive(two.server, text.size()), text);
  EXPECT_EQ(seen_by(bpf).calls, 100u);
}

// Linux 6.10 and later: before, the attachment is none that can be pinned or updated.
TEST_F(BpfSockMap, ALinkIsUpdatedAndTells) {
  const TestNetwork network;
  const LoadedBpf bpf = load_sockets({"forward_written", "drop_written"});
  const auto peers = bpf.map<SockMap>("peers");
  BpfLink link = bpf.program<SkMsg>("forward_written").attach(peers);
  if (link.native_handle() < 0) {
    EXPECT_EQ(error_of([&] { (void)link.info(); }).cause(), BpfCause::unsupported);
    GTEST_SKIP() << "this kernel has no links to maps of sockets";
  }
  EXPECT_EQ(link.info().type, fathom::BpfLinkType::sockmap);
  EXPECT_EQ(link.info().map_id, peers.map().id());
  EXPECT_EQ(link.info().attach_type, BpfAttachType::sk_msg_verdict);
  link.update(bpf.program("drop_written"));
  const SocketPair pair = tcp_pair();
  peers.set(0, pair.client.get());
  EXPECT_EQ(::send(pair.client.get(), "abc", 3, MSG_NOSIGNAL), -1);
  EXPECT_EQ(errno, EACCES);
}

TEST_F(BpfSockMap, WrongMapsAndPrograms) {
  const LoadedBpf bpf = load_sockets({"forward_written", "drop_written", "pass", "forward_received"});
  const auto peers = bpf.map<SockMap>("peers");
  BpfLink link = bpf.program<SkMsg>("forward_written").attach(peers);
  const BpfError there = error_of([&] { (void)bpf.program<SkMsg>("drop_written").attach(peers); });
  EXPECT_EQ(there.cause(), BpfCause::bad_attach_target);
  EXPECT_EQ(there.code().value(), EEXIST);
  const BpfError type = error_of([&] { (void)bpf.program<SkMsg>("drop_written").attach(bpf.map("group")); });
  EXPECT_EQ(type.cause(), BpfCause::bad_attach_target);
  EXPECT_THAT(type.hint(), HasSubstr("reuseport_sockarray"));
  const auto pass = bpf.program<SkSkb>("pass");
  const BpfError unsaid = error_of([&] { (void)pass.attach(peers); });
  EXPECT_EQ(unsaid.cause(), BpfCause::bad_attach_target);
  EXPECT_THAT(unsaid.hint(), HasSubstr("sk_skb_verdict"));
  const BpfLink as_verdict = pass.attach(peers.map(), BpfAttachType::sk_skb_verdict);
  EXPECT_EQ(error_of([&] { (void)bpf.program<SkSkb>("forward_received").attach(peers); }).code().value(), EEXIST);
  link.detach();
  link = bpf.program<SkMsg>("drop_written").attach(peers);
  EXPECT_EQ(error_of([&] { (void)bpf.program<SkMsg>("pass"); }).cause(), BpfCause::bad_object);
}

}  // namespace
