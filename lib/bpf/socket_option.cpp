#include "socket_option.hpp"

#include "attach_failure.hpp"
#include "link_access.hpp"

#include <fathom/bpf/bpf_error.hpp>

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

namespace fathom::bpf {

namespace {

BpfError no_socket(const BpfProgram& program, int error, int socket) {
  return bad_target(program, error, socket_text(socket),
                    error == EBADF ? "this descriptor is not open" : "this descriptor is no socket");
}

}  // namespace

std::string socket_text(int socket) {
  return "the socket " + std::to_string(socket);
}

int read_socket_option(const BpfProgram& program, int socket, int option) {
  int value = 0;
  socklen_t size = sizeof(value);
  if (::getsockopt(socket, SOL_SOCKET, option, &value, &size) != 0)
    throw no_socket(program, errno, socket);
  return value;
}

UniqueFd hold_socket(const BpfProgram& program, int socket) {
  static_cast<void>(read_socket_option(program, socket, SO_TYPE));
  UniqueFd held(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
  if (!held)
    throw BpfError(attach_failure(program, errno, socket_text(socket)));
  return held;
}

int attach_to_socket(const BpfProgram& program, const UniqueFd& socket, const SocketOption& option) {
  const int fd = program.native_handle();
  return ::setsockopt(socket.get(), SOL_SOCKET, option.attach, &fd, sizeof(fd)) == 0 ? 0 : errno;
}

BpfLink socket_attachment(const BpfProgram& program, UniqueFd socket, const SocketOption& option) {
  // A std::function must be able to copy what it holds.
  auto held = std::make_shared<UniqueFd>(std::move(socket));
  return LinkAccess::from_detacher(
      [held, option, name = program.name()] {
        const int unused = 0;
        if (::setsockopt(held->get(), SOL_SOCKET, option.detach, &unused, sizeof(unused)) == 0)
          return;
        const int error = errno;
        // Gone already, by somebody else's hand: that is what was wanted.
        if (error == ENOENT)
          return;
        throw BpfError({.errno_value = error,
                        .operation = "detach",
                        .name = name,
                        .cause = error == EPERM ? BpfCause::denied : BpfCause::other,
                        .hint = error == EPERM ? "the socket's filter is locked (SO_LOCK_FILTER)" : ""});
      },
      program);
}

}  // namespace fathom::bpf
