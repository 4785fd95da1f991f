#include "attach_support.hpp"
#include "cgroup_support.hpp"
#include "loopback.hpp"
#include "test_cgroup.hpp"

#include <fathom/bpf/bpf_features.hpp>
#include <fathom/bpf/cgroup_program.hpp>

#include <gmock/gmock.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace {

using fathom::LoadedBpf;
using fathom::UniqueFd;
using fathom::live::attach_all;
using fathom::live::bind_to;
using fathom::live::connect_to;
using fathom::live::if_kernel_has;
using fathom::live::kAsked;
using fathom::live::kDroppedBytes;
using fathom::live::kRefused;
using fathom::live::kServer;
using fathom::live::listener;
using fathom::live::load_cgroup_programs;
using fathom::live::loopback4;
using fathom::live::loopback6;
using fathom::live::send_to;
using fathom::live::TestCgroup;
using testing::ElementsAre;

using BpfCgroup = fathom::live::BpfTest;

struct cgroup::counts counts_of(const LoadedBpf& bpf, std::string_view name) {
  return bpf.variable<struct cgroup::counts>(name).get();
}
std::uint64_t number_of(const LoadedBpf& bpf, std::string_view name) {
  return bpf.variable<std::uint64_t>(name).get();
}

UniqueFd udp(int family) {
  return UniqueFd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}
