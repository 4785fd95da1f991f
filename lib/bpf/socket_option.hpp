#pragma once

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <string>

namespace fathom::bpf {

/// How a program that setsockopt(2) attaches is called and taken away again.
struct SocketOption {
  int attach;
  int detach;
};

/// "the socket 5".
[[nodiscard]] std::string socket_text(int socket);

/// An option of SOL_SOCKET that is a number. Throws BpfError (bad_attach_target) for what is no socket.
[[nodiscard]] int read_socket_option(const BpfProgram& program, int socket, int option);

/// A descriptor of our own for the caller's socket. Throws BpfError (bad_attach_target) for what is no socket.
[[nodiscard]] UniqueFd hold_socket(const BpfProgram& program, int socket);

/// Hands the program to the socket; 0 or an errno.
[[nodiscard]] int attach_to_socket(const BpfProgram& program, const UniqueFd& socket, const SocketOption& option);

/// The attachment, which holds the socket.
[[nodiscard]] BpfLink socket_attachment(const BpfProgram& program, UniqueFd socket, const SocketOption& option);

}  // namespace fathom::bpf
