#pragma once

#include <fathom/base/unique_fd.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fathom::live {

/// Two sockets that are connected to each other.
struct SocketPair {
  UniqueFd client;
  UniqueFd server;
};

/// A socket of TCP (SOCK_STREAM) or UDP (SOCK_DGRAM), bound to this port (0: any), and of TCP listening. Throws Error.
[[nodiscard]] UniqueFd bound_socket(int type, std::uint16_t port = 0, bool reuse_port = false,
                                    const char* address = "127.0.0.1");
/// The port that it is bound to.
[[nodiscard]] std::uint16_t port_of(const UniqueFd& socket);
/// A socket that is connected to this port; none if the connection is refused, or nothing is there.
[[nodiscard]] UniqueFd connected_socket(int type, std::uint16_t port, const char* address = "127.0.0.1");
/// Two of TCP.
[[nodiscard]] SocketPair tcp_pair();

/// Writes all of it. Throws Error.
void send_all(const UniqueFd& socket, std::string_view bytes);
/// What comes in: waits until there are this many bytes, or until none comes for a second.
[[nodiscard]] std::string receive(const UniqueFd& socket, std::size_t bytes);
/// The next datagram; empty also if none comes for a second.
[[nodiscard]] std::string receive_datagram(const UniqueFd& socket);
/// Whether something is there to be read, or a connection to be accepted, within a second at most.
[[nodiscard]] bool readable(const UniqueFd& socket, int milliseconds = 1000);

}  // namespace fathom::live
