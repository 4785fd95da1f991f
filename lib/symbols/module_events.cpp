#include "uevent.hpp"
#include "uevent_reach.hpp"

#include <fathom/base/error.hpp>
#include <fathom/symbols/module_events.hpp>

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fathom {

namespace {

// The kernel's variables take 2,048 bytes at most (UEVENT_BUFFER_SIZE), the line before them a path's length.
constexpr std::size_t kLongest = 8192;
constexpr unsigned kKernelGroup = 1;  // group 2 is udev's own

struct Received {
  std::string_view text;
  bool cut = false;
  bool from_kernel = false;
};

// The next message; empty with errno set where there is none.
std::optional<Received> receive(int fd, std::array<char, kLongest>& buffer) {
  sockaddr_nl sender{};
  iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
  msghdr message{};
  message.msg_name = &sender;
  message.msg_namelen = sizeof sender;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  const ssize_t size = ::recvmsg(fd, &message, MSG_DONTWAIT);
  if (size < 0)
    return std::nullopt;
  // Port 0 is the kernel, and no process can have it. Who is privileged in the namespace may have the kernel forward a
  // message as its own (Linux 4.18), and is meant to be believed.
  return Received{.text = {buffer.data(), static_cast<std::size_t>(size)},
                  .cut = (message.msg_flags & MSG_TRUNC) != 0,
                  .from_kernel = message.msg_namelen == sizeof sender && sender.nl_pid == 0};
}

// Why a message is not understood.
std::optional<SkipReason> why_none(const Received& received, const std::optional<symbols::Uevent>& uevent) {
  if (!received.from_kernel)
    return SkipReason::foreign;
  if (received.cut)
    return SkipReason::line_too_long;
  return uevent ? std::nullopt : std::optional(SkipReason::unknown_line);
}

std::optional<ModuleEvent> module_event(const symbols::Uevent& uevent) {
  if (uevent.subsystem != "module" || (uevent.action != "add" && uevent.action != "remove"))
    return std::nullopt;
  const auto module = symbols::module_of(uevent.devpath);
  if (!module)
    return std::nullopt;
  return ModuleEvent{.module = std::string(*module),
                     .action = uevent.action == "add" ? ModuleEvent::Action::add : ModuleEvent::Action::remove,
                     .seqnum = uevent.seqnum,
                     .synthetic = uevent.synthetic};
}

bool is_cpu_change(const symbols::Uevent& uevent) {
  return uevent.subsystem == "cpu" && (uevent.action == "online" || uevent.action == "offline");
}

void set_receive_buffer(int fd, std::size_t wanted) {
  const int size = static_cast<int>(std::min<std::size_t>(wanted, 1U << 30U));
  // The first goes beyond rmem_max and needs CAP_NET_ADMIN, the second does what it can.
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

}  // namespace

ModuleEvents::ModuleEvents(const ModuleEventsOptions& options)
    : socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT)) {
  if (!socket_) {
    throw Error(errno, "open a netlink socket for uevents", {},
                "a container's system call filter may forbid it, and the kernel needs CONFIG_NET");
  }
  if (!symbols::gets_uevents(options.net_namespace).value_or(true)) {
    throw UnsupportedError("uevents", options.net_namespace,
                           "the kernel sends them only into network namespaces of the initial user namespace, and this "
                           "one belongs to another: listen outside of the container");
  }
  if (options.receive_buffer != 0)
    set_receive_buffer(socket_.get(), options.receive_buffer);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kKernelGroup;
  if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw Error(errno, "listen to uevents");
}

ModuleBatch ModuleEvents::drain() {
  ModuleBatch batch;
  std::array<char, kLongest> buffer;
  for (;;) {
    const auto received = receive(socket_.get(), buffer);
    if (!received) {
      const int error = errno;
      if (error == EINTR)
        continue;
      if (error != ENOBUFS)
        return batch;
      batch.losses += 1;
      stats_.losses += 1;
      continue;
    }
    const auto uevent = symbols::parse_uevent(received->text);
    stats_.bytes += received->text.size();
    if (const auto reason = why_none(*received, uevent)) {
      stats_.count_skipped(*reason, received->text, received->text.size());
      continue;
    }
    stats_.count_parsed(received->text.size());
    batch.cpus_changed = batch.cpus_changed || is_cpu_change(*uevent);
    if (auto event = module_event(*uevent))
      batch.events.push_back(std::move(*event));
  }
}

}  // namespace fathom
