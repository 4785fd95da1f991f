#include "target_names.hpp"

#include <fathom/base/nearest_names.hpp>
#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/network_device.hpp>

#include <net/if.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>

namespace fathom {

namespace {

struct FreeNames {
  void operator()(struct if_nameindex* names) const noexcept { ::if_freenameindex(names); }
};

BpfError no_device(const std::string& device, const std::string& hint) {
  return BpfError({.errno_value = ENODEV,
                   .operation = "find the network device",
                   .name = device,
                   .cause = BpfCause::bad_attach_target,
                   .hint = hint});
}

std::string near_devices(std::string_view name) {
  NearestNames nearest(name);
  const std::unique_ptr<struct if_nameindex, FreeNames> all(::if_nameindex());
  for (const struct if_nameindex* device = all.get(); device != nullptr && device->if_name != nullptr; ++device)
    nearest.offer(device->if_name);
  return bpf::nearest_names_hint(nearest);
}

constexpr std::string_view kNotHere = "there is none in the network namespace of this thread";

}  // namespace

NetworkDevice::NetworkDevice(std::string_view name) : index_(0), name_(name) {
  // Longer names would be cut, and a name that was cut may be another device's.
  if (name_.size() < IF_NAMESIZE && name_.find('\0') == std::string::npos)
    index_ = ::if_nametoindex(name_.c_str());
  if (index_ == 0)
    throw no_device(name_, std::string(kNotHere) + near_devices(name_));
}

NetworkDevice::NetworkDevice(std::uint32_t index) : index_(index) {
  std::array<char, IF_NAMESIZE> name{};
  if (::if_indextoname(index, name.data()) == nullptr)
    throw no_device("of index " + std::to_string(index), std::string(kNotHere));
  name_ = name.data();
}

}  // namespace fathom