UniqueFd tcp(int family) {
  return UniqueFd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

template <std::size_t Size>
using Errors = std::optional<std::array<int, Size>>;

TEST_F(BpfCgroup, PacketsAreCountedAndDropped) {
  const TestCgroup group("skb");
  const LoadedBpf bpf = load_cgroup_programs({"on_ingress", "on_egress"});
  const auto links = attach_all(bpf, group);
  EXPECT_EQ(links[0].info().cgroup_id, group.cgroup().id());
  EXPECT_EQ(links[0].info().attach_type, fathom::BpfAttachType::cgroup_inet_ingress);
  EXPECT_EQ(links[1].info().attach_type, fathom::BpfAttachType::cgroup_inet_egress);
  const auto send = [] {
    const UniqueFd from = udp(AF_INET);
    const UniqueFd to = udp(AF_INET);
    if (bind_to(to.get(), loopback4(1, kServer)) != 0)
      return -1;
    for (int i = 0; i < 5; ++i) {
      if (const int error = send_to(from.get(), loopback4(1, kServer), 60); error != 0)
        return error;
    }
    return send_to(from.get(), loopback4(1, kServer), kDroppedBytes - 28);
  };
  EXPECT_EQ(group.run(send), EPERM);
  EXPECT_EQ(counts_of(bpf, "egress").calls, 6u);
  EXPECT_EQ(counts_of(bpf, "egress").bytes, 5 * (60 + 28) + kDroppedBytes);
  EXPECT_EQ(counts_of(bpf, "egress").refused, 1u);
  EXPECT_EQ(counts_of(bpf, "ingress").calls, 5u);
  EXPECT_EQ(counts_of(bpf, "ingress").bytes, 5u * (60 + 28));
  // A process that is not in the cgroup is nobody's.
  const TestCgroup other("skb_other");
  EXPECT_EQ(other.run(send), 0);
  EXPECT_EQ(counts_of(bpf, "egress").calls, 6u);
}

TEST_F(BpfCgroup, SocketsAreRefusedAndTheirEndSeen) {
  const TestCgroup group("sock");
  const LoadedBpf bpf = load_cgroup_programs({"on_create", "on_release", "on_post_bind4", "on_post_bind6"});
  const auto links = attach_all(bpf, group);
  const Errors<5> errors = group.run([] {
    const UniqueFd four = udp(AF_INET);
    const UniqueFd six = udp(AF_INET6);
    const int refused = six ? 0 : errno;
    const UniqueFd stream = tcp(AF_INET6);
    return std::array{refused, bind_to(four.get(), loopback4(1, kRefused)), bind_to(four.get(), loopback4(1, kServer)),
                      bind_to(stream.get(), loopback6(kRefused)), bind_to(stream.get(), loopback6(kServer))};
  });
  ASSERT_TRUE(errors);
  EXPECT_THAT(*errors, ElementsAre(EPERM, EPERM, 0, EPERM, 0));
  EXPECT_EQ(counts_of(bpf, "sockets").calls, 3u);
  EXPECT_EQ(counts_of(bpf, "sockets").refused, 1u);
  EXPECT_EQ(number_of(bpf, "released"), 2u);  // the one that was refused never was
  EXPECT_EQ(counts_of(bpf, "after_binds").calls, 4u);
  EXPECT_EQ(counts_of(bpf, "after_binds").refused, 2u);
}

TEST_F(BpfCgroup, BindIsRefused) {
  const TestCgroup group("bind");
  const LoadedBpf bpf = load_cgroup_programs({"on_bind4", "on_bind6"});
  const auto links = attach_all(bpf, group);
  const Errors<4> errors = group.run([] {
    const UniqueFd four = tcp(AF_INET);
    const UniqueFd six = tcp(AF_INET6);
    return std::array{bind_to(four.get(), loopback4(1, kRefused)), bind_to(four.get(), loopback4(1, kServer)),
                      bind_to(six.get(), loopback6(kRefused)), bind_to(six.get(), loopback6(kServer))};
  });
  ASSERT_TRUE(errors);
  EXPECT_THAT(*errors, ElementsAre(EPERM, 0, EPERM, 0));
  EXPECT_EQ(counts_of(bpf, "binds").calls, 4u);
  EXPECT_EQ(counts_of(bpf, "binds").refused, 2u);
}

TEST_F(BpfCgroup, ConnectLeadsToAnotherServer) {
  const TestCgroup group("connect");
  const LoadedBpf bpf = load_cgroup_programs(
      {"on_connect4", "on_connect6", "on_getpeername4", "on_getpeername6", "on_getsockname4", "on_getsockname6"});
  const auto links = attach_all(bpf, group);
  const auto names = bpf.variable<std::uint64_t>("names");
  const Errors<11> seen = group.run([&] {
    const UniqueFd server4 = listener(loopback4(1, kServer));
    const UniqueFd server6 = listener(loopback6(kServer));
    const UniqueFd four = tcp(AF_INET);
    const UniqueFd six = tcp(AF_INET6);
    const int refused = connect_to(tcp(AF_INET).get(), loopback4(1, kRefused));
    const int connected4 = connect_to(four.get(), loopback4(2, kAsked));
    const int connected6 = connect_to(six.get(), loopback6(kAsked));
    const UniqueFd accepted4(::accept(server4.get(), nullptr, nullptr));
    const UniqueFd accepted6(::accept(server6.get(), nullptr, nullptr));
    const std::uint64_t before = names.get();  // a security module may have asked on listen(2): TOMOYO does
    return std::array<int, 11>{refused,
                               connected4,
                               connected6,
                               accepted4 ? 0 : errno,
                               accepted6 ? 0 : errno,
                               fathom::live::port_of_peer(four.get()),
                               fathom::live::port_of_peer(six.get()),
                               fathom::live::port_of_self(accepted4.get()),
                               fathom::live::port_of_self(server6.get()),
                               fathom::live::port_of_self(four.get()) != kServer,
                               static_cast<int>(names.get() - before)};
  });
  ASSERT_TRUE(seen);
  EXPECT_THAT(*seen, ElementsAre(EPERM, 0, 0, 0, 0, kAsked, kAsked, kAsked, kAsked, 1, 5));
  EXPECT_EQ(counts_of(bpf, "connects").calls, 3u);
  EXPECT_EQ(counts_of(bpf, "connects").refused, 1u);
}

TEST_F(BpfCgroup, DatagramsAreLedElsewhereAndSeemNotToBe) {
  const TestCgroup group("msg");
  const LoadedBpf bpf = load_cgroup_programs({"on_sendmsg4", "on_sendmsg6", "on_recvmsg4", "on_recvmsg6"});
  const auto links = attach_all(bpf, group);
  const Errors<6> seen = group.run([] {
    std::array<int, 6> result{};
    const UniqueFd server4 = udp(AF_INET);
    const UniqueFd server6 = udp(AF_INET6);
    const UniqueFd client4 = udp(AF_INET);
    const UniqueFd client6 = udp(AF_INET6);
    if (bind_to(server4.get(), loopback4(1, kServer)) != 0 || bind_to(server6.get(), loopback6(kServer)) != 0)
      return result;
    result[0] = send_to(client4.get(), loopback4(2, kRefused), 10);
    // To the server, by another name, and back.
    result[1] = send_to(client4.get(), loopback4(2, kAsked), 10);
    const std::uint16_t from4 = fathom::live::port_of_sender(server4.get());
    result[2] = send_to(client6.get(), loopback6(kAsked), 10);
    const std::uint16_t from6 = fathom::live::port_of_sender(server6.get());
    result[3] = send_to(server4.get(), loopback4(1, from4), 10) + send_to(server6.get(), loopback6(from6), 10);
    result[4] = fathom::live::port_of_sender(client4.get());
    result[5] = fathom::live::port_of_sender(client6.get());
    return result;
  });
  ASSERT_TRUE(seen);
  EXPECT_THAT(*seen, ElementsAre(EPERM, 0, 0, 0, kAsked, kAsked));
  EXPECT_EQ(counts_of(bpf, "sends").calls, 5u);
  EXPECT_EQ(counts_of(bpf, "sends").refused, 1u);
  EXPECT_EQ(counts_of(bpf, "receives").calls, 4u);
}

TEST_F(BpfCgroup, UnixSockets) {
  const TestCgroup group("unix");
  const fathom::BpfSupport has = fathom::BpfFeatures().attach(fathom::BpfAttachKind::cgroup_unix);
  if (has != fathom::BpfSupport::yes) {
    EXPECT_THROW((void)load_cgroup_programs({"on_connect_unix"}), fathom::BpfError);
    GTEST_SKIP() << "programs at unix sockets came with Linux 6.7: " << to_string(has);
  }
  const LoadedBpf bpf = load_cgroup_programs(
      {"on_connect_unix", "on_sendmsg_unix", "on_recvmsg_unix", "on_getpeername_unix", "on_getsockname_unix"});
  const auto links = attach_all(bpf, group);
  const auto names = bpf.variable<std::uint64_t>("names");
  const Errors<7> seen = group.run([&] {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(&address.sun_path[1], "fathom", 6);
    const auto* const name = reinterpret_cast<const sockaddr*>(&address);
    const socklen_t size = sizeof(sa_family_t) + 7;
    const UniqueFd server(::socket(AF_UNIX, SOCK_STREAM, 0));
    const UniqueFd client(::socket(AF_UNIX, SOCK_STREAM, 0));
    const UniqueFd datagrams(::socket(AF_UNIX, SOCK_DGRAM, 0));
    const auto outcome = [](auto result) { return result < 0 ? errno : 0; };
    std::array<int, 7> result{};
    result[0] = outcome(::bind(server.get(), name, size)) + outcome(::listen(server.get(), 1));
    const std::uint64_t before = names.get();  // as above
    result[1] = outcome(::connect(client.get(), name, size));
    result[2] = outcome(::sendto(datagrams.get(), "x", 1, 0, name, size));
    sockaddr_un other{};
    socklen_t room = sizeof(other);
    result[3] = outcome(::getsockname(server.get(), reinterpret_cast<sockaddr*>(&other), &room));
    std::array<int, 2> pair{};
    result[4] = outcome(::socketpair(AF_UNIX, SOCK_DGRAM, 0, pair.data())) + outcome(::write(pair[0], "x", 1));
    room = sizeof(other);
    char byte = 0;
    result[5] = outcome(::recvfrom(pair[1], &byte, 1, 0, reinterpret_cast<sockaddr*>(&other), &room)) +
                outcome(::getpeername(pair[1], reinterpret_cast<sockaddr*>(&other), &room));
    result[6] = static_cast<int>(names.get() - before);  // not of a peer without a name
    return result;
  });
  ASSERT_TRUE(seen);
  EXPECT_THAT(*seen, ElementsAre(0, EPERM, EPERM, 0, 0, 0, 1));
  EXPECT_EQ(counts_of(bpf, "connects").calls, 1u);
  EXPECT_EQ(counts_of(bpf, "sends").calls, 1u);
  EXPECT_LE(counts_of(bpf, "receives").calls, 1u);  // not of a sender without a name
}

TEST_F(BpfCgroup, DevicesAreRefused) {
  const TestCgroup group("dev");
  const LoadedBpf bpf = load_cgroup_programs({"on_device"});
  const auto links = attach_all(bpf, group);
  const Errors<3> seen = group.run([] {
    const auto outcome = [](const char* path, int mode) {
      return UniqueFd(::open(path, mode | O_CLOEXEC)) ? 0 : errno;
    };
    return std::array{outcome("/dev/zero", O_RDONLY), outcome("/dev/zero", O_WRONLY), outcome("/dev/null", O_RDONLY)};
  });
  ASSERT_TRUE(seen);
  EXPECT_THAT(*seen, ElementsAre(EPERM, 0, 0));
  EXPECT_EQ(counts_of(bpf, "devices").calls, 3u);
  EXPECT_EQ(counts_of(bpf, "devices").refused, 1u);
}

TEST_F(BpfCgroup, SysctlsAreRefused) {
  const TestCgroup group("sysctl");
  const LoadedBpf bpf = load_cgroup_programs({"on_sysctl"});
  const auto links = attach_all(bpf, group);
  const Errors<2> seen = group.run([] {
    const auto outcome = [](const char* path) {
      const UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC));
      char byte = 0;
      return ::read(file.get(), &byte, 1) == 1 ? 0 : errno;
    };
    return std::array{outcome("/proc/sys/kernel/ostype"), outcome("/proc/sys/kernel/osrelease")};
  });
  ASSERT_TRUE(seen);
  EXPECT_THAT(*seen, ElementsAre(EPERM, 0));
  EXPECT_EQ(counts_of(bpf, "sysctls").calls, 2u);
  EXPECT_EQ(counts_of(bpf, "sysctls").refused, 1u);
}

