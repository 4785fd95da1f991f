#pragma once

#include <fathom/base/unique_fd.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace fathom::bpf {

/// A request to the kernel's rtnetlink, put together piece by piece.
class NetlinkRequest {
 public:
  /// `type` and `flags` are those of `struct nlmsghdr`, `header` what follows it: tcmsg, rtmsg.
  template <class Header>
  NetlinkRequest(std::uint16_t type, std::uint16_t flags, const Header& header) : type_(type), flags_(flags) {
    static_assert(std::is_trivially_copyable_v<Header> && sizeof(Header) % 4 == 0);
    append(std::as_bytes(std::span(&header, 1)));
  }

  /// An attribute of bytes.
  void add(std::uint16_t type, std::span<const std::byte> bytes);
  /// An attribute of a number.
  void add(std::uint16_t type, std::uint32_t value);
  /// An attribute of text.
  void add(std::uint16_t type, const std::string& text);
  /// An attribute that holds those which are added until end().
  [[nodiscard]] std::size_t begin(std::uint16_t type);
  void end(std::size_t start);

  [[nodiscard]] std::uint16_t type() const noexcept { return type_; }
  [[nodiscard]] std::uint16_t flags() const noexcept { return flags_; }
  /// All but the nlmsghdr.
  [[nodiscard]] std::span<const std::byte> body() const noexcept { return body_; }

 private:
  void append(std::span<const std::byte> bytes);

  std::uint16_t type_;
  std::uint16_t flags_;
  std::vector<std::byte> body_;
};

/// What the kernel answered: messages without their nlmsghdr, then an acknowledgement.
struct NetlinkAnswer {
  int error = 0;        ///< an errno; 0 for done
  std::string message;  ///< why, in the kernel's words; often empty
  std::vector<std::vector<std::byte>> messages;
};

/// A socket to rtnetlink, of the network namespace that the thread is in when it is made.
class RtNetlink {
 public:
  /// Throws Error.
  RtNetlink();
  /// Sends a request and takes the whole answer; an error on the way is given as the kernel's is.
  [[nodiscard]] NetlinkAnswer ask(const NetlinkRequest& request);

 private:
  UniqueFd socket_;
  std::uint32_t sequence_ = 0;
};

/// The attribute's bytes; empty if there is none. `attributes` is what stands behind a message's header.
[[nodiscard]] std::span<const std::byte> netlink_attribute(std::span<const std::byte> attributes, std::uint16_t type);
/// The same as a number, 0 if there is none; and as text.
[[nodiscard]] std::uint32_t netlink_number(std::span<const std::byte> attributes, std::uint16_t type);
[[nodiscard]] std::string netlink_text(std::span<const std::byte> attributes, std::uint16_t type);

}  // namespace fathom::bpf
