// Addresses of a saved map: with the files of this machine, and with copies of another's.

#include "elf_support.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace fathom {
namespace {

using test::expect_inlined;
using test::Folder;
using test::local_files;
using test::program;
using test::Sample;

struct Saved {
  ProcessMap map;
  std::uint64_t inlined;
};

Saved save(const std::string& path) {
  const Sample sample({path});
  return {read_maps(sample.pid()), sample.inlined};
}

TEST(ElfMaps, TakesTheFilesOfThisMachine) {
  const Saved saved = save(program("sample"));
  auto symbolizer = ElfSymbolizer::of_maps(saved.map, {.files = local_files()});
  expect_inlined(symbolizer.symbolize(saved.inlined));
  symbolizer.refresh();
  expect_inlined(symbolizer.symbolize(saved.inlined));
}

TEST(ElfMaps, RefusesAnotherFileOfThatName) {
  const Folder folder;
  const std::string path = folder.path("sample");
  std::filesystem::copy_file(program("sample"), path);
  const Saved saved = save(path);
  std::filesystem::rename(path, folder.path("old"));
  std::filesystem::copy_file(program("sample_dwarf4"), path);
  auto symbolizer = ElfSymbolizer::of_maps(saved.map, {.files = local_files()});
  const auto hit = symbolizer.symbolize(saved.inlined);
  EXPECT_EQ(hit.failure(), SymbolizeFailure::file_changed);
  ASSERT_NE(hit.module(), nullptr);
  EXPECT_EQ(hit.module()->path, path);
  EXPECT_NE(hit.module()->problem, "");
}

TEST(ElfMaps, LooksBelowASysroot) {
  const Folder root;
  const Saved saved = save(program("sample"));
  root.file(program("sample").substr(1), test::content_of(program("sample")));
  auto symbolizer = ElfSymbolizer::of_maps(saved.map, {.files = local_files(), .sysroot = root.path()});
  expect_inlined(symbolizer.symbolize(saved.inlined));
  // The C library is not among the copies.
  for (const ProcessMapping& mapping : saved.map.mappings) {
    if (mapping.path.find("libc.so") != std::string::npos) {
      EXPECT_EQ(symbolizer.symbolize(mapping.start).failure(), SymbolizeFailure::no_file);
    }
  }
}

TEST(ElfMaps, HoldsAFileAgainstItsBuildId) {
  const Saved saved = save(program("sample"));
  auto any = ElfSymbolizer::of_maps(saved.map, {.files = local_files()});
  const std::string id = any.symbolize(saved.inlined).module()->build_id;
  auto right = ElfSymbolizer::of_maps(saved.map, {.files = local_files(), .build_ids = {{program("sample"), id}}});
  expect_inlined(right.symbolize(saved.inlined));
  auto wrong = ElfSymbolizer::of_maps(saved.map, {.files = local_files(), .build_ids = {{program("sample"), "00ff"}}});
  const auto hit = wrong.symbolize(saved.inlined);
  EXPECT_EQ(hit.failure(), SymbolizeFailure::file_changed);
  EXPECT_NE(hit.module()->problem.find(id), std::string::npos);
}

TEST(ElfMaps, SaysWhyOfEachAddress) {
  const Folder root;
  root.file("text", "this is mapped, but no program");
  const ProcessMap map = parse_maps(
      "1000-2000 r-xp 00000000 fe:01 5 /text\n"
      "2000-3000 r-xp 00000000 fe:01 6 /none\n"
      "3000-4000 r-xp 00000000 00:00 0 \n"
      "4000-5000 r-xp 00000000 00:00 0 [vdso]\n");
  auto symbolizer = ElfSymbolizer::of_maps(map, {.files = local_files(), .sysroot = root.path()});
  EXPECT_EQ(symbolizer.symbolize(0x1800).failure(), SymbolizeFailure::not_elf);
  EXPECT_EQ(symbolizer.symbolize(0x2800).failure(), SymbolizeFailure::no_file);
  EXPECT_EQ(symbolizer.symbolize(0x2800).module()->problem, "No such file or directory");
  EXPECT_EQ(symbolizer.symbolize(0x3800).failure(), SymbolizeFailure::anonymous);
  EXPECT_EQ(symbolizer.symbolize(0x4800).failure(), SymbolizeFailure::anonymous);
  EXPECT_EQ(symbolizer.symbolize(0x5800).failure(), SymbolizeFailure::unmapped);
  for (const SymbolizeFailure failure : kSymbolizeFailures)
    EXPECT_NE(to_string(failure), "unknown");
}

}  // namespace
}  // namespace fathom
