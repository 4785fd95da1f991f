#pragma once

#include "bpf_support.hpp"
#include "net_support.hpp"

#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/network_device.hpp>

#include <cstdint>
#include <fathom-bpf/network.bpf.hpp>
#include <initializer_list>
#include <map>
#include <optional>
#include <string_view>

namespace fathom::live {

/// Loads these programs of network.bpf.c.
[[nodiscard]] LoadedBpf load_network(std::initializer_list<std::string_view> programs);

/// How many frames of each mark a program saw, without the marks that none had.
[[nodiscard]] std::map<unsigned, std::uint64_t> frames(const LoadedBpf& bpf, std::string_view counts = "seen");

/// Two veth devices, "one" and "two", with a socket at each: the programs are attached to "two".
struct VethTest : BpfTest {
  void SetUp() override {
    BpfTest::SetUp();
    network.emplace();
    network->add_veth("one", "two");
    one.emplace("one");
    two.emplace("two");
  }
  void TearDown() override {
    two.reset();
    one.reset();
    network.reset();
    BpfTest::TearDown();
  }
  /// The order in which the programs that count in `order` ran for one frame from "one", which "two" must get.
  [[nodiscard]] std::uint64_t order_of_a_frame(const LoadedBpf& bpf) const;

  std::optional<TestNetwork> network;
  std::optional<PacketSocket> one;
  std::optional<PacketSocket> two;
};

}  // namespace fathom::live
