#pragma once

#include <fathom/base/cpu_set.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>

namespace fathom::live {

/// Why no CPU can be taken down here.
inline std::optional<std::string> why_no_hotplug() {
  if (std::getenv("FATHOM_VM") == nullptr)
    return "takes a CPU offline: only in a VM";
  if (CpuSet::online().size() < 2)
    return "one CPU only";
  return std::nullopt;
}

/// A CPU that is down while the object lives.
class CpuOffline {
 public:
  explicit CpuOffline(unsigned cpu) : path_("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/online") {
    write('0');
  }
  ~CpuOffline() { write('1'); }
  CpuOffline(const CpuOffline&) = delete;
  CpuOffline& operator=(const CpuOffline&) = delete;

 private:
  void write(char value) {
    std::ofstream file(path_);
    file << value << std::flush;
    if (!file)
      ADD_FAILURE() << "cannot write " << path_;
  }

  std::string path_;
};

}  // namespace fathom::live
