// ElfSymbolizer on the running kernel and its modules: held against kallsyms, which knows the names but no lines. Needs
// a vmlinux with debug information: below FATHOM_VM_DEBUG, or where Debian installs it.

#include <fathom/base/error.hpp>
#include <fathom/symbols/elf_symbolizer.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

namespace fathom {
namespace {

struct Function {
  std::string name;
  std::string module;
};

// Text symbols by address, aliases side by side.
using Functions = std::multimap<std::uint64_t, Function>;

Functions read_functions() {
  Functions functions;
  std::ifstream file("/proc/kallsyms");
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::uint64_t address = 0;
    std::string type;
    Function function;
    if (fields >> std::hex >> address >> type >> function.name && (type == "t" || type == "T" || type == "W")) {
      fields >> function.module;
      functions.emplace(address, std::move(function));
    }
  }
  return functions;
}

class ElfKernel : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const char* const root = std::getenv("FATHOM_VM_DEBUG");
    const std::string folder = root == nullptr ? "/usr/lib/debug" : root;
    try {
      symbolizer = ElfSymbolizer::of_kernel(
          {.files = std::make_shared<ElfFiles>(ElfFilesOptions{.debug_roots = {folder}, .debuginfod_urls = ""})});
      functions = read_functions();
    } catch (const Error& error) {
      problem = error.what();
      missing = error.code() == std::errc::no_such_file_or_directory;
    }
  }
  static void TearDownTestSuite() {
    symbolizer.reset();
    functions.clear();
  }
  void SetUp() override {
    if (missing)
      GTEST_SKIP() << "no vmlinux with debug information is installed for this kernel";
    ASSERT_TRUE(symbolizer) << problem;
  }

  static bool is_name_at(std::uint64_t address, const std::string& name) {
    const auto [first, last] = functions.equal_range(address);
    return std::any_of(first, last, [&name](const auto& entry) { return entry.second.name == name; });
  }
  static std::uint64_t address_of(const std::string& name) {
    for (const auto& [address, function] : functions) {
      if (function.name == name && function.module.empty())
        return address;
    }
    return 0;
  }

  static inline std::optional<ElfSymbolizer> symbolizer;
  static inline Functions functions;
  static inline std::string problem;
  static inline bool missing = false;
};

TEST_F(ElfKernel, TakesTheOffsetOfKaslrIntoAccount) {
  std::ifstream file("/proc/cmdline");
  std::string line;
  std::getline(file, line);
  std::cout << "the kernel is moved by 0x" << std::hex << symbolizer->kernel_offset() << std::dec << '\n';
  if (line.find("nokaslr") != std::string::npos) {
    EXPECT_EQ(symbolizer->kernel_offset(), 0);
  } else {
    EXPECT_NE(symbolizer->kernel_offset(), 0) << "this boot proves nothing";
  }
  // x86-64 moves it by multiples of 2 MiB.
  EXPECT_EQ(symbolizer->kernel_offset() % (2UL << 20U), 0);
}

TEST_F(ElfKernel, HasTheNamesOfKallsyms) {
  std::size_t tried = 0;
  std::size_t different = 0;
  std::size_t count = 0;
  for (const auto& [address, function] : functions) {
    if (!function.module.empty() || count++ % 7 != 0)
      continue;
    const auto hit = symbolizer->symbolize(address);
    ++tried;
    if (hit && hit.offset() == 0 && is_name_at(address, hit.frames().back().linkage_name))
      continue;
    ++different;
    if (different <= 10)
      std::cout << function.name << ": " << (hit ? hit.frames().back().linkage_name : to_string(*hit.failure())) << '+'
                << hit.offset() << '\n';
  }
  std::cout << tried << " functions, " << different << " differ\n";
  EXPECT_GT(tried, 5000);
  // Labels in assembler code, which kallsyms keeps and a function's size reaches over.
  EXPECT_LE(different, tried / 200);
}

TEST_F(ElfKernel, HasTheNamesOfModules) {
  std::map<std::string, std::size_t> right;
  std::size_t different = 0;
  for (const auto& [address, function] : functions) {
    if (function.module.empty() || function.module.starts_with("[__builtin") || function.module == "[bpf]")
      continue;
    const auto hit = symbolizer->symbolize(address + 1);
    if (!hit)
      continue;  // a module without its file here
    if (is_name_at(address, hit.frames().back().linkage_name)) {
      // Without its debug file a module has names alone.
      right[hit.module()->path] += hit.frames().back().line != 0 ? 1U : 0U;
    } else if (++different <= 10) {
      std::cout << function.module << ' ' << function.name << ": " << hit.frames().back().linkage_name << '\n';
    }
  }
  std::size_t all = 0;
  std::size_t with_lines = 0;
  for (const auto& [module, count] : right) {
    std::cout << module << ": " << std::dec << count << " functions with lines\n";
    all += count;
    with_lines += count != 0 ? 1U : 0U;
  }
  EXPECT_GE(with_lines, 3);
  EXPECT_GT(all, 300);
  EXPECT_LE(different, all / 50);
}

TEST_F(ElfKernel, HasLinesAndInlinedCalls) {
  const std::uint64_t start = address_of("vfs_read");
  ASSERT_NE(start, 0);
  std::size_t inlined = 0;
  std::map<std::string, std::size_t> names;
  for (std::uint64_t address = start; address < start + 0x100; ++address) {
    const auto hit = symbolizer->symbolize(address);
    ASSERT_TRUE(hit);
    ASSERT_EQ(hit.frames().back().function, "vfs_read");
    ASSERT_TRUE(hit.frames().back().file.ends_with("fs/read_write.c")) << hit.frames().back().file;
    ASSERT_GT(hit.frames().back().line, 400);
    for (const CodeFrame& frame : hit.frames()) {
      inlined += frame.inlined ? 1U : 0U;
      if (frame.inlined)
        ++names[frame.function];
    }
  }
  for (const auto& [name, count] : names)
    std::cout << "inlined into vfs_read: " << name << '\n';
  EXPECT_GT(inlined, 0);
}

TEST_F(ElfKernel, SaysWhyWhereNothingIs) {
  EXPECT_EQ(symbolizer->symbolize(0).failure(), SymbolizeFailure::unmapped);
  EXPECT_EQ(symbolizer->symbolize(0x400000).failure(), SymbolizeFailure::unmapped);
  EXPECT_FALSE(symbolizer->symbolize(UINT64_MAX));
  symbolizer->refresh();
  EXPECT_TRUE(symbolizer->symbolize(address_of("schedule")));
}

}  // namespace
}  // namespace fathom
