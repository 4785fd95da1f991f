#include "attach_failure.hpp"
#include "socket_option.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/socket_filter.hpp>

#include <linux/filter.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace fathom {

namespace {

constexpr bpf::SocketOption kOption{.attach = SO_ATTACH_BPF, .detach = SO_DETACH_BPF};

// The length of a classic filter, or EACCES for an eBPF one, which has no instructions to show (net/core/filter.c,
// sk_get_filter).
bool has_filter(int socket) {
  sock_filter unused{};
  socklen_t size = 0;  // of what is asked for: the length alone
  return ::getsockopt(socket, SOL_SOCKET, SO_GET_FILTER, &unused, &size) == 0 ? size != 0 : errno == EACCES;
}

}  // namespace

SocketFilter::SocketFilter(const BpfProgram& program)
    : BpfProgram(program, program.type() == BpfProgramType::socket_filter, "a socket filter") {}

BpfLink SocketFilter::attach(int socket, const SocketFilterOptions& options) const {
  UniqueFd held = bpf::hold_socket(*this, socket);
  if (!options.replace && has_filter(held.get()))
    throw bpf::bad_target(*this, EEXIST, bpf::socket_text(socket), "it has a filter already: ask for `replace`");
  const int error = bpf::attach_to_socket(*this, held, kOption);
  if (error == 0)
    return bpf::socket_attachment(*this, std::move(held), kOption);
  if (error == EPERM)
    throw bpf::bad_target(*this, error, bpf::socket_text(socket), "the socket's filter is locked (SO_LOCK_FILTER)");
  BpfFailure failure = bpf::attach_failure(*this, error, bpf::socket_text(socket));
  if (failure.cause == BpfCause::resource)
    failure.hint = "programs count as memory of the socket: /proc/sys/net/core/optmem_max";
  throw BpfError(std::move(failure));
}

}  // namespace fathom
