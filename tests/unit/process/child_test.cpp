#include <fathom/base/error.hpp>
#include <fathom/process/child.hpp>
#include <fathom/process/stop_signals.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace fathom {
namespace {

using ::testing::HasSubstr;

using Command = std::vector<std::string>;

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "fathom_child_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw Error(errno, "make", name);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::string slurp(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Runs the command to its end and gives back what it wrote.
std::string output_of(const Command& command, ChildOptions options = {}) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  options.stdout_fd = writer.get();
  Child child(command, options);
  writer.reset();
  child.resume();
  std::string text;
  std::array<char, 4096> piece{};
  for (ssize_t size; (size = ::read(reader.get(), piece.data(), piece.size())) > 0;)
    text.append(piece.data(), static_cast<std::size_t>(size));
  EXPECT_EQ(child.wait(), ExitStatus{});
  return text;
}

std::vector<std::string> open_descriptors() {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(entry.path(), error);
    if (!error)
      found.push_back(entry.path().filename().string() + " -> " + target.string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool is_gone(int pid) {
  return ::kill(pid, 0) == -1 && errno == ESRCH;
}

TEST(Child, TellsHowItEnded) {
  const struct {
    Command command;
    ExitStatus expected;
    int shell_code;
  } cases[] = {
      {{"true"}, {.code = 0}, 0},
      {{"false"}, {.code = 1}, 1},
      {{"sh", "-c", "exit 77"}, {.code = 77}, 77},
      {{"/bin/sh", "-c", "kill -TERM $$"}, {.signal = SIGTERM}, 128 + SIGTERM},
      {{"sh", "-c", "ulimit -c 0; kill -SEGV $$"}, {.signal = SIGSEGV}, 128 + SIGSEGV},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.command.back());
    Child child(c.command);
    child.resume();
    EXPECT_EQ(child.wait(), c.expected);
    EXPECT_EQ(child.wait().shell_code(), c.shell_code);
    EXPECT_EQ(child.try_wait(), c.expected);
    EXPECT_FALSE(child.kill(SIGTERM));
  }
}

TEST(Child, IsHeldUntilResumed) {
  const Folder folder;
  const std::string mark = folder.file("mark");
  Child child{{"touch", mark}};
  // Long enough for it to have run, if it were not held.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(std::filesystem::exists(mark));
  EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(child.pid()) + "/exe"),
            std::filesystem::read_symlink("/proc/self/exe"));
  EXPECT_THAT(slurp("/proc/" + std::to_string(child.pid()) + "/stat"), HasSubstr(") S "));
  EXPECT_FALSE(child.try_wait());
  pollfd ended{.fd = child.pidfd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&ended, 1, 0), 0);

  child.resume();
  EXPECT_EQ(::poll(&ended, 1, 10'000), 1);
  EXPECT_TRUE(child.wait().success());
  EXPECT_TRUE(std::filesystem::exists(mark));
  child.resume();  // once more does nothing
}

TEST(Child, DestroyedBeforeResumeNeverRuns) {
  const Folder folder;
  const std::string mark = folder.file("mark");
  int pid = 0;
  {
    const Child child{{"touch", mark}};
    pid = child.pid();
  }
  EXPECT_TRUE(is_gone(pid));
  EXPECT_FALSE(std::filesystem::exists(mark));
}

TEST(Child, NeverRunsIfTheParentDies) {
  const Folder folder;
  const std::string mark = folder.file("mark");
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const int parent = ::fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    // Its standard output is the pipe, so that we see from the pipe's end when it is gone.
    const Child child({"touch", mark}, {.stdout_fd = writer.get()});
    ::_exit(0);  // as if killed: no destructor runs
  }
  writer.reset();
  char byte = 0;
  EXPECT_EQ(::read(reader.get(), &byte, 1), 0);
  ::waitpid(parent, nullptr, 0);
  EXPECT_FALSE(std::filesystem::exists(mark));
}

TEST(Child, DestroyedWhileRunningIsKilled) {
  int pid = 0;
  {
    Child child{{"sleep", "1000"}};
    child.resume();
    pid = child.pid();
    EXPECT_FALSE(is_gone(pid));
  }
  EXPECT_TRUE(is_gone(pid));
}

