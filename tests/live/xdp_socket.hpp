#pragma once

#include <fathom/base/unique_fd.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fathom::live {

/// An AF_XDP socket at queue 0 of a device, in copy mode, which takes what an XDP program redirects to it: 32 frames.
class XdpSocket {
 public:
  explicit XdpSocket(const std::string& device);
  ~XdpSocket();
  XdpSocket(const XdpSocket&) = delete;
  XdpSocket& operator=(const XdpSocket&) = delete;

  [[nodiscard]] int native_handle() const noexcept { return socket_.get(); }
  /// The marks of PacketSocket's frames: waits until there are `count`, or until none comes for a second.
  [[nodiscard]] std::vector<std::uint8_t> receive(std::size_t count) const;

 private:
  struct Memory {
    std::byte* address = nullptr;
    std::size_t size = 0;
  };
  Memory map(std::size_t size, std::int64_t offset, int flags, int fd);

  UniqueFd socket_;
  std::vector<Memory> mapped_;
  std::byte* frames_ = nullptr;
  const std::uint32_t* produced_ = nullptr;
  const std::byte* descriptors_ = nullptr;
};

}  // namespace fathom::live