TEST_F(BpfCgroup, SocketOptionsAreAltered) {
  const TestCgroup group("sockopt");
  const LoadedBpf bpf = load_cgroup_programs({"on_setsockopt", "on_getsockopt"});
  const auto links = attach_all(bpf, group);
  const Errors<5> seen = group.run([] {
    const UniqueFd socket = udp(AF_INET);
    const auto set = [&](int level, int name, int value) {
      return ::setsockopt(socket.get(), level, name, &value, sizeof(value)) == 0 ? 0 : errno;
    };
    const auto get = [&](int level, int name) {
      int value = 0;
      socklen_t size = sizeof(value);
      return ::getsockopt(socket.get(), level, name, &value, &size) == 0 ? value : -errno;
    };
    return std::array{set(IPPROTO_IP, IP_TOS, 0x10), get(IPPROTO_IP, IP_TOS), set(0x7a00, 7, 1), get(0x7a00, 55),
                      get(0x7a01, 55)};
  });
  ASSERT_TRUE(seen);
  EXPECT_THAT(*seen, ElementsAre(0, 0x28, 0, 55, -EOPNOTSUPP));
  EXPECT_EQ(counts_of(bpf, "options").calls, 5u);
}

TEST_F(BpfCgroup, ConnectionsChangeTheirState) {
  const TestCgroup group("sockops");
  const LoadedBpf bpf = load_cgroup_programs({"on_tcp"});
  const auto links = attach_all(bpf, group);
  constexpr unsigned kConnections = 7;
  EXPECT_EQ(group.run([] {
    const UniqueFd server = listener(loopback4(1, kServer));
    for (unsigned i = 0; i < kConnections; ++i) {
      UniqueFd client = tcp(AF_INET);
      if (const int error = connect_to(client.get(), loopback4(1, kServer)); error != 0)
        return error;
      UniqueFd accepted(::accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
      client.reset();
      char byte = 0;
      if (::read(accepted.get(), &byte, 1) != 0)
        return -1;
    }
    return 0;
  }),
            0);
  const auto operations = bpf.variable<std::array<std::uint64_t, 32>>("operations").get();
  const auto changes = bpf.variable<std::array<std::uint64_t, 256>>("changes").get();
  EXPECT_EQ(operations[3], kConnections);  // BPF_SOCK_OPS_TCP_CONNECT_CB
  EXPECT_EQ(operations[4], kConnections);  // BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB
  EXPECT_EQ(operations[5], kConnections);  // BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB
  // include/net/tcp_states.h
  constexpr unsigned kEstablished = 1;
  constexpr unsigned kFinWait1 = 4;
  constexpr unsigned kClose = 7;
  constexpr unsigned kCloseWait = 8;
  constexpr unsigned kLastAck = 9;
  EXPECT_EQ(changes[kEstablished * 16 + kFinWait1], kConnections);
  EXPECT_EQ(changes[kEstablished * 16 + kCloseWait], kConnections);
  EXPECT_EQ(changes[kCloseWait * 16 + kLastAck], kConnections);
  EXPECT_EQ(changes[kLastAck * 16 + kClose], kConnections);
}

TEST_F(BpfCgroup, SecurityHooksOfOneCgroup) {
  const TestCgroup group("lsm");
  std::string reason;
  const auto bpf = if_kernel_has([] { return load_cgroup_programs({"on_lsm_bind"}); }, reason);
  if (!bpf)
    GTEST_SKIP() << reason;
  const auto links = attach_all(*bpf, group);
  EXPECT_EQ(links[0].info().attach_type, fathom::BpfAttachType::lsm_cgroup);
  const auto attached = group.cgroup().attached(fathom::BpfAttachType::lsm_cgroup);
  ASSERT_EQ(attached.size(), 1u);
  EXPECT_EQ(attached[0].program_id, bpf->program("on_lsm_bind").id());
  EXPECT_EQ(attached[0].sharing, fathom::CgroupSharing::allow_multi);
  const auto bind = [] { return bind_to(udp(AF_INET).get(), loopback4(1, kServer)); };
  EXPECT_EQ(group.run(bind), EPERM);
  EXPECT_EQ(number_of(*bpf, "lsm_calls"), 1u);
  const TestCgroup other("lsm_other");
  EXPECT_EQ(other.run(bind), 0);
  EXPECT_EQ(number_of(*bpf, "lsm_calls"), 1u);
}

}  // namespace
