#include "net_support.hpp"

#include "bpf_support.hpp"

#include <gmock/gmock.h>

namespace {

using fathom::live::PacketSocket;
using fathom::live::TestNetwork;
using testing::ElementsAre;

using NetSupport = fathom::live::BpfTest;

TEST_F(NetSupport, WhatOneDeviceSendsItsPeerReceives) {
  TestNetwork network;
  network.add_veth("one", "two");
  const PacketSocket one("one");
  const PacketSocket two("two");
  one.send(1, 2);
  one.send(3, 1, 1000);
  EXPECT_THAT(two.receive(3), ElementsAre(1, 1, 3));
  two.send(4);
  EXPECT_THAT(one.receive(1), ElementsAre(4));
  network.add_address("one", "10.1.0.1", 24);
  network.remove("one");
  EXPECT_ANY_THROW((void)TestNetwork::index("two"));
}

}  // namespace
