#include "attach_failure.hpp"
#include "socket_option.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/sk_reuseport.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace fathom {

namespace {

constexpr bpf::SocketOption kOption{.attach = SO_ATTACH_REUSEPORT_EBPF, .detach = SO_DETACH_REUSEPORT_BPF};

bool is_tcp_or_udp(const BpfProgram& program, int socket) {
  const int family = bpf::read_socket_option(program, socket, SO_DOMAIN);
  const int protocol = bpf::read_socket_option(program, socket, SO_PROTOCOL);
  return (family == AF_INET || family == AF_INET6) && (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP);
}

}  // namespace

SkReuseport::SkReuseport(const BpfProgram& program)
    : BpfProgram(program, program.type() == BpfProgramType::sk_reuseport, "an sk_reuseport program") {}

BpfLink SkReuseport::attach(int socket) const {
  UniqueFd held = bpf::hold_socket(*this, socket);
  const std::string target = bpf::socket_text(socket);
  if (!is_tcp_or_udp(*this, held.get()))
    throw bpf::bad_target(*this, EPROTOTYPE, target, "sockets of TCP and UDP only can share an address");
  if (bpf::read_socket_option(*this, held.get(), SO_REUSEPORT) == 0)
    throw bpf::bad_target(*this, EINVAL, target, "the socket has not SO_REUSEPORT, which is set before bind()");
  const int error = bpf::attach_to_socket(*this, held, kOption);
  if (error == 0)
    return bpf::socket_attachment(*this, std::move(held), kOption);
  // net/core/sock_reuseport.c, reuseport_attach_prog.
  if (error == EINVAL)
    throw bpf::bad_target(*this, error, target, "the socket was bound before SO_REUSEPORT was set");
  throw BpfError(bpf::attach_failure(*this, error, target));
}

}  // namespace fathom
