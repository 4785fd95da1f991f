#pragma once

#include <fathom/base/unique_fd.hpp>

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>

namespace fathom::live {

/// An IPv4 address of this host and a port, in the machine's own order: 2 is 127.0.0.2.
[[nodiscard]] sockaddr_in loopback4(std::uint32_t last, std::uint16_t port);
/// ::1 and a port.
[[nodiscard]] sockaddr_in6 loopback6(std::uint16_t port);

/// The calls with a typed address; each gives 0 or an errno.
template <class Address>
[[nodiscard]] int bind_to(int socket, const Address& address);
template <class Address>
[[nodiscard]] int connect_to(int socket, const Address& address);
/// A datagram of this many bytes.
template <class Address>
[[nodiscard]] int send_to(int socket, const Address& address, std::size_t bytes);

/// Who sent the datagram that is there, in the machine's own order; 0 if none comes in a second.
[[nodiscard]] std::uint16_t port_of_sender(int socket);
/// The ports of the two ends; 0 if the kernel does not tell.
[[nodiscard]] std::uint16_t port_of_peer(int socket);
[[nodiscard]] std::uint16_t port_of_self(int socket);

/// A TCP server on that address.
template <class Address>
[[nodiscard]] UniqueFd listener(const Address& address);

}  // namespace fathom::live