TEST(Child, ResumeThrowsWhatFailedInTheChild) {
  const Folder folder;
  const std::string plain = folder.file("plain");
  std::ofstream(plain) << "no program";
  const std::string no_interpreter = folder.file("no_interpreter");
  std::ofstream(no_interpreter) << "#!/nonexistent/interpreter\n";
  const std::string no_format = folder.file("no_format");
  std::ofstream(no_format) << "neither ELF nor script\n";
  for (const auto& path : {no_interpreter, no_format})
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);

  const struct {
    Command command;
    ChildOptions options;
    std::errc code;
    std::string path;
  } cases[] = {
      {{"fathom-no-such-command"}, {}, std::errc::no_such_file_or_directory, "fathom-no-such-command"},
      {{"/nonexistent/command"}, {}, std::errc::no_such_file_or_directory, "/nonexistent/command"},
      {{plain}, {}, std::errc::permission_denied, plain},
      {{"/tmp"}, {}, std::errc::permission_denied, "/tmp"},
      {{no_interpreter}, {}, std::errc::no_such_file_or_directory, no_interpreter},
      {{no_format}, {}, std::errc::executable_format_error, no_format},
      {{"true"}, {.working_directory = "/nonexistent"}, std::errc::no_such_file_or_directory, "/nonexistent"},
      {{"true"}, {.stdout_fd = 999'999}, std::errc::bad_file_descriptor, "true"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.path);
    Child child(c.command, c.options);
    const int pid = child.pid();
    try {
      child.resume();
      ADD_FAILURE() << "resume() did not throw";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), c.code) << error.what();
      EXPECT_EQ(error.path(), c.path);
      EXPECT_THAT(error.what(), HasSubstr(c.path));
    }
    EXPECT_TRUE(is_gone(pid));
    EXPECT_EQ(child.wait().code, 127);
  }
}

TEST(Child, RefusesAnEmptyCommand) {
  EXPECT_THROW(Child(Command{}), Error);
  EXPECT_THROW(Child(Command{""}), Error);
}

TEST(Child, RefusesWhatANulByteWouldCut) {
  const std::string cut("a\0b", 3);
  const auto code_of = [](const Command& command, const ChildOptions& options = {}) {
    try {
      const Child child(command, options);
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("NUL byte"));
      return error.code();
    }
    return std::error_code();
  };
  EXPECT_EQ(code_of({cut}), std::errc::invalid_argument);
  EXPECT_EQ(code_of({"true", cut}), std::errc::invalid_argument);
  EXPECT_EQ(code_of({"true"}, {.working_directory = cut}), std::errc::invalid_argument);
  EXPECT_EQ(code_of({"true"}, {.environment = {{cut, "1"}}}), std::errc::invalid_argument);
  EXPECT_EQ(code_of({"true"}, {.environment = {{"A", cut}}}), std::errc::invalid_argument);
}

