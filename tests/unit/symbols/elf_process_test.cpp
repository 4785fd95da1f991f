// Addresses of live processes: where their files are found, and what is said where they are not.

#include "elf_support.hpp"

#include <fathom/base/error.hpp>

#include <gtest/gtest.h>

#include <sys/auxv.h>
#include <unistd.h>

#include <filesystem>

namespace fathom {
namespace {

using test::expect_inlined;
using test::expect_plain;
using test::Folder;
using test::hidden_sample;
using test::local_files;
using test::program;
using test::Sample;

class Samples : public testing::TestWithParam<const char*> {};

TEST_P(Samples, HaveFunctionsLinesAndInlinedCalls) {
  const Sample sample({program(GetParam())});
  auto symbolizer = ElfSymbolizer::of_process(sample.pid(), {.files = local_files()});
  const SymbolizedAddress hit = symbolizer.symbolize(sample.inlined);
  expect_inlined(hit);
  EXPECT_EQ(hit.address(), sample.inlined);
  ASSERT_NE(hit.module(), nullptr);
  EXPECT_TRUE(hit.module()->path.ends_with(GetParam())) << hit.module()->path;
  EXPECT_EQ(hit.module()->problem, "");
  EXPECT_EQ(symbolizer.kernel_offset(), 0);
  expect_plain(symbolizer.symbolize(sample.plain));

  // The same addresses, of the file.
  auto of_file = ElfSymbolizer::of_file(program(GetParam()), {.files = local_files()});
  expect_inlined(of_file.symbolize(hit.elf_address().value()));
}

INSTANTIATE_TEST_SUITE_P(Kinds, Samples,
                         testing::Values("sample", "sample_static", "sample_dwarf4", "sample_compressed",
                                         "linked/sample_linked", "unnumbered/sample_unnumbered"),
                         [](const auto& test) {
                           const std::string name = test.param;
                           return name.substr(name.rfind('/') + 1);
                         });

TEST(ElfProcess, TakesABatchWithBadAddressesInIt) {
  const Sample sample({program("sample")});
  auto symbolizer = ElfSymbolizer::of_process(sample.pid(), {.files = local_files()});
  const std::vector<std::uint64_t> addresses{0, sample.plain, sample.data, 1, sample.inlined, UINT64_MAX, sample.plain};
  const auto hits = symbolizer.symbolize(addresses);
  ASSERT_EQ(hits.size(), addresses.size());
  for (std::size_t i = 0; i < hits.size(); ++i)
    EXPECT_EQ(hits[i].address(), addresses[i]);
  EXPECT_EQ(hits[0].failure(), SymbolizeFailure::unmapped);
  EXPECT_EQ(hits[0].module(), nullptr);
  EXPECT_TRUE(hits[0].frames().empty());
  expect_plain(hits[1]);
  EXPECT_FALSE(hits[2]);
  EXPECT_EQ(hits[3].failure(), SymbolizeFailure::unmapped);
  expect_inlined(hits[4]);
  EXPECT_EQ(hits[5].failure(), SymbolizeFailure::unmapped);
  expect_plain(hits[6]);
}

TEST(ElfProcess, LooksUpTheCallOfAReturnAddress) {
  const Sample sample({program("sample")});
  auto symbolizer = ElfSymbolizer::of_process(sample.pid(), {.files = local_files()});
  const auto exact = symbolizer.symbolize(sample.plain);
  // The start of a function as a return address is the end of what stands before it.
  const std::uint64_t start = sample.plain - exact.offset();
  const auto after = symbolizer.symbolize(start, AddressKind::return_address);
  EXPECT_TRUE(!after || after.frames().back().function != "plain_function");
  const auto inside = symbolizer.symbolize(start + 1, AddressKind::return_address);
  ASSERT_TRUE(inside);
  EXPECT_EQ(inside.frames().back().function, "plain_function");
  EXPECT_EQ(inside.offset(), 1);
  EXPECT_EQ(inside.address(), start + 1);
  EXPECT_EQ(symbolizer.symbolize(0, AddressKind::return_address).failure(), SymbolizeFailure::unmapped);
}

TEST(ElfProcess, StaysWithItsProcessWhenAnotherGetsTheNumber) {
  // Two processes take turns at one number: folders of procfs in a folder, where the name is a link.
  const Folder proc;
  Sample first({program("sample")});
  const Sample second({program("sample_static")});
  const auto turn_to = [&proc](int pid) {
    const std::string link = proc.path("1");
    std::filesystem::remove(link);
    std::filesystem::create_directory_symlink("/proc/" + std::to_string(pid), link);
  };
  turn_to(first.pid());
  auto symbolizer = ElfSymbolizer::of_process(1, {.files = local_files(), .proc = proc.path()});
  expect_plain(symbolizer.symbolize(first.plain));
  turn_to(second.pid());
  symbolizer.refresh();
  expect_plain(symbolizer.symbolize(first.plain));
  first.end();
  try {
    symbolizer.refresh();
    FAIL() << "took over another process";
  } catch (const Error& error) {
    EXPECT_TRUE(error.code() == std::errc::no_such_process || error.code() == std::errc::no_such_file_or_directory);
    EXPECT_EQ(error.path(), proc.path("1/maps"));
  }
}

TEST(ElfProcess, KnowsHeapAndStackAsAnonymous) {
  auto symbolizer = ElfSymbolizer::of_process(::getpid(), {.files = local_files()});
  const auto on_heap = std::make_unique<int>(1);
  const int on_stack = 2;
  EXPECT_EQ(symbolizer.symbolize(reinterpret_cast<std::uintptr_t>(on_heap.get())).failure(),
            SymbolizeFailure::anonymous);
  EXPECT_EQ(symbolizer.symbolize(reinterpret_cast<std::uintptr_t>(&on_stack)).failure(), SymbolizeFailure::anonymous);
}

TEST(ElfProcess, ReadsTheVdsoFromMemory) {
  const std::uint64_t vdso = ::getauxval(AT_SYSINFO_EHDR);
  if (vdso == 0)
    GTEST_SKIP() << "this kernel gives no vdso";
  auto symbolizer = ElfSymbolizer::of_process(::getpid(), {.files = local_files()});
  bool found = false;
  for (std::uint64_t offset = 0; offset < 8192 && !found; offset += 16) {
    const auto hit = symbolizer.symbolize(vdso + offset);
    found = hit && hit.frames().back().function.find("vdso_clock_gettime") != std::string::npos;
    ASSERT_NE(hit.module(), nullptr);
    EXPECT_EQ(hit.module()->path, "[vdso]");
  }
  EXPECT_TRUE(found);
}

TEST(ElfProcess, FindsABinaryThatWasUnlinked) {
  const Folder folder;
  const std::string path = folder.path("gone");
  std::filesystem::copy_file(program("sample"), path);
  const Sample sample({path});
  std::filesystem::remove(path);
  auto symbolizer = ElfSymbolizer::of_process(sample.pid(), {.files = local_files()});
  const auto hit = symbolizer.symbolize(sample.inlined);
  if (::geteuid() != 0 && hit.failure() == SymbolizeFailure::no_file)
    GTEST_SKIP() << "only root may read map_files: " << hit.module()->problem;
  expect_inlined(hit);
  EXPECT_EQ(hit.module()->path, path);
}

TEST(ElfProcess, FindsTheOldBinaryWhereANewOneHasItsName) {
  const Folder folder;
  const std::string path = folder.path("replaced");
  std::filesystem::copy_file(program("sample"), path);
  const Sample sample({path});
  std::filesystem::remove(path);
  std::filesystem::copy_file(program("not_a_kernel"), path);
  auto symbolizer = ElfSymbolizer::of_process(sample.pid(), {.files = local_files()});
  const auto hit = symbolizer.symbolize(sample.inlined);
  if (::geteuid() != 0 && hit.failure() == SymbolizeFailure::no_file)
    GTEST_SKIP() << "only root may read map_files: " << hit.module()->problem;
  expect_inlined(hit);
}

TEST(ElfProcess, LooksIntoAnotherMountNamespace) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "only root may mount";
  const Folder folder;
  const Sample sample(hidden_sample(folder));
  EXPECT_FALSE(std::filesystem::exists(folder.path("there/hidden")));
  auto symbolizer = ElfSymbolizer::of_process(sample.pid(), {.files = local_files()});
  expect_inlined(symbolizer.symbolize(sample.inlined));
}

TEST(ElfProcess, SeesAnExecAfterRefresh) {
  // The shell is symbolized, then becomes the sample.
  const Folder folder;
  Sample shell({"sh", "-c", "echo 1 2 3; read line; exec " + program("sample") + " <&0"});
  auto symbolizer = ElfSymbolizer::of_process(shell.pid(), {.files = local_files()});
  EXPECT_FALSE(symbolizer.symbolize(1));
  const ProcessMap before = read_maps(shell.pid());
  shell.say("\n");
  shell.read_addresses();
  // What was mapped has gone: no wrong name is given.
  for (const ProcessMapping& mapping : before.mappings) {
    const auto hit = symbolizer.symbolize(mapping.start);
    EXPECT_TRUE(!hit || hit.module()->path == mapping.path);
  }
  symbolizer.refresh();
  expect_inlined(symbolizer.symbolize(shell.inlined));
}

TEST(ElfProcess, SaysThatAProcessIsGone) {
  Sample sample({program("sample")});
  auto symbolizer = ElfSymbolizer::of_process(sample.pid(), {.files = local_files()});
  const int pid = sample.pid();
  sample.end();
  // Its files are still there under their names.
  expect_inlined(symbolizer.symbolize(sample.inlined));
  EXPECT_THROW(symbolizer.refresh(), Error);
  expect_plain(symbolizer.symbolize(sample.plain));
  EXPECT_THROW(static_cast<void>(ElfSymbolizer::of_process(pid)), Error);
}

TEST(ElfProcess, KeepsNoDescriptorAndReadsAFileOnce) {
  const Sample sample({program("sample")});
  const auto files = local_files();
  const std::size_t before = test::open_descriptors();
  for (int i = 0; i < 1000; ++i) {
    auto symbolizer = ElfSymbolizer::of_process(sample.pid(), {.files = files});
    EXPECT_TRUE(symbolizer.symbolize(sample.inlined));
  }
  EXPECT_EQ(test::open_descriptors(), before);
  EXPECT_EQ(files->size(), 1);
}

}  // namespace
}  // namespace fathom
