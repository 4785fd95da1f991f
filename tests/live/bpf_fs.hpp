#pragma once

#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace fathom::live {

/// A bpf file system while the object lives.
class BpfFs {
 public:
  BpfFs() : path_("/tmp/fathom-bpffs-" + std::to_string(::getpid())) {
    std::filesystem::create_directory(path_);
    mounted_ = ::mount("bpf", path_.c_str(), "bpf", 0, nullptr) == 0;
  }
  ~BpfFs() {
    if (mounted_)
      ::umount(path_.c_str());
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  BpfFs(const BpfFs&) = delete;
  BpfFs& operator=(const BpfFs&) = delete;

  [[nodiscard]] bool mounted() const noexcept { return mounted_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + '/' + name; }

 private:
  std::string path_;
  bool mounted_;
};

}  // namespace fathom::live
