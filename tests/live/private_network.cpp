#include "private_network.hpp"

#include <fathom/base/error.hpp>

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

namespace fathom::live {

namespace {

void check(bool fine, const char* action) {
  if (!fine)
    throw Error(errno, action);
}

std::string uevent(std::string_view action, std::string_view devpath, std::string_view subsystem) {
  std::string text;
  text.append(action).append("@").append(devpath).push_back('\0');
  text.append("ACTION=").append(action).push_back('\0');
  text.append("DEVPATH=").append(devpath).push_back('\0');
  text.append("SUBSYSTEM=").append(subsystem).push_back('\0');
  return text;
}

void send_to(int socket, std::uint32_t port, const std::string& text) {
  sockaddr_nl to{};
  to.nl_family = AF_NETLINK;
  to.nl_pid = port;
  check(::sendto(socket, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) >= 0,
        "send a netlink message");
}

}  // namespace

PrivateNetwork::PrivateNetwork() : before_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
  check(static_cast<bool>(before_), "open the network namespace");
  check(::unshare(CLONE_NEWNET) == 0, "make a network namespace");
  sender_.reset(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT));
  check(static_cast<bool>(sender_), "open a netlink socket");
}

PrivateNetwork::~PrivateNetwork() {
  ::setns(before_.get(), CLONE_NEWNET);
}

void PrivateNetwork::send_uevent(std::string_view action, std::string_view devpath, std::string_view subsystem) {
  const std::string text = uevent(action, devpath, subsystem);
  nlmsghdr header{};
  header.nlmsg_len = static_cast<__u32>(sizeof header + text.size());
  header.nlmsg_type = NLMSG_MIN_TYPE;
  header.nlmsg_flags = NLM_F_REQUEST;
  std::string message(sizeof header, '\0');
  std::memcpy(message.data(), &header, sizeof header);
  send_to(sender_.get(), 0, message + text);
}

void PrivateNetwork::send_as_process(int socket, std::string_view action, std::string_view devpath,
                                     std::string_view subsystem) {
  sockaddr_nl address{};
  socklen_t size = sizeof address;
  check(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0, "ask for a socket's name");
  send_to(sender_.get(), address.nl_pid, uevent(action, devpath, subsystem) + std::string("SEQNUM=1\0", 9));
}

}  // namespace fathom::live
