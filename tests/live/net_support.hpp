#pragma once

#include "private_network.hpp"

#include <fathom/base/unique_fd.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fathom::live {

/// A network namespace of the calling thread's own while this lives, with the loopback up and devices made as a test
/// wants them: nothing that is sent here leaves it. Throws Error (EOPNOTSUPP for a kind of device that the kernel does
/// not have).
class TestNetwork {
 public:
  TestNetwork();

  /// Two Ethernet devices, up: what one sends the other receives.
  void add_veth(const std::string& name, const std::string& peer);
  /// The same of netkit (Linux 6.7), as layer 2; the first is the primary one.
  void add_netkit(const std::string& primary, const std::string& peer);
  void remove(const std::string& device);
  /// A clsact, as tc makes one; throws if there is one already, and remove_clsact() if there is none.
  void add_clsact(const std::string& device);
  void remove_clsact(const std::string& device);
  void set_mtu(const std::string& device, std::uint32_t bytes);
  /// An IPv4 address, "10.1.0.1", in a network of this prefix.
  void add_address(const std::string& device, const std::string& address, std::uint8_t prefix_length);
  [[nodiscard]] static unsigned index(const std::string& device);

 private:
  void add_pair(const std::string& kind, const std::string& name, const std::string& peer);
  void set_up(const std::string& device);
  void wait_until_running(const std::string& device);

  PrivateNetwork namespace_;
  UniqueFd netlink_;
};

/// Ethernet frames of the type for experiments (0x88b5), which nobody else in a network sends.
class PacketSocket {
 public:
  static constexpr std::uint16_t kEtherType = 0x88b5;

  explicit PacketSocket(const std::string& device);

  /// Sends `count` frames of `size` bytes in all, whose payload begins with `mark`.
  void send(std::uint8_t mark, unsigned count = 1, std::size_t size = 60) const;
  /// The marks of the frames that came in: waits until there are `count`, or until none comes for a second.
  [[nodiscard]] std::vector<std::uint8_t> receive(std::size_t count) const;

 private:
  UniqueFd socket_;
};

}  // namespace fathom::live
