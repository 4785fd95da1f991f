// ELF files that are cut, or have bytes changed: no crash, no hang, and no endless memory.

#include "elf_support.hpp"

#include <fathom/base/error.hpp>

#include <gtest/gtest.h>

#include <random>

namespace fathom {
namespace {

using test::Folder;
using test::local_files;
using test::program;

void look_at_all_of(const Folder& folder, const std::string& content) {
  try {
    auto symbolizer = ElfSymbolizer::of_file(folder.file("damaged", content), {.files = local_files()});
    for (std::uint64_t address = 0x1000; address < 0x1400; address += 16)
      static_cast<void>(symbolizer.symbolize(address));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::executable_format_error);
  }
}

class Damaged : public testing::TestWithParam<const char*> {};

TEST_P(Damaged, IsCutAnywhere) {
  const Folder folder;
  const std::string whole = test::content_of(program(GetParam()));
  for (std::size_t size = 1; size < whole.size(); size = size * 5 / 4 + 1)
    look_at_all_of(folder, whole.substr(0, size));
}

TEST_P(Damaged, HasChangedBytes) {
  const Folder folder;
  const std::string whole = test::content_of(program(GetParam()));
  std::mt19937_64 random(7);  // NOLINT(cert-msc51-cpp): the same damage each time
  for (int round = 0; round < 150; ++round) {
    std::string damaged = whole;
    // Few or many bytes; half of the time in the headers at both ends, which all depends on.
    for (std::uint64_t count = 1 + random() % 40; count > 0; --count) {
      const std::uint64_t where = random();
      const std::size_t at = where % 4 == 0 ? where / 4 % 1024
                             : where % 4 == 1
                                 ? damaged.size() - 1 - where / 4 % std::min<std::size_t>(damaged.size(), 3000)
                                 : where / 4 % damaged.size();
      damaged[at] = static_cast<char>(random());
    }
    look_at_all_of(folder, damaged);
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, Damaged,
                         testing::Values("sample", "sample_dwarf4", "sample_compressed", "sample_mini"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace fathom
