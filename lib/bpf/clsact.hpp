#pragma once

#include "rtnetlink.hpp"

#include <fathom/base/owning_process.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/network_device.hpp>
#include <fathom/bpf/tc_classifier.hpp>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace fathom::bpf {

/// The filters of one direction. Throws BpfError.
[[nodiscard]] std::vector<TcFilter> clsact_filters(RtNetlink& netlink, const NetworkDevice& device,
                                                   TcDirection direction);

/// The number that a direction has as the parent of filters.
[[nodiscard]] std::uint32_t clsact_parent(TcDirection direction) noexcept;

/// Keeps a device's clsact, and makes it if it is not there, or no longer. The last that this process has for a device
/// removes it if the first made it and no filter is left; a forked child that destroys its copy removes nothing.
class ClsactHold {
 public:
  /// The network namespace is that of the thread. Throws BpfError, about attaching the program.
  ClsactHold(const NetworkDevice& device, const BpfProgram& program);
  ~ClsactHold();
  ClsactHold(const ClsactHold&) = delete;
  ClsactHold& operator=(const ClsactHold&) = delete;

  [[nodiscard]] RtNetlink& netlink() noexcept { return netlink_; }
  [[nodiscard]] const NetworkDevice& device() const noexcept { return device_; }

 private:
  using Key = std::pair<std::uint64_t, std::uint32_t>;  // network namespace, device

  struct Table;
  [[nodiscard]] static const std::shared_ptr<Table>& table();

  OwningProcess owner_;
  std::shared_ptr<Table> table_;  // which an attachment of static lifetime may outlive otherwise
  RtNetlink netlink_;
  NetworkDevice device_;
  Key key_;
};

}  // namespace fathom::bpf
