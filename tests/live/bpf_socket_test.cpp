#include "attach_errors.hpp"
#include "bpf_support.hpp"
#include "local_sockets.hpp"
#include "net_support.hpp"
#include "socket_programs.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/fd_array.hpp>
#include <fathom/bpf/sk_reuseport.hpp>
#include <fathom/bpf/socket_filter.hpp>

#include <gmock/gmock.h>

#include <fcntl.h>
#include <linux/filter.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfLink;
using fathom::LoadedBpf;
using fathom::ReuseportSockArray;
using fathom::SkReuseport;
using fathom::SocketFilter;
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

using BpfSocket = fathom::live::BpfTest;

// What a filter of UDP sees before the payload.
constexpr std::uint32_t kUdpHeader = 8;

TEST_F(BpfSocket, AFilterCutsAndDropsDatagrams) {
  const TestNetwork network;
  const UniqueFd receiver = bound_socket(SOCK_DGRAM);
  const UniqueFd sender = connected_socket(SOCK_DGRAM, port_of(receiver));
  const LoadedBpf bpf = load_sockets({"filter"});
  const auto keep = bpf.variable<std::uint32_t>("keep");
  BpfLink link = bpf.program<SocketFilter>("filter").attach(receiver.get());

  keep.store(kUdpHeader + 4);
  send_all(sender, "0123456789");
  EXPECT_EQ(receive_datagram(receiver), "0123");
  keep.store(0xffff);
  send_all(sender, "abc");
  EXPECT_EQ(receive_datagram(receiver), "abc");
  keep.store(0);
  send_all(sender, "dropped");
  keep.store(0xffff);
  send_all(sender, "last");
  EXPECT_EQ(receive_datagram(receiver), "last");
  EXPECT_EQ(seen_by(bpf).calls, 4u);
  EXPECT_EQ(seen_by(bpf).bytes, 4 * kUdpHeader + 10 + 3 + 7 + 4);

  keep.store(0);
  link.detach();
  send_all(sender, "without");
  EXPECT_EQ(receive_datagram(receiver), "without");
  EXPECT_EQ(seen_by(bpf).calls, 4u);
}

TEST_F(BpfSocket, AFilterIsForUnixSocketsToo) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  const UniqueFd sender(pair[0]);
  UniqueFd receiver(pair[1]);
  const LoadedBpf bpf = load_sockets({"filter"});
  bpf.variable<std::uint32_t>("keep").store(3);
  BpfLink link = bpf.program<SocketFilter>("filter").attach(receiver.get());
  send_all(sender, "abcdef");
  EXPECT_EQ(receive_datagram(receiver), "abc");
  EXPECT_EQ(seen_by(bpf).calls, 1u);
  // The link holds the socket, and gives it up.
  receiver.reset();
  send_all(sender, "abc");
  link.detach();
  EXPECT_EQ(::send(sender.get(), "abc", 3, MSG_NOSIGNAL), -1);
  EXPECT_EQ(errno, ECONNREFUSED);
}

TEST_F(BpfSocket, AFilterOfSomebodyElseStays) {
  const TestNetwork network;
  const UniqueFd receiver = bound_socket(SOCK_DGRAM);
  const LoadedBpf bpf = load_sockets({"filter"});
  const auto filter = bpf.program<SocketFilter>("filter");
  BpfLink link = filter.attach(receiver.get());
  EXPECT_EQ(link.native_handle(), -1);
  EXPECT_EQ(error_of([&] { (void)link.info(); }).cause(), BpfCause::unsupported);
  EXPECT_EQ(error_of([&] { link.pin("/sys/fs/bpf/fathom_filter"); }).cause(), BpfCause::unsupported);
  const BpfError there = error_of([&] { (void)filter.attach(receiver.get()); });
  EXPECT_EQ(there.cause(), BpfCause::bad_attach_target);
  EXPECT_EQ(there.code().value(), EEXIST);
  EXPECT_THAT(there.hint(), HasSubstr("filter already"));
  const BpfLink other = filter.attach(receiver.get(), {.replace = true});
  link.detach();

  // A classic one is one as well.
  const UniqueFd classic = bound_socket(SOCK_DGRAM);
  sock_filter everything{.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = 0xffff};
  const sock_fprog program{.len = 1, .filter = &everything};
  ASSERT_EQ(::setsockopt(classic.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
  EXPECT_EQ(error_of([&] { (void)filter.attach(classic.get()); }).code().value(), EEXIST);
  const int on = 1;
  ASSERT_EQ(::setsockopt(classic.get(), SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)), 0);
  EXPECT_THAT(error_of([&] { (void)filter.attach(classic.get(), {.replace = true}); }).hint(),
              HasSubstr("SO_LOCK_FILTER"));

  // Locked after attaching: then it cannot be taken away before the socket goes.
  const UniqueFd locked = bound_socket(SOCK_DGRAM);
  BpfLink kept = filter.attach(locked.get());
  ASSERT_EQ(::setsockopt(locked.get(), SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)), 0);
  const BpfError error = error_of([&] { kept.detach(); });
  EXPECT_EQ(error.cause(), BpfCause::denied);
  EXPECT_THAT(error.hint(), HasSubstr("SO_LOCK_FILTER"));
}

