#include "bpf/target_names.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/cgroup.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace {

using fathom::Cgroup;

class MountsFile {
 public:
  explicit MountsFile(const std::string& text) { std::ofstream(path_) << text; }
  ~MountsFile() { std::filesystem::remove(path_); }
  MountsFile(const MountsFile&) = delete;
  MountsFile& operator=(const MountsFile&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_ = testing::TempDir() + "fathom_mounts_" + std::to_string(::getpid());
};

TEST(CgroupMount, TheFirstOfVersionTwo) {
  const struct {
    const char* text;
    std::optional<std::string> wanted;
  } cases[] = {
      {"", std::nullopt},
      {"tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n", std::nullopt},
      {"cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n", "/sys/fs/cgroup"},
      {"cgroup /a cgroup rw 0 0\nnone /b\\040c\\134 cgroup2 rw 0 0\nnone /d cgroup2 rw 0 0\n", "/b c\\"},
      {"none /e\\04 cgroup2 rw 0 0", "/e\\04"},
      {"none /f", std::nullopt},
      {"\n\n \ncgroup2 cgroup2\n", std::nullopt},
  };
  for (const auto& one : cases)
    EXPECT_EQ(Cgroup::mount_point(MountsFile(one.text).path()), one.wanted) << one.text;
  EXPECT_EQ(Cgroup::mount_point("/nonexistent"), std::nullopt);
}

TEST(CgroupMount, TheHintTellsWhere) {
  const MountsFile none("proc /proc proc rw 0 0\n");
  try {
    const Cgroup cgroup("/proc", none.path());
    ADD_FAILURE() << "nothing was thrown";
  } catch (const fathom::BpfError& error) {
    EXPECT_EQ(error.cause(), fathom::BpfCause::bad_attach_target);
    EXPECT_EQ(error.path(), "/proc");
    EXPECT_EQ(error.hint(),
              "this folder is none; no cgroups of version 2 are mounted: mount -t cgroup2 none DIRECTORY");
  }
}

TEST(CgroupSections, TheNearestOfAnUnknownOne) {
  const std::string nearest = fathom::bpf::near_sections("cgroup/conect4");
  EXPECT_EQ(nearest.substr(0, nearest.find(',')), "; nearest: cgroup/connect4");
  EXPECT_NE(fathom::bpf::near_sections("cgroup_skb/egres").find("cgroup_skb/egress"), std::string::npos);
}

}  // namespace
