#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fathom {

/// A network device of the network namespace that the calling thread is in, to attach a program to.
///
///     auto link = bpf.program<fathom::Xdp>("filter").attach(fathom::NetworkDevice("eth0"));
///
/// A plain value, without a descriptor: the device may be renamed or go, and its index means another device, or none,
/// in another network namespace, so a thread must attach in the namespace that it named the device in. Asks the kernel
/// by ioctl(2); needs no rights. Throws BpfError (bad_attach_target) for a device that is not there, with the nearest
/// names that are.
class NetworkDevice {
 public:
  /// By its name.
  explicit NetworkDevice(std::string_view name);
  /// By its index, `ifindex`.
  explicit NetworkDevice(std::uint32_t index);

  /// The kernel's number for it, `ifindex`: 1 is the loopback.
  [[nodiscard]] std::uint32_t index() const noexcept { return index_; }
  /// Its name, as it was when this was made.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  std::uint32_t index_;
  std::string name_;
};

}  // namespace fathom
