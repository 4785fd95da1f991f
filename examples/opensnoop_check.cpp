#include "opensnoop_check.hpp"

#include "common/mapped_file.hpp"
#include "common/output.hpp"
#include "common/program.hpp"
#include "opensnoop_print.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_object.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fathom-bpf/opensnoop.bpf.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace opensnoop_example {

namespace {

using namespace std::chrono_literals;

constexpr int kPaths = 50;

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "opensnoop-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw fathom::Error(errno, "make a folder like", name);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// A file with a path in it, mapped and not touched: the page comes when the kernel reads the path.
class UntouchedPath {
 public:
  UntouchedPath(const std::string& file, const std::string& path) : mapped_(written(file, path)) {}

  [[nodiscard]] const char* get() const {
    return reinterpret_cast<const char*>(mapped_.bytes().data());  // NOLINT: bytes as characters
  }

 private:
  static const std::string& written(const std::string& file, const std::string& path) {
    std::ofstream(file) << path << '\0';
    return file;
  }

  examples::MappedFile mapped_;
};

// A process that opens paths when it is told to. Forked and not executed, since a program's start opens files, too.
class Opener {
 public:
  Opener(const std::vector<const char*>& paths) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
      throw fathom::Error(errno, "make a pipe");
    fathom::UniqueFd told(pipe[0]);
    start_.reset(pipe[1]);
    pid_ = ::fork();
    if (pid_ < 0)
      throw fathom::Error(errno, "fork");
    if (pid_ != 0)
      return;
    start_.reset();
    char byte = 0;
    if (::read(told.get(), &byte, 1) == 1) {
      for (const char* path : paths)
        ::openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    }
    ::_exit(0);
  }
  ~Opener() {
    start_.reset();
    if (pid_ > 0)
      ::waitpid(pid_, nullptr, 0);
  }
  Opener(const Opener&) = delete;
  Opener& operator=(const Opener&) = delete;

  [[nodiscard]] int pid() const { return pid_; }
  void run() {
    if (::write(start_.get(), "x", 1) != 1)
      throw fathom::Error(errno, "tell the child");
    start_.reset();
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
  }

 private:
  fathom::UniqueFd start_;
  int pid_ = -1;
};

struct Seen {
  std::string path;
  bool opened;
  bool late;
};

std::vector<Seen> record(Opener& opener) {
  auto object = fathom::BpfObject::open(opensnoop::object);
  object.variable("target_pid").set<int>(opener.pid());
  const auto bpf = object.load();
  auto opens = bpf.ring_buffer<opensnoop::open>(opensnoop::opens);
  std::vector<fathom::BpfLink> links;
  for (const auto& program : bpf.programs())
    links.push_back(fathom::Tracepoint(program).attach());
  opener.run();
  std::vector<Seen> seen;
  opens.consume([&](const opensnoop::open& open) {
    seen.push_back({std::string(path_of(open)), open.result >= 0, open.late != 0});
  });
  return seen;
}

}  // namespace

int check(const Options& options) {
  const Folder folder;
  std::vector<std::string> names;
  for (int i = 0; i < kPaths; ++i) {
    names.push_back(folder.file(fmt::format("{:02}", i)));
    if (i % 2 == 0)
      std::ofstream(names.back()) << i;  // every other one is not there
  }
  const std::string last = folder.file("last");
  const UntouchedPath untouched(folder.file("page"), last);
  std::vector<const char*> paths;
  for (const std::string& name : names)
    paths.push_back(name.c_str());
  paths.push_back(untouched.get());
  names.push_back(last);

  Opener opener(paths);
  const std::vector<Seen> seen = record(opener);
  std::size_t right = 0;
  while (right < seen.size() && right < names.size() && seen[right].path == names[right] &&
         seen[right].opened == (right < kPaths && right % 2 == 0))
    ++right;
  const bool late = !seen.empty() && seen.back().late;
  const bool same = right == names.size() && seen.size() == names.size();
  auto output = examples::Output::standard_output();
  if (options.json)
    output.stream() << nlohmann::ordered_json{{"opened", names.size()},
                                              {"recorded", seen.size()},
                                              {"same_in_order", right},
                                              {"read_at_exit", late}}
                           .dump()
                    << '\n';
  else
    output.stream() << fmt::format(
        "{} paths opened, {} recorded, {} the same in order; the last, in an untouched "
        "page, was read when the call {}\n",
        names.size(), seen.size(), right, late ? "ended" : "began");
  output.close();
  return same && late ? 0 : examples::kFailure;
}

}  // namespace opensnoop_example
