#include "attach_errors.hpp"
#include "bpf_support.hpp"
#include "local_sockets.hpp"
#include "net_support.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/netfilter.hpp>

#include <gmock/gmock.h>

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fathom-bpf/netfilter.bpf.hpp>
#include <limits>
#include <optional>
#include <string>

namespace {

using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfLink;
using fathom::BpfObject;
using fathom::LoadedBpf;
using fathom::Netfilter;
using fathom::NetfilterFamily;
using fathom::NetfilterHook;
using fathom::NetfilterOptions;
using fathom::UniqueFd;
using fathom::live::bound_socket;
using fathom::live::connected_socket;
using fathom::live::error_of;
using fathom::live::if_kernel_has;
using fathom::live::port_of;
using fathom::live::readable;
using fathom::live::receive_datagram;
using fathom::live::send_all;
using fathom::live::TestNetwork;
using testing::HasSubstr;

using BpfNetfilter = fathom::live::BpfTest;

std::optional<LoadedBpf> load_guard(std::string& reason) {
  BpfObject object = BpfObject::open(netfilter::object);
  object.program("guard").autoload = true;
  return if_kernel_has([&] { return object.load(); }, reason);
}

TEST_F(BpfNetfilter, DropsWhatGoesToOnePort) {
  std::string reason;
  const std::optional<LoadedBpf> bpf = load_guard(reason);
  if (!bpf)
    GTEST_SKIP() << reason;
  const TestNetwork network;
  const UniqueFd open = bound_socket(SOCK_DGRAM);
  const UniqueFd closed = bound_socket(SOCK_DGRAM);
  const UniqueFd to_open = connected_socket(SOCK_DGRAM, port_of(open));
  const UniqueFd to_closed = connected_socket(SOCK_DGRAM, port_of(closed));
  bpf->variable<std::uint16_t>("closed_port").store(port_of(closed));
  const auto guard = bpf->program<Netfilter>("guard");
  BpfLink link = guard.attach({.hook = NetfilterHook::local_in, .priority = -7});
  for (int i = 0; i < 5; ++i) {
    send_all(to_closed, "1234567890");
    send_all(to_open, "passes");
    EXPECT_EQ(receive_datagram(open), "passes");
  }
  EXPECT_FALSE(readable(closed, 0));
  EXPECT_EQ(bpf->variable<std::uint64_t>("dropped").load(), 5u);
  EXPECT_EQ(bpf->variable<std::uint64_t>("dropped_bytes").load(), 5 * (20u + 8 + 10));
  EXPECT_EQ(bpf->variable<std::uint64_t>("accepted").load(), 5u);

  const auto info = link.info();
  EXPECT_EQ(info.type, fathom::BpfLinkType::netfilter);
  EXPECT_EQ(info.protocol_family, 2u);
  EXPECT_EQ(info.hook_number, 1u);
  EXPECT_EQ(info.priority, -7);
  EXPECT_EQ(error_of([&] { link.update(guard); }).cause(), BpfCause::unsupported);
  link.detach();
  send_all(to_closed, "open again");
  EXPECT_EQ(receive_datagram(closed), "open again");
}

TEST_F(BpfNetfilter, ComesBeforeWhatIsSentIsOnItsWay) {
  std::string reason;
  const std::optional<LoadedBpf> bpf = load_guard(reason);
  if (!bpf)
    GTEST_SKIP() << reason;
  const TestNetwork network;
  const UniqueFd receiver = bound_socket(SOCK_DGRAM);
  const UniqueFd sender = connected_socket(SOCK_DGRAM, port_of(receiver));
  bpf->variable<std::uint16_t>("closed_port").store(port_of(receiver));
  const BpfLink link = bpf->program<Netfilter>("guard").attach({.hook = NetfilterHook::local_out});
  // Who sends is told.
  EXPECT_EQ(::send(sender.get(), "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
}

struct Wrong {
  const char* what;
  NetfilterOptions options;
  const char* hint;
};

TEST_F(BpfNetfilter, PlacesThatCannotBe) {
  std::string reason;
  const std::optional<LoadedBpf> bpf = load_guard(reason);
  if (!bpf)
    GTEST_SKIP() << reason;
  const TestNetwork network;
  const auto guard = bpf->program<Netfilter>("guard");
  const BpfLink there = guard.attach({.priority = 5});
  const BpfLink of_another_protocol = guard.attach({.family = NetfilterFamily::ipv6, .priority = 5});
  const Wrong places[] = {
      {"taken", {.priority = 5}, "already"},
      {"the lowest", {.priority = std::numeric_limits<std::int32_t>::min()}, "lowest"},
      {"the highest", {.priority = std::numeric_limits<std::int32_t>::max()}, "highest"},
      {"no protocol", {.family = NetfilterFamily{77}}, "protocol"},
      {"no hook", {.hook = NetfilterHook{9}}, "hook"},
      {"before fragments are put together", {.priority = -500, .defragment = true}, "-400"},
  };
  for (const Wrong& place : places) {
    const BpfError error = error_of([&] { (void)guard.attach(place.options); });
    EXPECT_EQ(error.cause(), BpfCause::bad_attach_target) << place.what << ": " << error.what();
    EXPECT_THAT(error.hint(), HasSubstr(place.hint)) << place.what;
  }
}

bool set_mtu_of_loopback(int bytes) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", sizeof("lo"));
  request.ifr_mtu = bytes;
  return ::ioctl(socket.get(), SIOCSIFMTU, &request) == 0;
}

// Needs the module nf_defrag_ipv4, which is loaded for it.
TEST_F(BpfNetfilter, FragmentsArePutTogether) {
  std::string reason;
  const std::optional<LoadedBpf> bpf = load_guard(reason);
  if (!bpf)
    GTEST_SKIP() << reason;
  const TestNetwork network;
  const UniqueFd receiver = bound_socket(SOCK_DGRAM);
  const UniqueFd sender = connected_socket(SOCK_DGRAM, port_of(receiver));
  bpf->variable<std::uint16_t>("closed_port").store(port_of(receiver));
  const auto link = if_kernel_has(
      [&] { return bpf->program<Netfilter>("guard").attach({.hook = NetfilterHook::pre_routing, .defragment = true}); },
      reason);
  if (!link)
    GTEST_SKIP() << reason;
  ASSERT_TRUE(set_mtu_of_loopback(1500));
  send_all(sender, std::string(4000, 'x'));  // three fragments
  EXPECT_EQ(bpf->variable<std::uint64_t>("dropped").load(), 1u);
  EXPECT_EQ(bpf->variable<std::uint64_t>("dropped_bytes").load(), 20u + 8 + 4000);
  EXPECT_EQ(bpf->variable<std::uint64_t>("accepted").load(), 0u);
}

}  // namespace
