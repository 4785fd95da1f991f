// Every page of every kernel: all bytes are understood, and there are as many records as the kernel's own count says.

#include "raw_captures.hpp"

#include <fathom/rawtrace/page_decoder.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace fathom {
namespace {

namespace fs = std::filesystem;
using test::as_bytes;
using test::raw_of;
using test::read_file;
using test::registry_of;

std::vector<fs::path> page_files(std::string_view kernel) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(raw_of(kernel))) {
    if (entry.path().extension() == ".raw")
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The number behind `key` in a stats file beside the pages.
std::optional<std::uint64_t> stat_of(const fs::path& pages, std::string_view key) {
  fs::path file = pages;
  const std::string text = read_file(file.replace_extension(".stats"));
  const auto at = text.find(key);
  if (at == std::string::npos)
    return std::nullopt;
  std::uint64_t value = 0;
  std::from_chars(text.data() + at + key.size(), text.data() + text.size(), value);
  return value;
}

struct Checker {
  const FormatRegistry& formats;
  std::uint64_t records = 0;
  std::uint64_t unknown = 0;
  std::uint64_t shorter = 0;
  void on(const RawRecord& record) {
    ++records;
    const EventFormat* const format = formats.find(record.id);
    if (format == nullptr) {
      ++unknown;
      return;
    }
    for (const EventField& field : format->all_fields()) {
      if (field.kind == FieldKind::value && record.size < field.offset + field.size) {
        ++shorter;
        break;
      }
    }
  }
};

TEST(PageCaptures, AreUnderstoodWhole) {
  std::size_t files = 0;
  std::size_t counted = 0;
  for (const char* kernel : test::kRawKernels) {
    const FormatRegistry formats = registry_of(kernel);
    for (const fs::path& path : page_files(kernel)) {
      SCOPED_TRACE(path);
      ++files;
      const std::string pages = read_file(path);
      PageDecoder decoder(formats);
      Checker checker{formats};
      decoder.feed(0, as_bytes(pages), checker);
      const ParseStats& stats = decoder.stats();
      EXPECT_EQ(stats.bytes, pages.size());
      EXPECT_EQ(stats.parsed_bytes, pages.size());
      EXPECT_EQ(stats.skipped_records(), 0U);
      EXPECT_EQ(stats.records, checker.records);
      EXPECT_EQ(decoder.counts().pages, pages.size() / 4096);
      EXPECT_EQ(checker.shorter, 0U);
      // Only the graph captures have the formats of ftrace's own events alone.
      if (fs::exists(raw_of(kernel) / "events/sched")) {
        EXPECT_EQ(checker.unknown, 0U);
      }
      if (const auto entries = stat_of(path, "entries: ")) {
        ++counted;
        EXPECT_EQ(stats.records, *entries);
      }
    }
  }
  EXPECT_GT(files, 60U);
  EXPECT_EQ(counted, 38U);
}

// Whatever bits are wrong, the account adds up.
TEST(PageCaptures, BrokenPagesAddUp) {
  std::mt19937 random(1);
  for (const char* kernel : {"6.1.0-56-amd64", "7.3.4"}) {
    const FormatRegistry formats = registry_of(kernel);
    for (const fs::path& path : page_files(kernel)) {
      std::string pages = read_file(path).substr(0, 40960);
      for (int run = 0; run < 20 && !pages.empty(); ++run) {
        for (int flip = 0; flip < 20; ++flip) {
          char& byte = pages[random() % pages.size()];
          byte = static_cast<char>(byte ^ (1 << random() % 8));
        }
        const std::vector<char> cut(pages.begin(),
                                    pages.begin() + static_cast<std::ptrdiff_t>(random() % pages.size()));
        PageDecoder decoder(formats);
        Checker checker{formats};
        decoder.feed(0, std::as_bytes(std::span(cut)), checker);
        EXPECT_EQ(decoder.stats().bytes, cut.size());
        EXPECT_EQ(decoder.stats().bytes, decoder.stats().parsed_bytes + decoder.stats().skipped_bytes);
        EXPECT_EQ(decoder.stats().parsed_records, checker.records);
      }
    }
  }
}

}  // namespace
}  // namespace fathom
