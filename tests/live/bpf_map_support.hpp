#pragma once

#include "bpf_support.hpp"

#include <fathom/bpf/bpf_error.hpp>

#include <gtest/gtest.h>

#include <sys/mount.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace fathom::live {

struct Point {
  std::uint32_t x;
  std::uint32_t y;

  friend auto operator<=>(const Point&, const Point&) = default;
};

/// The cause of what `work` throws; empty if it throws nothing.
template <class Work>
[[nodiscard]] std::optional<BpfCause> cause_of(Work work) {
  try {
    work();
  } catch (const BpfError& error) {
    return error.cause();
  }
  return std::nullopt;
}

/// The text of what `work` throws; empty if it throws nothing.
template <class Work>
[[nodiscard]] std::string error_of(Work work) {
  try {
    work();
  } catch (const BpfError& error) {
    return error.what();
  }
  return {};
}

/// Maps that leave nothing behind.
class BpfMapTest : public BpfTest {};

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
