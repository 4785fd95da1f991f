#include "attach_errors.hpp"
#include "bpf_support.hpp"
#include "local_sockets.hpp"
#include "net_support.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/struct_ops.hpp>

#include <gmock/gmock.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdint>
#include <fathom-bpf/congestion_link.bpf.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace {

using fathom::BpfCause;
using fathom::BpfLink;
using fathom::BpfObject;
using fathom::LoadedBpf;
using fathom::StructOps;
using fathom::UniqueFd;
using fathom::live::error_of;
using fathom::live::if_kernel_has;
using fathom::live::SocketPair;
using fathom::live::tcp_pair;
using fathom::live::TestNetwork;

using BpfStructOps = fathom::live::BpfTest;

// The kernel calls `init` of the control that a connected socket gets.
bool uses(const UniqueFd& socket, std::string_view name) {
  return ::setsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, name.data(), static_cast<socklen_t>(name.size())) == 0;
}

TEST_F(BpfStructOps, ALinkIsUpdated) {
  std::string reason;
  const auto bpf = if_kernel_has([] { return BpfObject::open(congestion_link::object).load(); }, reason);
  if (!bpf)
    GTEST_SKIP() << reason;
  const auto calls = [&](std::string_view variable) { return bpf->variable<std::uint64_t>(variable).load(); };
  const TestNetwork network;
  const SocketPair pair = tcp_pair();
  EXPECT_FALSE(uses(pair.client, "fathom_link"));
  const auto first = bpf->map<StructOps>("first");
  const auto second = bpf->map<StructOps>("second");
  BpfLink link = first.attach();
  EXPECT_EQ(link.info().type, fathom::BpfLinkType::struct_ops);
  EXPECT_EQ(link.info().map_id, first.id());
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(uses(pair.client, "fathom_link"));
    EXPECT_TRUE(uses(pair.client, "reno"));
  }
  EXPECT_EQ(calls("first_calls"), 3u);
  for (const StructOps& table : {first, second})  // itself, and one of its name
    EXPECT_EQ(error_of([&] { (void)table.attach(); }).cause(), BpfCause::bad_attach_target);

  link.update(second);
  EXPECT_EQ(link.info().map_id, second.id());
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(uses(pair.server, "fathom_link"));
    EXPECT_TRUE(uses(pair.server, "reno"));
  }
  EXPECT_EQ(calls("first_calls"), 3u);
  EXPECT_EQ(calls("second_calls"), 5u);
  link.detach();
  EXPECT_FALSE(uses(pair.client, "fathom_link"));
  // And once more, of a table that was written before.
  const BpfLink again = first.attach();
  EXPECT_TRUE(uses(pair.client, "fathom_link"));
  EXPECT_EQ(calls("first_calls"), 4u);
  EXPECT_TRUE(uses(pair.client, "reno"));
}

}  // namespace