TEST_F(BpfSocket, WhatIsNoSocketIsAnError) {
  const LoadedBpf bpf = load_sockets({"filter", "choose"});
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const struct {
    int fd;
    int error;
  } wrong[] = {{-1, EBADF}, {null.get(), ENOTSOCK}};
  for (const auto& w : wrong) {
    for (const BpfError& error : {error_of([&] { (void)bpf.program<SocketFilter>("filter").attach(w.fd); }),
                                  error_of([&] { (void)bpf.program<SkReuseport>("choose").attach(w.fd); })}) {
      EXPECT_EQ(error.cause(), BpfCause::bad_attach_target);
      EXPECT_EQ(error.code().value(), w.error);
      EXPECT_THAT(error.target(), HasSubstr("the socket"));
      EXPECT_THAT(error.hint(), HasSubstr("descriptor"));
    }
  }
  EXPECT_EQ(error_of([&] { (void)bpf.program<SkReuseport>("filter"); }).cause(), BpfCause::bad_object);
  EXPECT_EQ(error_of([&] { (void)bpf.program<SocketFilter>("choose"); }).cause(), BpfCause::bad_object);
}

// Which of the sockets have a connection waiting or a datagram.
std::vector<bool> who_has(const std::vector<UniqueFd>& sockets) {
  std::vector<bool> has;
  has.reserve(sockets.size());
  for (const UniqueFd& socket : sockets)
    has.push_back(readable(socket, 0));
  return has;
}

std::vector<UniqueFd> share_a_port(int type) {
  std::vector<UniqueFd> sockets;
  sockets.push_back(bound_socket(type, 0, true));
  while (sockets.size() < 3)
    sockets.push_back(bound_socket(type, port_of(sockets.front()), true));
  return sockets;
}

void put_all(const LoadedBpf& bpf, const std::vector<UniqueFd>& sockets) {
  const auto group = bpf.map<ReuseportSockArray>("group");
  for (std::uint32_t i = 0; i < sockets.size(); ++i)
    group.set(i, sockets[i].get());
}

TEST_F(BpfSocket, ReuseportChoosesTheSocketOfTheMap) {
  const TestNetwork network;
  const LoadedBpf bpf = load_sockets({"choose"});
  for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
    const std::vector<UniqueFd> sockets = share_a_port(type);
    put_all(bpf, sockets);
    BpfLink link = bpf.program<SkReuseport>("choose").attach(sockets[1].get());
    const std::uint64_t before = seen_by(bpf).calls;
    for (std::uint32_t wanted : {2u, 0u, 1u}) {
      bpf.variable<std::uint32_t>("chosen").store(wanted);
      for (int i = 0; i < 8; ++i) {
        const UniqueFd client = connected_socket(type, port_of(sockets.front()));
        ASSERT_TRUE(client);
        if (type == SOCK_STREAM) {
          ASSERT_TRUE(readable(sockets[wanted]));
          EXPECT_EQ(who_has(sockets), (std::vector<bool>{wanted == 0, wanted == 1, wanted == 2}));
          const UniqueFd accepted(::accept4(sockets[wanted].get(), nullptr, nullptr, SOCK_CLOEXEC));
        } else {
          send_all(client, "hello");
          EXPECT_EQ(receive_datagram(sockets[wanted]), "hello");
          EXPECT_EQ(who_has(sockets), (std::vector<bool>{false, false, false}));
        }
      }
    }
    EXPECT_EQ(seen_by(bpf).calls - before, 24u) << type;
    link.detach();
    const UniqueFd client = connected_socket(type, port_of(sockets.front()));
    if (type == SOCK_DGRAM)
      send_all(client, "hello");
    EXPECT_EQ(seen_by(bpf).calls - before, 24u) << type;
  }
}

TEST_F(BpfSocket, ReuseportSaysWhichSocketItCannotHave) {
  const TestNetwork network;
  const LoadedBpf bpf = load_sockets({"choose"});
  const auto choose = bpf.program<SkReuseport>("choose");
  const UniqueFd alone = bound_socket(SOCK_STREAM);
  const BpfError error = error_of([&] { (void)choose.attach(alone.get()); });
  EXPECT_EQ(error.cause(), BpfCause::bad_attach_target);
  EXPECT_THAT(error.hint(), HasSubstr("SO_REUSEPORT"));
  // Too late.
  const int on = 1;
  ASSERT_EQ(::setsockopt(alone.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
  const BpfError late = error_of([&] { (void)choose.attach(alone.get()); });
  EXPECT_EQ(late.cause(), BpfCause::bad_attach_target);
  EXPECT_THAT(late.hint(), HasSubstr("bound before"));
  const UniqueFd local(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_THAT(error_of([&] { (void)choose.attach(local.get()); }).hint(), HasSubstr("TCP and UDP"));
}

}  // namespace
