// Places in files whose processes may have ended: which file is the right one.

#include "elf_support.hpp"

#include <fathom/symbols/elf_file_symbols.hpp>
#include <fathom/symbols/process_map.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace fathom {
namespace {

using test::Folder;
using test::hidden_sample;
using test::local_files;
using test::program;
using test::Sample;
using testing::ElementsAre;
using testing::IsEmpty;

// A function of a running sample as a profile keeps it, and the file that it lies in.
struct Place {
  ElfFileName file;
  std::uint64_t offset = 0;

  explicit Place(const Sample& sample) {
    const ProcessMap map = read_maps(sample.pid());
    const auto mapping = std::ranges::find_if(
        map.mappings, [&](const auto& at) { return at.start <= sample.plain && sample.plain < at.end; });
    if (mapping == map.mappings.end())
      throw std::runtime_error("the sample's own code is not mapped");
    auto symbolizer = ElfSymbolizer::of_process(sample.pid(), {.files = local_files()});
    file = {mapping->path, symbolizer.symbolize(sample.plain).module()->build_id, mapping->inode};
    offset = sample.plain - mapping->start + mapping->offset;
  }
  [[nodiscard]] std::vector<std::string> names(const ElfFileName& of) const {
    return ElfFileSymbols({.files = local_files()}).functions(of, offset);
  }
};

TEST(ElfFileSymbols, NamesWhatAProcessRanThatHasEnded) {
  Sample sample({program("sample")});
  const Place place(sample);
  sample.end();
  ASSERT_FALSE(place.file.build_id.empty());
  EXPECT_THAT(place.names(place.file), ElementsAre("plain_function"));
}

TEST(ElfFileSymbols, AnotherFileHasNoNames) {
  const Sample sample({program("sample")});
  const Place place(sample);
  ElfFileName file = place.file;
  file.build_id.back() = file.build_id.back() == '0' ? '1' : '0';
  EXPECT_THAT(place.names(file), IsEmpty());
  file.build_id.clear();  // then the number tells
  EXPECT_THAT(place.names(file), ElementsAre("plain_function"));
  ++file.inode;
  EXPECT_THAT(place.names(file), IsEmpty());
  file.inode = 0;  // nothing tells
  EXPECT_THAT(place.names(file), ElementsAre("plain_function"));
  file.path += ".not-there";
  EXPECT_THAT(place.names(file), IsEmpty());
}

TEST(ElfFileSymbols, OfACopyOfAnotherMachinesFiles) {
  const Folder root;
  const Sample sample({program("sample")});
  const Place place(sample);
  const std::filesystem::path copy = root.path(place.file.path.substr(1));
  std::filesystem::create_directories(copy.parent_path());
  std::filesystem::copy_file(place.file.path, copy);
  ElfFileSymbols symbols({.files = local_files(), .sysroot = root.path()});
  EXPECT_THAT(symbols.functions(place.file, place.offset), ElementsAre("plain_function"));
  std::filesystem::remove(copy);
  ElfFileSymbols without({.files = local_files(), .sysroot = root.path()});
  EXPECT_THAT(without.functions(place.file, place.offset), IsEmpty());
}

// As of a container: the file has no name here, or another file has it.
TEST(ElfFileSymbols, OfAnotherMountNamespaceWhileAProcessIsThere) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "only root may mount";
  const Folder folder;
  Sample sample(hidden_sample(folder));
  const Place place(sample);
  ElfFileName file = place.file;
  EXPECT_EQ(file.path, folder.path("there/hidden"));
  EXPECT_THAT(place.names(file), IsEmpty());
  file.pid = static_cast<std::uint32_t>(sample.pid());
  EXPECT_THAT(place.names(file), ElementsAre("plain_function"));
  std::filesystem::copy_file(program("not_a_kernel"), folder.path("there/hidden"));  // of ours, by the same name
  EXPECT_THAT(place.names(file), ElementsAre("plain_function"));
  sample.end();
  EXPECT_THAT(place.names(file), IsEmpty());
}

}  // namespace
}  // namespace fathom
