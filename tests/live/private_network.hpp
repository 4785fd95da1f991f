#pragma once

#include <fathom/base/unique_fd.hpp>

#include <string_view>

namespace fathom::live {

/// Puts the calling thread into a network namespace of its own while the object lives. Whoever is privileged there may
/// have the kernel forward uevents, which then reach nobody outside. Throws Error without CAP_SYS_ADMIN.
class PrivateNetwork {
 public:
  PrivateNetwork();
  ~PrivateNetwork();
  PrivateNetwork(const PrivateNetwork&) = delete;
  PrivateNetwork& operator=(const PrivateNetwork&) = delete;

  /// Has the kernel send this uevent to all who listen in here; it adds a SEQNUM.
  void send_uevent(std::string_view action, std::string_view devpath, std::string_view subsystem);
  /// Sends it to one socket, past the kernel.
  void send_as_process(int socket, std::string_view action, std::string_view devpath, std::string_view subsystem);

 private:
  UniqueFd before_;
  UniqueFd sender_;
};

}  // namespace fathom::live
