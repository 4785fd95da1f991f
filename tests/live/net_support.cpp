#include "net_support.hpp"

#include <fathom/base/error.hpp>

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <thread>
#include <type_traits>

namespace fathom::live {

namespace {

// Of Linux 6.7's if_link.h.
constexpr std::uint16_t kNetkitPeerInfo = 1;
static_assert(kNetkitPeerInfo == VETH_INFO_PEER);
constexpr std::uint16_t kNetkitMode = 5;
constexpr std::uint32_t kNetkitLayer2 = 0;

void check(bool fine, const std::string& action) {
  if (!fine)
    throw Error(errno, action);
}

// A request to the kernel, put together piece by piece.
class Request {
 public:
  template <class Header>
  Request(std::uint16_t type, int flags, const Header& header) {
    nlmsghdr start{};
    start.nlmsg_type = type;
    start.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    append(&start, sizeof start);
    append(&header, sizeof header);
  }

  template <class T>
  void add(const T& value) {
    append(&value, sizeof value);
  }
  template <class T>
  void attribute(std::uint16_t type, const T& value) {
    const auto start = open(type);
    if constexpr (std::is_convertible_v<T, std::string_view>) {
      append(std::string_view(value).data(), std::string_view(value).size());
      bytes_.push_back('\0');
    } else {
      append(&value, sizeof value);
    }
    close(start);
  }
  // What is added until close() is inside.
  std::size_t open(std::uint16_t type) {
    const std::size_t start = bytes_.size();
    rtattr attribute{};
    attribute.rta_type = type;
    append(&attribute, sizeof attribute);
    return start;
  }
  void close(std::size_t start) {
    const auto length = static_cast<std::uint16_t>(bytes_.size() - start);
    std::memcpy(bytes_.data() + start, &length, sizeof length);
    bytes_.resize(NLMSG_ALIGN(bytes_.size()), '\0');
  }

  void run(int netlink, const std::string& action) {
    const auto length = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &length, sizeof length);
    check(::send(netlink, bytes_.data(), bytes_.size(), 0) == static_cast<ssize_t>(bytes_.size()), action);
    struct {
      nlmsghdr header;
      nlmsgerr error;
      std::array<char, 1024> request;
    } answer{};
    check(::recv(netlink, &answer, sizeof answer, 0) >= static_cast<ssize_t>(NLMSG_LENGTH(sizeof answer.error)),
          action);
    errno = -answer.error.error;
    check(errno == 0, action);
  }

 private:
  void append(const void* data, std::size_t size) { bytes_.append(static_cast<const char*>(data), size); }

  std::string bytes_;
};

ifinfomsg device_of_index(unsigned index) {
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(index);
  return header;
}

tcmsg clsact_of(unsigned index) {
  tcmsg message{};
  message.tcm_ifindex = static_cast<int>(index);
  message.tcm_parent = TC_H_CLSACT;
  message.tcm_handle = TC_H_CLSACT & 0xffff0000;
  return message;
}

}  // namespace

TestNetwork::TestNetwork() : netlink_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) {
  check(static_cast<bool>(netlink_), "open a netlink socket");
  set_up("lo");
}

void TestNetwork::add_veth(const std::string& name, const std::string& peer) {
  add_pair("veth", name, peer);
}

void TestNetwork::add_netkit(const std::string& primary, const std::string& peer) {
  add_pair("netkit", primary, peer);
}

void TestNetwork::add_pair(const std::string& kind, const std::string& name, const std::string& peer) {
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  request.attribute(IFLA_IFNAME, name);
  const auto link = request.open(IFLA_LINKINFO);
  request.attribute(IFLA_INFO_KIND, kind);
  const auto data = request.open(IFLA_INFO_DATA);
  if (kind == "netkit")
    request.attribute(kNetkitMode, kNetkitLayer2);
  const auto other = request.open(VETH_INFO_PEER);
  request.add(ifinfomsg{});
  request.attribute(IFLA_IFNAME, peer);
  request.close(other);
  request.close(data);
  request.close(link);
  request.run(netlink_.get(), "make a pair of devices of kind " + kind);
  set_up(name);
  set_up(peer);
  wait_until_running(name);
  wait_until_running(peer);
}

