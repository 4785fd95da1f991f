#include "local_sockets.hpp"

#include <fathom/base/error.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace fathom::live {

namespace {

void check(bool fine, const char* action) {
  if (!fine)
    throw Error(errno, action);
}

UniqueFd make_socket(int type) {
  UniqueFd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  check(static_cast<bool>(socket), "open a socket");
  return socket;
}

sockaddr_in address_of(const char* text, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  check(::inet_pton(AF_INET, text, &address.sin_addr) == 1, "read an address");
  return address;
}

}  // namespace

UniqueFd bound_socket(int type, std::uint16_t port, bool reuse_port, const char* address) {
  UniqueFd socket = make_socket(type);
  const int on = 1;
  if (reuse_port)
    check(::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0, "set SO_REUSEPORT");
  const sockaddr_in where = address_of(address, port);
  check(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&where), sizeof(where)) == 0, "bind a socket");
  if (type == SOCK_STREAM)
    check(::listen(socket.get(), 16) == 0, "listen");
  return socket;
}

std::uint16_t port_of(const UniqueFd& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  check(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0, "ask for a socket's address");
  return ntohs(address.sin_port);
}

UniqueFd connected_socket(int type, std::uint16_t port, const char* address) {
  UniqueFd socket = make_socket(type);
  const sockaddr_in where = address_of(address, port);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&where), sizeof(where)) != 0)
    return {};
  return socket;
}

SocketPair tcp_pair() {
  const UniqueFd listener = bound_socket(SOCK_STREAM);
  SocketPair pair{.client = connected_socket(SOCK_STREAM, port_of(listener)), .server = {}};
  check(static_cast<bool>(pair.client), "connect");
  pair.server.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  check(static_cast<bool>(pair.server), "accept a connection");
  return pair;
}

void send_all(const UniqueFd& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    check(sent > 0, "send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool readable(const UniqueFd& socket, int milliseconds) {
  pollfd wanted{.fd = socket.get(), .events = POLLIN, .revents = 0};
  return ::poll(&wanted, 1, milliseconds) == 1;
}

std::string receive(const UniqueFd& socket, std::size_t bytes) {
  std::string received;
  std::array<char, 4096> buffer{};
  while (received.size() < bytes && readable(socket)) {
    const ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size <= 0)
      break;
    received.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return received;
}

std::string receive_datagram(const UniqueFd& socket) {
  std::array<char, 4096> buffer{};
  const ssize_t size = readable(socket) ? ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT) : 0;
  return {buffer.data(), static_cast<std::size_t>(size > 0 ? size : 0)};
}

}  // namespace fathom::live
