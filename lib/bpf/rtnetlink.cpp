#include "rtnetlink.hpp"

#include <fathom/base/error.hpp>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace fathom::bpf {

namespace {

constexpr std::size_t kAttributeHeader = sizeof(nlattr);

constexpr std::size_t aligned(std::size_t size) {
  return (size + NLMSG_ALIGNTO - 1) / NLMSG_ALIGNTO * NLMSG_ALIGNTO;
}

template <class T>
T read(std::span<const std::byte> bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), std::min(sizeof(value), bytes.size()));
  return value;
}

// The end of the answer: an nlmsgerr, perhaps with the request's copy and a text.
void take_end(std::span<const std::byte> body, std::uint16_t flags, NetlinkAnswer& answer) {
  answer.error = -read<std::int32_t>(body);
  if ((flags & NLM_F_ACK_TLVS) == 0)
    return;
  std::size_t skip = sizeof(nlmsgerr);
  if ((flags & NLM_F_CAPPED) == 0)
    skip += read<nlmsgerr>(body).msg.nlmsg_len - sizeof(nlmsghdr);
  if (skip < body.size())
    answer.message = netlink_text(body.subspan(skip), NLMSGERR_ATTR_MSG);
}

// Whether the answer ends with this datagram.
bool take(std::span<const std::byte> datagram, std::uint32_t sequence, NetlinkAnswer& answer) {
  while (datagram.size() >= sizeof(nlmsghdr)) {
    const auto header = read<nlmsghdr>(datagram);
    if (header.nlmsg_len < sizeof(nlmsghdr) || header.nlmsg_len > datagram.size())
      return false;
    const auto body = datagram.subspan(sizeof(nlmsghdr), header.nlmsg_len - sizeof(nlmsghdr));
    if (header.nlmsg_seq == sequence) {
      if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE) {
        take_end(body, header.nlmsg_type == NLMSG_ERROR ? header.nlmsg_flags : 0, answer);
        return true;
      }
      answer.messages.emplace_back(body.begin(), body.end());
    }
    datagram = datagram.subspan(std::min(aligned(header.nlmsg_len), datagram.size()));
  }
  return false;
}

}  // namespace

void NetlinkRequest::append(std::span<const std::byte> bytes) {
  body_.insert(body_.end(), bytes.begin(), bytes.end());
}

std::size_t NetlinkRequest::begin(std::uint16_t type) {
  const std::size_t start = body_.size();
  const nlattr attribute{.nla_len = 0, .nla_type = type};
  append(std::as_bytes(std::span(&attribute, 1)));
  return start;
}

void NetlinkRequest::end(std::size_t start) {
  const auto length = static_cast<std::uint16_t>(body_.size() - start);
  std::memcpy(body_.data() + start, &length, sizeof length);
  body_.resize(aligned(body_.size()));
}

void NetlinkRequest::add(std::uint16_t type, std::span<const std::byte> bytes) {
  const std::size_t start = begin(type);
  append(bytes);
  end(start);
}

void NetlinkRequest::add(std::uint16_t type, std::uint32_t value) {
  add(type, std::as_bytes(std::span(&value, 1)));
}

void NetlinkRequest::add(std::uint16_t type, const std::string& text) {
  add(type, std::as_bytes(std::span(text.c_str(), text.size() + 1)));
}

RtNetlink::RtNetlink() : socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) {
  if (!socket_)
    throw Error(errno, "open a socket to rtnetlink");
  // Without the texts (Linux 4.12) it works as well.
  const int on = 1;
  ::setsockopt(socket_.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
}

NetlinkAnswer RtNetlink::ask(const NetlinkRequest& request) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + request.body().size());
  header.nlmsg_type = request.type();
  header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | request.flags());
  header.nlmsg_seq = ++sequence_;
  std::vector<std::byte> buffer(sizeof header);
  std::memcpy(buffer.data(), &header, sizeof header);
  buffer.insert(buffer.end(), request.body().begin(), request.body().end());

  NetlinkAnswer answer;
  if (::send(socket_.get(), buffer.data(), buffer.size(), 0) < 0) {
    answer.error = errno;
    return answer;
  }
  buffer.resize(std::size_t{64} * 1024);  // the kernel fills at most 32 kB at once
  for (;;) {
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR)
      continue;
    if (size <= 0) {
      answer.error = size < 0 ? errno : EIO;
      return answer;
    }
    if (take(std::span(buffer).first(static_cast<std::size_t>(size)), sequence_, answer))
      return answer;
  }
}

std::span<const std::byte> netlink_attribute(std::span<const std::byte> attributes, std::uint16_t type) {
  while (attributes.size() >= kAttributeHeader) {
    const auto attribute = read<nlattr>(attributes);
    if (attribute.nla_len < kAttributeHeader || attribute.nla_len > attributes.size())
      break;
    if ((attribute.nla_type & NLA_TYPE_MASK) == type)
      return attributes.subspan(kAttributeHeader, attribute.nla_len - kAttributeHeader);
    attributes = attributes.subspan(std::min(aligned(attribute.nla_len), attributes.size()));
  }
  return {};
}

std::uint32_t netlink_number(std::span<const std::byte> attributes, std::uint16_t type) {
  return read<std::uint32_t>(netlink_attribute(attributes, type));
}

std::string netlink_text(std::span<const std::byte> attributes, std::uint16_t type) {
  const auto bytes = netlink_attribute(attributes, type);
  std::string text(bytes.size(), '\0');
  std::memcpy(text.data(), bytes.data(), bytes.size());
  return text.substr(0, text.find('\0'));
}

}  // namespace fathom::bpf
