// A kernel that is none: how the offset of KASLR is found, and what is refused. tests/live has a real one.

#include "elf_support.hpp"

#include <fathom/base/error.hpp>

#include <gtest/gtest.h>

#include <filesystem>

namespace fathom {
namespace {

using test::Folder;
using test::local_files;
using test::program;

// Where `ld` puts the text of a static program.
std::uint64_t text_start() {
  auto symbolizer = ElfSymbolizer::of_file(program("not_a_kernel"), {.files = local_files()});
  for (std::uint64_t address = 0x400000; address < 0x410000; ++address) {
    if (const auto hit = symbolizer.symbolize(address); hit && hit.frames()[0].function == "_stext")
      return address;
  }
  return 0;
}

std::string kallsyms(std::uint64_t stext) {
  std::array<char, 64> line{};
  std::snprintf(line.data(), line.size(), "%016lx A fixed_percpu_data\n%016lx T _stext\n", 0UL, stext);
  return line.data();
}

TEST(ElfKernel, AddsTheOffsetOfKaslr) {
  constexpr std::uint64_t kOffset = 0x1e600000;
  const std::uint64_t start = text_start();
  ASSERT_NE(start, 0);
  const Folder folder;
  auto symbolizer = ElfSymbolizer::of_kernel({.files = local_files(),
                                              .vmlinux = program("not_a_kernel"),
                                              .kallsyms = folder.file("kallsyms", kallsyms(start + kOffset)),
                                              .sys = ""});
  EXPECT_EQ(symbolizer.kernel_offset(), kOffset);
  const auto hit = symbolizer.symbolize(start + kOffset + 2);
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit.frames()[0].function, "vfs_sample");
  EXPECT_EQ(hit.offset(), 1);
  EXPECT_EQ(hit.module()->path, "[kernel]");
  EXPECT_EQ(symbolizer.symbolize(start + 2).failure(), SymbolizeFailure::unmapped);
}

TEST(ElfKernel, FindsVmlinuxByReleaseInADebugRoot) {
  const std::uint64_t start = text_start();
  const Folder root;
  root.file("boot/vmlinux-1.2.3-test", test::content_of(program("not_a_kernel")));
  auto symbolizer = ElfSymbolizer::of_kernel({.files = local_files({root.path()}),
                                              .kallsyms = root.file("kallsyms", kallsyms(start)),
                                              .sys = "",
                                              .release = "1.2.3-test"});
  EXPECT_EQ(symbolizer.kernel_offset(), 0);
  EXPECT_TRUE(symbolizer.symbolize(start + 2));
}

void expect_refused(KernelSymbolsOptions options, std::errc code, std::string_view hint) {
  options.files = local_files();
  try {
    static_cast<void>(ElfSymbolizer::of_kernel(std::move(options)));
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(error.hint().find(hint), std::string::npos) << error.what();
  }
}

TEST(ElfKernel, RefusesWhatDoesNotFit) {
  const Folder folder;
  const std::string shown = folder.file("shown", kallsyms(0xffffffff81000000));
  const std::string hidden = folder.file("hidden", kallsyms(0));
  const std::string other = folder.file("other", "hello\n");
  // Elf64_Nhdr of a build id of 4 bytes, behind another note.
  folder.file("sys/kernel/notes", std::string("\4\0\0\0\4\0\0\0\x01\1\0\0Lin\0\0\0\0\0"
                                              "\4\0\0\0\4\0\0\0\3\0\0\0GNU\0\xab\xcd\xef\x01",
                                              40));
  const std::string kernel = program("not_a_kernel");
  expect_refused({.vmlinux = kernel, .kallsyms = shown, .sys = folder.path("sys")}, std::errc::invalid_argument,
                 "build id abcdef01");
  expect_refused({.vmlinux = kernel, .kallsyms = hidden, .sys = ""}, std::errc::permission_denied, "kptr_restrict");
  expect_refused({.vmlinux = kernel, .kallsyms = other, .sys = ""}, std::errc::invalid_argument, "kallsyms");
  expect_refused({.vmlinux = kernel, .kallsyms = folder.path("none"), .sys = ""}, std::errc::no_such_file_or_directory,
                 "");
  expect_refused({.vmlinux = folder.path("none"), .kallsyms = shown, .sys = ""}, std::errc::no_such_file_or_directory,
                 "");
  expect_refused({.vmlinux = other, .kallsyms = shown, .sys = ""}, std::errc::invalid_argument, "no ELF");
  expect_refused({.vmlinux = program("sample_stripped"), .kallsyms = shown, .sys = ""},
                 std::errc::executable_format_error, ".symtab");
  expect_refused({.kallsyms = shown, .sys = "", .release = "0.0-none"}, std::errc::no_such_file_or_directory,
                 "/boot/vmlinux-0.0-none");
}

}  // namespace
}  // namespace fathom
