#include "elf_support.hpp"

#include <fathom/base/error.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

namespace fathom::test {

namespace {

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error(errno, "make a pipe");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

}  // namespace

std::string program(std::string_view name) {
  return std::string(FATHOM_TEST_PROGRAMS "/") += name;
}

std::uint32_t line_of(std::string_view word) {
  std::ifstream file(FATHOM_TEST_PROGRAM_SOURCE);
  std::string line;
  for (std::uint32_t number = 1; std::getline(file, line); ++number) {
    if (line.ends_with(word))
      return number;
  }
  ADD_FAILURE() << word << " is not in " << FATHOM_TEST_PROGRAM_SOURCE;
  return 0;
}

Folder::Folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "fathom-symbols.XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw Error(errno, "make a folder", pattern);
  path_ = pattern;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Folder::file(std::string_view name, std::string_view content) const {
  const std::filesystem::path path = path_ / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
  return path.string();
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Sample::Sample(const std::vector<std::string>& command)
    : child_([&] {
        Pipe to = make_pipe();
        Pipe from = make_pipe();
        input_ = std::move(to.write_end);
        Child child(command, {.stdin_fd = to.read_end.get(), .stdout_fd = from.write_end.get()});
        child.resume();
        output_ = std::move(from.read_end);
        return child;
      }()) {
  read_addresses();
}

void Sample::read_addresses() {
  std::string text;
  char byte = 0;
  while (::read(output_.get(), &byte, 1) == 1 && byte != '\n')
    text += byte;
  std::istringstream fields(text);
  if (!(fields >> std::hex >> inlined >> plain >> data))
    ADD_FAILURE() << "the sample said '" << text << "'";
}

void Sample::say(std::string_view text) {
  EXPECT_EQ(::write(input_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

void Sample::end() {
  input_.reset();
  child_.wait();
}

std::vector<std::string> hidden_sample(const Folder& folder) {
  const std::string there = folder.path("there");
  std::filesystem::create_directory(there);
  return {"unshare", "-m", "sh", "-c",
          "mount -t tmpfs none " + there + " && cp " + program("sample") + ' ' + there + "/hidden && exec " + there +
              "/hidden"};
}

void expect_inlined(const SymbolizedAddress& hit) {
  ASSERT_TRUE(hit) << to_string(*hit.failure()) << ' ' << (hit.module() == nullptr ? "" : hit.module()->problem);
  ASSERT_EQ(hit.frames().size(), 3);
  constexpr std::array kNames{"sample::inner(int)", "sample::middle(int)", "sample::Box::outer(int)"};
  const std::array lines{line_of("LINE_INNER"), line_of("LINE_MIDDLE"), line_of("LINE_OUTER")};
  for (std::size_t i = 0; i < 3; ++i) {
    const CodeFrame& frame = hit.frames()[i];
    EXPECT_EQ(frame.function, kNames[i]);
    EXPECT_TRUE(frame.file.ends_with("programs/sample.cpp")) << frame.file;
    EXPECT_EQ(frame.line, lines[i]) << frame.function;
    EXPECT_EQ(frame.inlined, i < 2) << frame.function;
  }
  EXPECT_EQ(hit.frames()[2].linkage_name, "_ZN6sample3Box5outerEi");
  EXPECT_LT(hit.offset(), 64);
}

void expect_plain(const SymbolizedAddress& hit, bool lines) {
  ASSERT_TRUE(hit) << to_string(*hit.failure()) << ' ' << (hit.module() == nullptr ? "" : hit.module()->problem);
  ASSERT_EQ(hit.frames().size(), 1);
  EXPECT_EQ(hit.frames()[0].function, "plain_function");
  EXPECT_EQ(hit.frames()[0].line, lines ? line_of("LINE_PLAIN") : 0);
  EXPECT_FALSE(hit.frames()[0].inlined);
}

std::shared_ptr<ElfFiles> local_files(std::vector<std::string> debug_roots) {
  return std::make_shared<ElfFiles>(ElfFilesOptions{.debug_roots = std::move(debug_roots), .debuginfod_urls = ""});
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

}  // namespace fathom::test
