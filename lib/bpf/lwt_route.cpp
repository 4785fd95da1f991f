#include "lwt_route.hpp"

#include "attach_failure.hpp"
#include "link_access.hpp"
#include "rtnetlink.hpp"

#include <fathom/bpf/bpf_error.hpp>

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace fathom::bpf {

namespace {

struct Address {
  std::array<std::byte, 16> bytes{};
  std::uint8_t family = AF_INET;

  [[nodiscard]] std::size_t size() const noexcept { return family == AF_INET ? 4 : 16; }
  [[nodiscard]] std::span<const std::byte> span() const noexcept { return std::span(bytes).first(size()); }
};

std::optional<Address> parse_address(const std::string& text) {
  Address address;
  address.family = text.find(':') == std::string::npos ? AF_INET : AF_INET6;
  if (::inet_pton(address.family, text.c_str(), address.bytes.data()) != 1)
    return std::nullopt;
  return address;
}

// The number behind the '/'; that of the whole address where there is none.
std::optional<std::uint8_t> parse_prefix(std::string_view text, const Address& address) {
  const auto whole = static_cast<std::uint8_t>(8 * address.size());
  if (text.empty())
    return whole;
  std::uint8_t bits = 0;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), bits);
  if (error != std::errc() || end != text.data() + text.size() || bits > whole)
    return std::nullopt;
  return bits;
}

std::string target_text(const LwtRoute& route) {
  return "the route to " + route.destination;
}

// What says which route it is, for making and for removing.
NetlinkRequest request(const BpfProgram& program, std::uint16_t type, std::uint16_t flags, const LwtRoute& route) {
  const std::size_t slash = route.destination.find('/');
  const auto destination = parse_address(route.destination.substr(0, slash));
  const auto prefix = destination
                          ? parse_prefix(slash == std::string::npos ? std::string_view()
                                                                    : std::string_view(route.destination).substr(slash),
                                         *destination)
                          : std::nullopt;
  if (!prefix)
    throw bad_target(program, EINVAL, target_text(route), "it is neither an IPv4 nor an IPv6 address with a prefix");
  const auto gateway = route.gateway.empty() ? std::nullopt : parse_address(route.gateway);
  if (!route.gateway.empty() && (!gateway || gateway->family != destination->family))
    throw bad_target(program, EINVAL, target_text(route),
                     "the gateway '" + route.gateway + "' is no address of its kind");

  rtmsg header{};
  header.rtm_family = destination->family;
  header.rtm_dst_len = *prefix;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_type = route.local ? RTN_LOCAL : RTN_UNICAST;
  header.rtm_scope = route.local ? RT_SCOPE_HOST : gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  NetlinkRequest made(type, flags, header);
  made.add(RTA_DST, destination->span());
  made.add(RTA_OIF, route.ifindex);
  made.add(RTA_TABLE, route.table.value_or(route.local ? RT_TABLE_LOCAL : RT_TABLE_MAIN));
  if (gateway)
    made.add(RTA_GATEWAY, gateway->span());
  if (route.metric != 0)
    made.add(RTA_PRIORITY, route.metric);
  return made;
}

BpfError failure_of(const BpfProgram& program, const NetlinkAnswer& answer, const LwtRoute& route,
                    const LwtEncap& encap) {
  BpfFailure failure = attach_failure(program, answer.error, target_text(route));
  if (failure.cause == BpfCause::denied) {
    failure.hint = "routes are made by those with CAP_NET_ADMIN in the network namespace";
  } else if (failure.cause == BpfCause::unsupported) {
    failure.hint = std::string("the kernel lacks ") + encap.since;
  } else if (failure.cause != BpfCause::resource) {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = answer.error == EEXIST    ? "there is such a route already"
                   : !answer.message.empty() ? "the kernel says: " + answer.message
                                             : std::string("the kernel does not take this route");
  }
  return BpfError(std::move(failure));
}

}  // namespace

BpfLink attach_to_route(const BpfProgram& program, const LwtRoute& route, const LwtEncap& encap) {
  NetlinkRequest make = request(program, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
  make.add(RTA_ENCAP_TYPE, std::as_bytes(std::span(&encap.type, 1)));
  const std::size_t start = make.begin(RTA_ENCAP | NLA_F_NESTED);
  encap.describe(make, program, route);
  make.end(start);
  // The socket is of this namespace, wherever the thread is when the route is removed. A std::function must be able to
  // copy what it holds.
  auto netlink = std::make_shared<RtNetlink>();
  if (const NetlinkAnswer answer = netlink->ask(make); answer.error != 0)
    throw failure_of(program, answer, route, encap);
  return LinkAccess::from_detacher(
      [netlink, remove = request(program, RTM_DELROUTE, 0, route), name = program.name(), target = target_text(route)] {
        const NetlinkAnswer answer = netlink->ask(remove);
        // The route goes with its device, and with the namespace.
        if (answer.error == 0 || answer.error == ESRCH || answer.error == ENODEV)
          return;
        throw BpfError({.errno_value = answer.error,
                        .operation = "remove the route of",
                        .name = name,
                        .target = target,
                        .cause = answer.error == EPERM ? BpfCause::denied : BpfCause::other,
                        .hint = answer.message});
      },
      program);
}

}  // namespace fathom::bpf
