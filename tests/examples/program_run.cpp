#include "program_run.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>

#include <fcntl.h>
#include <stdlib.h>

#include <cerrno>
#include <fstream>
#include <iterator>

namespace fathom::test {

namespace {

UniqueFd open_file(const std::string& path, int flags) {
  constexpr mode_t kMode = 0600;
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, kMode));
  if (!fd)
    throw Error(errno, "open", path);
  return fd;
}

Child start(const std::vector<std::string>& command, const std::string& in, const TestFolder& folder,
            const Environment& environment) {
  const UniqueFd input = open_file(in.empty() ? "/dev/null" : in, O_RDONLY);
  const UniqueFd output = open_file(folder.path("out"), O_WRONLY | O_CREAT);
  const UniqueFd error = open_file(folder.path("err"), O_WRONLY | O_CREAT);
  Child child(
      command,
      {.environment = environment, .stdin_fd = input.get(), .stdout_fd = output.get(), .stderr_fd = error.get()});
  child.resume();
  return child;
}

}  // namespace

TestFolder::TestFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "fathom-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw Error(errno, "make", pattern);
  path_ = pattern;
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TestFolder::file(std::string_view name, std::string_view content) const {
  const std::filesystem::path to = path(name);
  std::ofstream(to, std::ios::binary) << content;
  return to.string();
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    throw Error(std::errc::no_such_file_or_directory, "read", path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

ProgramRun::ProgramRun(const std::vector<std::string>& command, const std::string& stdin_file,
                       const Environment& environment)
    : child_(start(command, stdin_file, folder_, environment)) {}

int ProgramRun::status() {
  return child_.wait().shell_code();
}

Ran run_to_end(const std::vector<std::string>& command) {
  ProgramRun run(command);
  const int status = run.status();
  return {status, run.out(), run.err()};
}

Ran run_to_end(const std::string& program, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), program);
  return run_to_end(arguments);
}

}  // namespace fathom::test