// The held child, too, would have the parent's end of their connection as its standard input, and outlive the parent.
TEST(Child, TakesNoStandardDescriptor) {
  const UniqueFd saved(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  ::close(STDIN_FILENO);
  const Child child{{"true"}};
  const bool stayed_closed = ::fcntl(STDIN_FILENO, F_GETFD) == -1;
  ::dup2(saved.get(), STDIN_FILENO);
  EXPECT_TRUE(stayed_closed);
  EXPECT_GT(child.pidfd(), STDERR_FILENO);
}

TEST(Child, WaitDoesNotHangOnAHeldChild) {
  Child child{{"true"}};
  try {
    child.wait();
    FAIL() << "wait() did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::resource_deadlock_would_occur);
    EXPECT_THAT(error.hint(), HasSubstr("resume"));
  }
}

TEST(Child, CanBeKilledWhileHeld) {
  const Folder folder;
  const std::string mark = folder.file("mark");
  Child child{{"touch", mark}};
  EXPECT_TRUE(child.kill(SIGTERM));
  pollfd ended{.fd = child.pidfd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&ended, 1, 10'000), 1);
  child.resume();
  EXPECT_EQ(child.wait(), (ExitStatus{.signal = SIGTERM}));
  EXPECT_FALSE(std::filesystem::exists(mark));
}

TEST(Child, KillTellsABadSignal) {
  Child child{{"sleep", "1000"}};
  child.resume();
  EXPECT_THROW(child.kill(12345), Error);
  EXPECT_TRUE(child.kill(SIGKILL));
  EXPECT_EQ(child.wait().signal, SIGKILL);
}

TEST(Child, KillReachesTheWholeGroup) {
  // The shell's own child would keep the pipe open for 1000 s if it lived on.
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  Child child({"sh", "-c", "sleep 1000 & echo; wait"}, {.stdout_fd = writer.get(), .new_process_group = true});
  writer.reset();
  EXPECT_EQ(::getpgid(child.pid()), child.pid());
  child.resume();
  char byte = 0;
  ASSERT_EQ(::read(reader.get(), &byte, 1), 1);
  EXPECT_TRUE(child.kill(SIGKILL));
  EXPECT_EQ(::read(reader.get(), &byte, 1), 0);
  EXPECT_EQ(child.wait().signal, SIGKILL);
}

TEST(Child, SeesItsOptions) {
  EXPECT_EQ(output_of({"pwd"}, {.working_directory = "/usr"}), "/usr\n");
  EXPECT_EQ(output_of({"sh", "-c", "echo $FATHOM_A-$HOME"}, {.environment = {{"FATHOM_A", "1"}, {"HOME", "/x"}}}),
            "1-/x\n");
  EXPECT_EQ(output_of({"cut", "-d", " ", "-f5", "/proc/self/stat"}), std::to_string(::getpgrp()) + "\n");

  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  ASSERT_EQ(::write(writer.get(), "in", 2), 2);
  writer.reset();
  EXPECT_EQ(output_of({"cat"}, {.stdin_fd = reader.get()}), "in");
}

TEST(Child, FindsTheCommandInThePathThatItGets) {
  const Folder folder;
  const std::string script = folder.file("fathom_script");
  std::ofstream(script) << "#!/bin/sh\necho found $1\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  const std::string path = "/nonexistent:" + std::filesystem::path(script).parent_path().string();
  EXPECT_EQ(output_of({"fathom_script", "it"}, {.environment = {{"PATH", path}}}), "found it\n");
  EXPECT_EQ(
      output_of({"./fathom_script", "it"}, {.working_directory = std::filesystem::path(script).parent_path().string()}),
      "found it\n");
}

TEST(Child, RedirectionsMaySwapNumbers) {
  std::array<int, 2> out{};
  ASSERT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
  std::array<int, 2> err{};
  ASSERT_EQ(::pipe2(err.data(), O_CLOEXEC), 0);
  UniqueFd out_writer(out[1]);
  UniqueFd err_writer(err[1]);
  const UniqueFd out_reader(out[0]);
  const UniqueFd err_reader(err[0]);
  const UniqueFd saved_out(::fcntl(1, F_DUPFD_CLOEXEC, 3));
  const UniqueFd saved_err(::fcntl(2, F_DUPFD_CLOEXEC, 3));
  // Here 1 is what shall be the child's 2, and the other way round.
  ::dup2(err_writer.get(), 1);
  ::dup2(out_writer.get(), 2);
  Child child({"sh", "-c", "printf to_out; printf to_err >&2"}, {.stdout_fd = 2, .stderr_fd = 1});
  ::dup2(saved_out.get(), 1);
  ::dup2(saved_err.get(), 2);
  out_writer.reset();
  err_writer.reset();
  child.resume();
  EXPECT_TRUE(child.wait().success());
  std::array<char, 64> text{};
  ASSERT_EQ(::read(out_reader.get(), text.data(), text.size()), 6);
  EXPECT_STREQ(text.data(), "to_out");
  text = {};
  ASSERT_EQ(::read(err_reader.get(), text.data(), text.size()), 6);
  EXPECT_STREQ(text.data(), "to_err");
}

TEST(Child, InheritsNoOtherDescriptor) {
  const UniqueFd leaky(::open("/dev/null", O_RDONLY));  // without O_CLOEXEC, on purpose
  ASSERT_TRUE(leaky);
  // ls itself opens the directory as 3.
  EXPECT_EQ(output_of({"ls", "/proc/self/fd"}), "0\n1\n2\n3\n");

  // Nor does it keep one open while it is held: the pipe ends when the parent's end is closed.
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const Child child{{"true"}};
  writer.reset();
  pollfd end{.fd = reader.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&end, 1, 10'000), 1);
}

TEST(Child, LeaksNoDescriptorAndNoProcess) {
  const std::vector<std::string> before = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    Child ended{{"true"}};
    ended.resume();
    ended.wait();
    const Child held{{"true"}};
    Child running{{"sleep", "1000"}};
    running.resume();
    Child missing{{"/nonexistent"}};
    EXPECT_THROW(missing.resume(), Error);
    Child moved = std::move(ended);
    moved = std::move(running);
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(Child, StartsWithOrdinarySignals) {
  const StopSignals stop;
  ASSERT_NE(std::signal(SIGPIPE, SIG_IGN), SIG_ERR);
  ASSERT_NE(std::signal(SIGHUP, SIG_IGN), SIG_ERR);
  const std::string text = output_of({"grep", "^Sig", "/proc/self/status"});
  std::signal(SIGPIPE, SIG_DFL);
  std::signal(SIGHUP, SIG_DFL);
  EXPECT_THAT(text, HasSubstr("SigBlk:\t0000000000000000"));
  EXPECT_THAT(text, HasSubstr("SigIgn:\t0000000000000001"));  // SIGHUP, as under nohup, and no SIGPIPE
}

TEST(Child, DoesNotRunTheParentsHandlers) {
  static volatile std::sig_atomic_t calls = 0;
  struct sigaction action{};
  action.sa_handler = [](int) { calls = calls + 1; };
  struct sigaction before{};
  ASSERT_EQ(::sigaction(SIGTERM, &action, &before), 0);
  Child child{{"sleep", "1000"}};
  EXPECT_TRUE(child.kill(SIGTERM));
  pollfd ended{.fd = child.pidfd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&ended, 1, 10'000), 1);
  EXPECT_EQ(child.wait().signal, SIGTERM);
  ::sigaction(SIGTERM, &before, nullptr);
  EXPECT_EQ(calls, 0);
}

TEST(Child, MovesAndReplaces) {
  const Folder folder;
  const std::string mark = folder.file("mark");
  Child a{{"touch", mark}};
  const int first = a.pid();
  Child b = std::move(a);
  EXPECT_EQ(b.pid(), first);
  Child c{{"true"}};
  const int replaced = c.pid();
  c = std::move(b);
  EXPECT_TRUE(is_gone(replaced));
  c.resume();
  EXPECT_TRUE(c.wait().success());
  EXPECT_TRUE(std::filesystem::exists(mark));
}

}  // namespace
}  // namespace fathom
