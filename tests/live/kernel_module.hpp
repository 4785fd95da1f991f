#pragma once

#include <optional>
#include <string>
#include <vector>

namespace fathom::live {

/// Why no module can be loaded here: the kernel's own are for the VMs, where the tests are alone.
[[nodiscard]] std::optional<std::string> why_no_modules();

/// A module that is loaded while the object lives.
class KernelModule {
 public:
  explicit KernelModule(std::string name, const std::vector<std::string>& parameters = {});
  ~KernelModule();
  KernelModule(const KernelModule&) = delete;
  KernelModule& operator=(const KernelModule&) = delete;

 private:
  std::string name_;
};

/// Has the kernel send a uevent about an object that did nothing.
void trigger_uevent(const std::string& path, const std::string& action);

}  // namespace fathom::live
