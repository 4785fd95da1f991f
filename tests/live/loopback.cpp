#include "loopback.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace fathom::live {

namespace {

template <class Address>
const sockaddr* generic(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

int error_of(bool fine) {
  return fine ? 0 : errno;
}

// The port of either family's address stands at the same place.
std::uint16_t port_of(int result, const sockaddr_in6& address) {
  return result < 0 ? std::uint16_t{0} : ntohs(address.sin6_port);
}

}  // namespace

sockaddr_in loopback4(std::uint32_t last, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(0x7f000000 + last);
  return address;
}

sockaddr_in6 loopback6(std::uint16_t port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = in6addr_loopback;
  return address;
}

template <class Address>
int bind_to(int socket, const Address& address) {
  return error_of(::bind(socket, generic(address), sizeof(address)) == 0);
}

template <class Address>
int connect_to(int socket, const Address& address) {
  return error_of(::connect(socket, generic(address), sizeof(address)) == 0);
}

template <class Address>
int send_to(int socket, const Address& address, std::size_t bytes) {
  const std::vector<char> data(bytes);
  return error_of(::sendto(socket, data.data(), bytes, 0, generic(address), sizeof(address)) >= 0);
}

template <class Address>
UniqueFd listener(const Address& address) {
  UniqueFd socket(::socket(generic(address)->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind_to(socket.get(), address) != 0 || ::listen(socket.get(), 16) != 0)
    socket.reset();
  return socket;
}

template int bind_to(int, const sockaddr_in&);
template int bind_to(int, const sockaddr_in6&);
template int connect_to(int, const sockaddr_in&);
template int connect_to(int, const sockaddr_in6&);
template int send_to(int, const sockaddr_in&, std::size_t);
template int send_to(int, const sockaddr_in6&, std::size_t);
template UniqueFd listener(const sockaddr_in&);
template UniqueFd listener(const sockaddr_in6&);

std::uint16_t port_of_sender(int socket) {
  const timeval second{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
  sockaddr_in6 from{};
  socklen_t size = sizeof(from);
  std::vector<char> data(2048);
  const auto got = ::recvfrom(socket, data.data(), data.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
  return port_of(got < 0 ? -1 : 0, from);
}

std::uint16_t port_of_peer(int socket) {
  sockaddr_in6 address{};
  socklen_t size = sizeof(address);
  return port_of(::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size), address);
}

std::uint16_t port_of_self(int socket) {
  sockaddr_in6 address{};
  socklen_t size = sizeof(address);
  return port_of(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), address);
}

}  // namespace fathom::live
