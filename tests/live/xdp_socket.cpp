#include "xdp_socket.hpp"

#include "net_support.hpp"

#include <fathom/base/error.hpp>

#include <linux/if_ether.h>
#include <linux/if_xdp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace fathom::live {

namespace {

constexpr std::uint32_t kFrames = 32;
constexpr std::uint32_t kFrameSize = 2048;

void check(bool fine, const char* action) {
  if (!fine)
    throw Error(errno, action);
}

template <class T>
void set(int socket, int option, const T& value) {
  check(::setsockopt(socket, SOL_XDP, option, &value, sizeof value) == 0, "set up an AF_XDP socket");
}

}  // namespace

XdpSocket::XdpSocket(const std::string& device) : socket_(::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0)) {
  check(static_cast<bool>(socket_), "open an AF_XDP socket");
  frames_ = map(std::size_t{kFrames} * kFrameSize, 0, MAP_PRIVATE | MAP_ANONYMOUS, -1).address;
  xdp_umem_reg memory{};
  memory.addr = reinterpret_cast<std::uintptr_t>(frames_);
  memory.len = std::uint64_t{kFrames} * kFrameSize;
  memory.chunk_size = kFrameSize;
  set(socket_.get(), XDP_UMEM_REG, memory);
  for (const int ring : {XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING})
    set(socket_.get(), ring, kFrames);
  xdp_mmap_offsets offsets{};
  socklen_t size = sizeof offsets;
  check(::getsockopt(socket_.get(), SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &size) == 0, "ask for the rings");

  constexpr int kShared = MAP_SHARED | MAP_POPULATE;
  std::byte* const fill = map(offsets.fr.desc + kFrames * sizeof(std::uint64_t),
                              static_cast<std::int64_t>(XDP_UMEM_PGOFF_FILL_RING), kShared, socket_.get())
                              .address;
  for (std::uint64_t frame = 0; frame < kFrames; ++frame) {
    const std::uint64_t offset = frame * kFrameSize;
    std::memcpy(fill + offsets.fr.desc + frame * sizeof offset, &offset, sizeof offset);
  }
  std::atomic_ref(*reinterpret_cast<std::uint32_t*>(fill + offsets.fr.producer)).store(kFrames);

  std::byte* const received =
      map(offsets.rx.desc + kFrames * sizeof(xdp_desc), XDP_PGOFF_RX_RING, kShared, socket_.get()).address;
  produced_ = reinterpret_cast<const std::uint32_t*>(received + offsets.rx.producer);
  descriptors_ = received + offsets.rx.desc;

  sockaddr_xdp address{};
  address.sxdp_family = AF_XDP;
  address.sxdp_flags = XDP_COPY;
  address.sxdp_ifindex = TestNetwork::index(device);
  check(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
        "bind an AF_XDP socket");
}

XdpSocket::~XdpSocket() {
  for (const Memory& memory : mapped_)
    ::munmap(memory.address, memory.size);
}

XdpSocket::Memory XdpSocket::map(std::size_t size, std::int64_t offset, int flags, int fd) {
  void* const address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, fd, offset);
  check(address != MAP_FAILED, "map memory of an AF_XDP socket");
  return mapped_.emplace_back(Memory{static_cast<std::byte*>(address), size});
}

std::vector<std::uint8_t> XdpSocket::receive(std::size_t count) const {
  std::vector<std::uint8_t> marks;
  // The consumer's side of the ring stays where it is: all frames are kept.
  std::uint32_t before = 0;
  for (int waited = 0; waited < 1000 && marks.size() < count; ++waited) {
    const auto produced = __atomic_load_n(produced_, __ATOMIC_ACQUIRE);
    if (produced == before) {
      ::poll(nullptr, 0, 1);
      continue;
    }
    waited = 0;
    for (; before != produced; ++before) {
      xdp_desc descriptor{};
      std::memcpy(&descriptor, descriptors_ + before % kFrames * sizeof descriptor, sizeof descriptor);
      if (descriptor.len > ETH_HLEN)
        marks.push_back(static_cast<std::uint8_t>(frames_[descriptor.addr + ETH_HLEN]));
    }
  }
  return marks;
}

}  // namespace fathom::live