// The kernel gives a device its queue later, on a worker thread: until then what is sent is thrown away. The worker
// holds the lock that set_up() takes, so after that it is done.
void TestNetwork::wait_until_running(const std::string& device) {
  ifreq request{};
  device.copy(request.ifr_name, sizeof(request.ifr_name) - 1);
  for (int i = 0; i < 5000 && (request.ifr_flags & IFF_RUNNING) == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    check(::ioctl(netlink_.get(), SIOCGIFFLAGS, &request) == 0, "ask whether " + device + " runs");
  }
  set_up(device);
}

void TestNetwork::set_up(const std::string& device) {
  ifinfomsg header = device_of_index(index(device));
  header.ifi_flags = IFF_UP;
  header.ifi_change = IFF_UP;
  Request(RTM_NEWLINK, 0, header).run(netlink_.get(), "set up " + device);
}

void TestNetwork::remove(const std::string& device) {
  Request(RTM_DELLINK, 0, device_of_index(index(device))).run(netlink_.get(), "remove " + device);
}

void TestNetwork::add_clsact(const std::string& device) {
  Request request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, clsact_of(index(device)));
  request.attribute(TCA_KIND, "clsact");
  request.run(netlink_.get(), "make a clsact of " + device);
}

void TestNetwork::remove_clsact(const std::string& device) {
  Request(RTM_DELQDISC, 0, clsact_of(index(device))).run(netlink_.get(), "remove the clsact of " + device);
}

void TestNetwork::set_mtu(const std::string& device, std::uint32_t bytes) {
  Request request(RTM_NEWLINK, 0, device_of_index(index(device)));
  request.attribute(IFLA_MTU, bytes);
  request.run(netlink_.get(), "set the MTU of " + device);
}

void TestNetwork::add_address(const std::string& device, const std::string& address, std::uint8_t prefix_length) {
  in_addr number{};
  check(::inet_pton(AF_INET, address.c_str(), &number) == 1, "read the address " + address);
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = prefix_length;
  header.ifa_index = index(device);
  Request request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header);
  request.attribute(IFA_LOCAL, number);
  request.attribute(IFA_ADDRESS, number);
  request.run(netlink_.get(), "give " + device + " an address");
}

unsigned TestNetwork::index(const std::string& device) {
  const unsigned index = ::if_nametoindex(device.c_str());
  check(index != 0, "find the device " + device);
  return index;
}

PacketSocket::PacketSocket(const std::string& device)
    : socket_(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  check(static_cast<bool>(socket_), "open a packet socket");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(kEtherType);
  address.sll_ifindex = static_cast<int>(TestNetwork::index(device));
  check(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
        "bind a packet socket to " + device);
}

void PacketSocket::send(std::uint8_t mark, unsigned count, std::size_t size) const {
  std::vector<std::uint8_t> frame(std::max<std::size_t>(size, ETH_HLEN + 1));
  std::fill_n(frame.begin(), ETH_ALEN, std::uint8_t{0xff});
  frame[ETH_ALEN] = 2;  // a source that somebody made up
  frame[ETH_HLEN - 2] = kEtherType >> 8;
  frame[ETH_HLEN - 1] = kEtherType & 0xff;
  frame[ETH_HLEN] = mark;
  for (unsigned i = 0; i < count; ++i) {
    // ENOBUFS: it was dropped on its way out, which a program may do.
    const bool sent = ::send(socket_.get(), frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size());
    check(sent || errno == ENOBUFS, "send a frame");
  }
}

std::vector<std::uint8_t> PacketSocket::receive(std::size_t count) const {
  std::vector<std::uint8_t> marks;
  std::array<std::uint8_t, 2048> frame{};
  while (marks.size() < count) {
    pollfd wait{socket_.get(), POLLIN, 0};
    if (::poll(&wait, 1, 1000) != 1)
      break;
    if (::recv(socket_.get(), frame.data(), frame.size(), 0) > ETH_HLEN)
      marks.push_back(frame[ETH_HLEN]);
  }
  return marks;
}

}  // namespace fathom::live
