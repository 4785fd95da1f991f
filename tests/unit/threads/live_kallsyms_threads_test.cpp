// LiveKallsyms promises: whoever holds a snapshot is not disturbed by others who refresh, and never sees half of one.

#include <fathom/base/error.hpp>
#include <fathom/symbols/live_kallsyms.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace fathom {
namespace {

constexpr std::uint64_t kFirst = 0xffffffff81000000;
constexpr std::size_t kSymbols = 200;
constexpr std::size_t kReaders = 3;
constexpr int kVersions = 60;

std::string hex(std::uint64_t value) {
  std::string text(16, '0');
  std::to_chars(text.data(), text.data() + text.size(), value, 16);
  return text;
}

// A file whose symbols all bear the number of its version, as the kernel's are all of one moment.
class VersionedFile {
 public:
  VersionedFile()
      : path_(std::filesystem::temp_directory_path() / ("fathom_live_kallsyms." + std::to_string(::getpid()))) {
    write(0);
  }
  ~VersionedFile() { std::filesystem::remove(path_); }
  VersionedFile(const VersionedFile&) = delete;
  VersionedFile& operator=(const VersionedFile&) = delete;

  [[nodiscard]] std::string path() const { return path_; }
  void write(int version) const {
    const std::string name = " T v" + std::to_string(version) + "_";
    std::string text = hex(kFirst) + " T _stext\n";
    for (std::size_t i = 1; i <= kSymbols; ++i)
      text += hex(kFirst + i * 16) + name + std::to_string(i) + '\n';
    text += hex(kFirst + 0x10000) + " T _etext\n";
    const std::string next = path() + ".next";
    std::ofstream(next) << text;
    std::filesystem::rename(next, path_);
  }

 private:
  std::filesystem::path path_;
};

// The version that all symbols agree on; empty if they do not.
std::optional<std::string> version_of(const KallsymsIndex& symbols) {
  std::optional<std::string> version;
  for (std::size_t i = 1; i <= kSymbols; ++i) {
    const auto hit = symbols.find(kFirst + i * 16 + 3);
    if (!hit)
      return std::nullopt;
    const std::string name(hit->name());
    const std::string seen = name.substr(0, name.find('_'));
    if (version.value_or(seen) != seen)
      return std::nullopt;
    version = seen;
    if (symbols.named(name).size() != 1)
      return std::nullopt;
  }
  return version;
}

TEST(LiveKallsymsThreads, ReadersKeepWhatTheyHoldWhileOthersRefresh) {
  const VersionedFile file;
  LiveKallsyms live({.kallsyms = {.path = file.path()}});
  const KallsymsIndex oldest = live.current();
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::atomic<int> looks = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(kReaders + 1);
    for (std::size_t i = 0; i < kReaders; ++i) {
      threads.emplace_back([&] {
        KallsymsIndex held = live.current();
        std::optional<std::string> version = version_of(held);
        while (!stop) {
          ++looks;
          if (!version || version_of(held) != version)
            ++wrong;
          held = live.current();
          version = version_of(held);
        }
      });
    }
    threads.emplace_back([&] {
      while (!stop)
        (void)live.refresh_if_due();
    });
    for (int version = 1; version <= kVersions; ++version) {
      file.write(version);
      EXPECT_TRUE(live.refresh().refreshed);
    }
    stop = true;
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(looks, 0);
  EXPECT_EQ(version_of(oldest), "v0");
  EXPECT_EQ(version_of(live.current()), "v" + std::to_string(kVersions));
}

}  // namespace
}  // namespace fathom
