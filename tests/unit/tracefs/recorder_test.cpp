#include "raw_files.hpp"

#include <fathom/rawtrace/page_decoder.hpp>
#include <fathom/tracefs/page_files.hpp>
#include <fathom/tracefs/page_history.hpp>
#include <fathom/tracefs/raw_formats.hpp>
#include <fathom/tracefs/raw_trace_pipe.hpp>
#include <fathom/tracefs/recorder.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace fathom {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

std::string text_of(std::span<const std::byte> bytes) {
  std::string text(bytes.size(), '\0');
  std::memcpy(text.data(), bytes.data(), bytes.size());
  return text;
}

// What was given, by CPU.
struct Kept {
  std::map<unsigned, std::string> pages;
  std::vector<Loss> losses;
  void on(const RawPages& given) { pages[given.cpu] += text_of(given.bytes); }
  void on(const Loss& loss) { losses.push_back(loss); }
};

// The same file for all CPUs.
struct Target {
  int descriptor;
  [[nodiscard]] int file(unsigned /*cpu*/) const { return descriptor; }
};

// A file that takes a page at a time, and no more until that is taken away.
class Narrow {
 public:
  Narrow() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    outlet_.reset(ends[0]);
    inlet_.reset(ends[1]);
    EXPECT_EQ(::fcntl(inlet_.get(), F_SETPIPE_SZ, 4096), 4096);
  }
  [[nodiscard]] Target target() const { return {inlet_.get()}; }
  /// Takes away what there is, at most so much.
  [[nodiscard]] std::string take(std::size_t most = 4096) const {
    std::string page(most, '\0');
    const ssize_t count = ::read(outlet_.get(), page.data(), page.size());
    page.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return page;
  }

 private:
  UniqueFd outlet_;
  UniqueFd inlet_;
};

class RawPipeTest : public testing::Test {
 protected:
  FakeTree tree_;
  std::shared_ptr<RawFiles> files_ = std::make_shared<RawFiles>(tree_);
  TraceArray array_{files_, ""};
  const std::string one_ = raw_page(1000, 7, 3, true);
  const std::string two_ = raw_page(2000, 7, 2, false);
};

TEST_F(RawPipeTest, GivesWholePagesWhateverTheSourceGives) {
  files_->steps[0] = {one_.substr(0, 1),    std::monostate{}, EINTR, one_.substr(1, 700), std::string{one_.substr(701)},
                      two_.substr(0, 4095), std::monostate{}, EINTR, two_.substr(4095)};
  RawTracePipe pipe(array_, 0);
  EXPECT_EQ(pipe.cpu(), 0U);
  EXPECT_EQ(pipe.layout(), PageLayout{});
  EXPECT_FALSE(pipe.mapped());
  EXPECT_THAT(pipe.drain(), IsEmpty());
  EXPECT_EQ(text_of(pipe.drain()), one_);
  EXPECT_EQ(text_of(pipe.drain()), two_);
  EXPECT_THAT(pipe.drain(), IsEmpty());
}

TEST_F(RawPipeTest, GivesAChunkAtMost) {
  files_->steps[0] = {one_ + one_ + one_ + two_};
  RawTracePipe pipe(array_, 0, {.chunk_bytes = 8192 + 100});
  EXPECT_EQ(text_of(pipe.drain()), one_ + one_);
  EXPECT_EQ(text_of(pipe.drain()), one_ + two_);
}

TEST_F(RawPipeTest, ComesBackLaterForAPageThatIsBeingFilled) {
  files_->steps[0] = {two_ + two_};
  RawTracePipe pipe(array_, 0);
  EXPECT_EQ(text_of(pipe.drain()), two_);
  EXPECT_EQ(text_of(pipe.drain()), two_);
}

TEST_F(RawPipeTest, GivesWhatItHasBeforeItTellsOfAnError) {
  files_->steps[0] = {one_ + two_.substr(0, 10), EIO, two_.substr(10), ENODEV, one_};
  files_->refused[1] = ENODEV;
  RawTracePipe pipe(array_, 0);
  EXPECT_EQ(text_of(pipe.drain()), one_);
  EXPECT_EQ(text_of(pipe.drain()), two_);
  try {
    static_cast<void>(pipe.drain());
    ADD_FAILURE() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_device);
  }
  EXPECT_EQ(text_of(pipe.drain()), one_);
  EXPECT_THROW(RawTracePipe(array_, 1), Error);
}

TEST_F(RawPipeTest, SaysWhatItCannotDo) {
  EXPECT_THROW(RawTracePipe(array_, 0, {.chunk_bytes = 4095}), Error);
  RawTracePipe pipe(array_, 0, {.map = true});
  EXPECT_FALSE(pipe.mapped());
  try {
    pipe.splice_to(1);
    ADD_FAILURE() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::invalid_argument);
  }
}

TEST_F(RawPipeTest, SplicesOutOfAFileThatCanBeSpliced) {
  tree_.put("per_cpu/cpu0/trace_pipe_raw", one_ + one_ + two_);
  const TraceArray local(local_trace_files(tree_.root()), "");
  PageFiles files(tree_.root() + "/copy");
  RawTracePipe pipe(local, 0);
  EXPECT_EQ(pipe.splice_to(files.file(0)), 3U * 4096);
  EXPECT_EQ(pipe.splice_to(files.file(0)), 0U);
  EXPECT_EQ(tree_.get("copy0"), one_ + one_ + two_);
}

using RecorderTest = RawPipeTest;

TEST_F(RawPipeTest, PageFilesAreNew) {
  PageFiles files(tree_.root() + "/new");
  EXPECT_GE(files.file(0), 0);
  EXPECT_EQ(files.file(0), files.file(0));
  std::ofstream(files.path(1)) << "kept";
  std::filesystem::create_symlink(tree_.root() + "/elsewhere", files.path(2));
  for (const unsigned cpu : {1U, 2U}) {
    try {
      static_cast<void>(files.file(cpu));
      FAIL() << "made " << files.path(cpu);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), std::errc::file_exists);
      EXPECT_EQ(e.path(), files.path(cpu));
    }
  }
  files.remove();
  EXPECT_FALSE(std::filesystem::exists(files.path(0)));
  EXPECT_EQ(std::filesystem::file_size(files.path(1)), 4U);
  EXPECT_FALSE(std::filesystem::exists(tree_.root() + "/elsewhere"));
}

TEST_F(RecorderTest, NamesTheFileThatCannotBeWritten) {
  struct Full {
    UniqueFd fd{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
    int file(unsigned) const { return fd.get(); }
    static std::string path(unsigned cpu) { return "pages of " + std::to_string(cpu); }
  } full;
  files_->steps[1] = {one_};
  Recorder recorder(array_);
  recorder.start();
  try {
    recorder.stop(full);
    ADD_FAILURE() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), std::errc::no_space_on_device);
    EXPECT_EQ(error.path(), "pages of 1");
    EXPECT_FALSE(error.hint().empty());
  }
}

TEST_F(RecorderTest, GivesTheSamePagesToFilesAndSinks) {
  const auto fill = [&] {
    files_->steps[0] = {one_, one_ + two_.substr(0, 5), EINTR, two_.substr(5), std::monostate{}, one_};
    files_->steps[1] = {std::monostate{}, two_, one_ + two_};
  };
  Kept kept;
  fill();
  Recorder recorder(array_);
  EXPECT_EQ(recorder.cpus(), (CpuSet{0, 1}));
  recorder.start();
  EXPECT_EQ(tree_.get("tracing_on"), "1\n");
  EXPECT_EQ(recorder.drain(kept), 3U * 4096);
  const Recording recording = recorder.stop(kept);
  EXPECT_EQ(tree_.get("tracing_on"), "0\n");
  EXPECT_THAT(kept.pages, ElementsAre(std::pair(0U, one_ + one_ + two_ + one_), std::pair(1U, two_ + one_ + two_)));
  EXPECT_EQ(recording.bytes(), 7U * 4096);
  EXPECT_EQ(recorder.bytes(), 7U * 4096);
  fill();
  recorder.start();
  PageFiles files(tree_.root() + "/pages");
  EXPECT_GT(recorder.drain(files), 0U);
  EXPECT_EQ(recorder.stop(files).bytes(), 7U * 4096);
  EXPECT_EQ(tree_.get("pages0"), kept.pages[0]);
  EXPECT_EQ(tree_.get("pages1"), kept.pages[1]);
  EXPECT_THAT(files.cpus(), ElementsAre(0U, 1U));
  files.remove();
  EXPECT_EQ(::access((tree_.root() + "/pages0").c_str(), F_OK), -1);
  EXPECT_THAT(files.cpus(), IsEmpty());
}

TEST_F(RecorderTest, ReadsACopiedTree) {
  tree_.put("per_cpu/cpu0/trace_pipe_raw", one_ + one_ + two_);
  tree_.put("per_cpu/cpu1/trace_pipe_raw", two_);
  Kept kept;
  Recorder recorder(TraceArray(local_trace_files(tree_.root()), ""));
  recorder.start();
  EXPECT_EQ(recorder.stop(kept).bytes(), 4U * 4096);
  EXPECT_THAT(kept.pages, ElementsAre(std::pair(0U, one_ + one_ + two_), std::pair(1U, two_)));
}

TEST_F(RecorderTest, ACpuThatFailsDoesNotKeepTheOthersWaiting) {
  files_->steps[0] = {EIO, one_};
  files_->steps[1] = {two_};
  Kept kept;
  Recorder recorder(array_);
  recorder.start();
  EXPECT_THROW(recorder.drain(kept), Error);
  EXPECT_THAT(kept.pages, ElementsAre(std::pair(1U, two_)));
  EXPECT_EQ(recorder.stop(kept).bytes(), 2U * 4096);
  EXPECT_EQ(kept.pages[0], one_);
}

TEST_F(RecorderTest, KeepsWhatAFileDoesNotTake) {
  files_->steps[0] = {one_ + two_};
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  Recorder recorder(array_);
  recorder.start();
  EXPECT_THROW(recorder.drain(Target{full.get()}), Error);
  EXPECT_THROW(recorder.drain(Target{full.get()}), Error);
  PageFiles files(tree_.root() + "/pages");
  EXPECT_EQ(recorder.stop(files).bytes(), 2U * 4096);
  EXPECT_EQ(tree_.get("pages0"), one_ + two_);
}

TEST_F(RecorderTest, KeepsWhatItHasNoFileFor) {
  files_->steps[0] = {one_ + two_, std::monostate{}, two_.substr(0, 9)};
  struct {
    int refusals = 0;
    int file(unsigned /*cpu*/) {
      ++refusals;
      throw std::runtime_error("no file");
    }
  } none;
  Recorder recorder(array_);
  recorder.start();
  EXPECT_THROW(recorder.drain(none), std::runtime_error);
  EXPECT_THROW(recorder.drain(none), std::runtime_error);
  EXPECT_EQ(none.refusals, 2);
  PageFiles files(tree_.root() + "/pages");
  EXPECT_EQ(recorder.drain(files), 0U);
  EXPECT_EQ(tree_.get("pages0"), one_ + two_);
  EXPECT_THROW(recorder.stop(none), std::runtime_error);
  EXPECT_EQ(recorder.stop(files).bytes(), 2U * 4096 + 9);
  EXPECT_EQ(tree_.get("pages0"), one_ + two_ + two_.substr(0, 9));
}

TEST_F(RecorderTest, GivesASinkWhatAFileDidNotTake) {
  for (const bool splices : {false, true}) {
    files_->splices = splices;
    files_->steps[0] = {one_ + two_};
    files_->steps[1] = {two_};
    const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    Recorder recorder(array_);
    recorder.start();
    EXPECT_THROW(recorder.drain(Target{full.get()}), Error);
    Kept kept;
    EXPECT_EQ(recorder.stop(kept).bytes(), 3U * 4096);
    EXPECT_THAT(kept.pages, ElementsAre(std::pair(0U, one_ + two_), std::pair(1U, two_)));
  }
}

TEST_F(RecorderTest, GivesASinkNoPartOfAPage) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
  const UniqueFd outlet(ends[0]);
  const UniqueFd inlet(ends[1]);
  const int least = 1;  // which the kernel makes more, but less than two pages
  ASSERT_EQ(::setsockopt(inlet.get(), SOL_SOCKET, SO_SNDBUF, &least, sizeof(least)), 0);
  const auto take = [&] {
    std::string bytes(4 * 4096, '\0');
    const ssize_t count = ::read(outlet.get(), bytes.data(), bytes.size());
    return bytes.substr(0, count > 0 ? static_cast<std::size_t>(count) : 0);
  };
  files_->steps[0] = {one_ + two_ + one_};
  files_->steps[1] = {two_};
  Recorder recorder(array_);
  recorder.start();
  recorder.drain(Target{inlet.get()});
  std::string got = take();
  ASSERT_NE(got.size() % 4096, 0U);
  Kept kept;
  recorder.drain(kept);
  EXPECT_EQ(kept.pages[0].size(), (3 * 4096 - got.size()) / 4096 * 4096);
  EXPECT_EQ(kept.pages[1], two_);
  EXPECT_EQ(recorder.stop(Target{inlet.get()}).bytes(), 4U * 4096);
  got += take();
  EXPECT_EQ(got + kept.pages[0], one_ + two_ + one_);
}

TEST_F(RecorderTest, WaitsForAFileThatTakesNoMoreForNow) {
  const Narrow file;
  files_->steps[0] = {one_ + one_ + two_, std::monostate{}, two_};
  Recorder recorder(array_);
  recorder.start();
  std::string got;
  EXPECT_EQ(recorder.drain(file.target()), 3U * 4096);
  EXPECT_EQ(recorder.drain(file.target()), 0U);
  pollfd again{recorder.native_handle(), POLLIN, 0};
  EXPECT_EQ(::poll(&again, 1, 1000), 1);
  for (int i = 0; i < 3; ++i) {
    got += file.take();
    recorder.drain(file.target());
  }
  got += file.take();
  EXPECT_EQ(recorder.stop(file.target()).bytes(), 4U * 4096);
  got += file.take();
  EXPECT_EQ(got, one_ + one_ + two_ + two_);
}

TEST_F(RecorderTest, SplicesNothingBehindWhatAFileDoesNotTakeForNow) {
  const Narrow file;
  files_->splices = true;
  files_->steps[0] = {two_};
  Kept kept;
  Recorder recorder(array_);
  recorder.start();
  recorder.drain(kept);  // from now on a page is begun: it is read, not spliced
  files_->steps[0] = {one_ + two_, one_ + one_};
  std::string got;
  recorder.drain(file.target());
  for (int i = 0; i < 3; ++i) {
    got += file.take();
    recorder.drain(file.target());
  }
  got += file.take();
  EXPECT_EQ(recorder.stop(file.target()).bytes(), 5U * 4096);
  EXPECT_EQ(got, one_ + two_ + one_ + one_);
}

TEST_F(RecorderTest, WhatTheSinkThrowsPassesThrough) {
  files_->steps[0] = {one_, std::monostate{}, two_};
  Recorder recorder(array_);
  recorder.start();
  EXPECT_THROW(recorder.drain([](const RawPages& /*pages*/) { throw std::runtime_error("enough"); }),
               std::runtime_error);
  Kept kept;
  EXPECT_EQ(recorder.stop(kept).bytes(), 2U * 4096);
  EXPECT_EQ(kept.pages[0], two_);
}

TEST_F(RecorderTest, APageThatIsNotGoneOnWithIsGivenAsItIs) {
  files_->steps[0] = {one_ + two_.substr(0, 17)};
  Kept kept;
  Recorder recorder(array_);
  recorder.start();
  EXPECT_EQ(recorder.stop(kept).bytes(), 4096U + 17);
  EXPECT_EQ(kept.pages[0], one_ + two_.substr(0, 17));
  PageDecoder decoder;
  struct Ignore {
    void on(const RawRecord& /*record*/) {}
  } ignore;
  decoder.feed(0, std::as_bytes(std::span(kept.pages[0])), ignore);
  EXPECT_EQ(decoder.stats().skipped(SkipReason::cut_page), 1U);
}

TEST_F(RecorderTest, CountsWhatTheKernelCountedSinceTheStart) {
  const auto stats = [&](unsigned overrun, unsigned nested, unsigned dropped, unsigned read) {
    tree_.put("per_cpu/cpu1/stats",
              "entries: 0\noverrun: " + std::to_string(overrun) + "\ncommit overrun: " + std::to_string(nested) +
                  "\ndropped events: " + std::to_string(dropped) + "\nread events: " + std::to_string(read) + '\n');
  };
  stats(10, 1, 5, 100);
  Kept kept;
  Recorder recorder(array_);
  recorder.start();
  stats(12, 2, 8, 104);
  const Recording recording = recorder.stop(kept);
  const RecordedCpu& cpu = recording.cpus.at(1);
  EXPECT_EQ(cpu, (RecordedCpu{1, 0, 4, 2, 1, 3}));
  EXPECT_EQ(cpu.lost(), 6U);
  EXPECT_EQ(recording.lost(), 6U);
  EXPECT_EQ(recording.events(), 4U);
  ASSERT_EQ(kept.losses.size(), 1U);
  EXPECT_EQ(kept.losses[0].cpu, 1U);
  EXPECT_EQ(kept.losses[0].events, 4U);
  stats(3, 0, 0, 2);
  EXPECT_EQ(recorder.counts().cpus.at(1), (RecordedCpu{1, 0, 2, 3, 0, 0}));
  tree_.put("per_cpu/cpu1/stats", "entries: 7\nread events: 2\n");
  EXPECT_EQ(recorder.counts().entries(), 7U);
}

TEST_F(RecorderTest, PutsSettingsBack) {
  tree_.put("options/overwrite", "1\n");
  tree_.put("tracing_on", "1\n");
  {
    Recorder recorder(array_, {.overwrite = false, .buffer_size_kb = 4096, .buffer_percent = 25});
    EXPECT_EQ(tree_.get("options/overwrite"), "0\n");
    EXPECT_EQ(tree_.get("buffer_size_kb"), "4096\n");
    EXPECT_EQ(tree_.get("buffer_percent"), "25\n");
  }
  EXPECT_EQ(tree_.get("options/overwrite"), "1\n");
  EXPECT_EQ(tree_.get("buffer_size_kb"), "1408\n");
  EXPECT_EQ(tree_.get("buffer_percent"), "50\n");
  EXPECT_EQ(tree_.get("tracing_on"), "1\n");
  files_->refused[1] = ENODEV;
  EXPECT_THROW(Recorder(array_, {.overwrite = false}), Error);
  EXPECT_EQ(tree_.get("options/overwrite"), "1\n");
}

TEST_F(RecorderTest, PutsTheSizesOfEachCpuBack) {
  tree_.put("buffer_size_kb", "X\n");
  tree_.put("per_cpu/cpu1/buffer_size_kb", "64\n");
  {
    const Recorder recorder(array_, {.buffer_size_kb = 4096});
    EXPECT_EQ(tree_.get("buffer_size_kb"), "4096\n");
    tree_.put("per_cpu/cpu0/buffer_size_kb", "4096\n");
    tree_.put("per_cpu/cpu1/buffer_size_kb", "4096\n");
  }
  EXPECT_EQ(tree_.get("per_cpu/cpu0/buffer_size_kb"), "1408\n");
  EXPECT_EQ(tree_.get("per_cpu/cpu1/buffer_size_kb"), "64\n");
}

TEST_F(RecorderTest, RefusesWhatCannotBe) {
  EXPECT_THROW(Recorder(array_, {.tick = 0ms}), Error);
  EXPECT_THROW(Recorder(array_, {.buffer_percent = 101}), Error);
  EXPECT_THROW(Recorder(array_, {.subbuf_size_kb = 16}), UnsupportedError);
  EXPECT_THROW(Recorder(array_, {.cpus = CpuSet{0, 7}}), Error);
  tree_.put("events/header_page", "nonsense\n");
  EXPECT_THROW(Recorder{array_}, Error);
}

TEST_F(RecorderTest, RunsUntilSomethingEndsIt) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd outlet(ends[0]);
  UniqueFd inlet(ends[1]);
  files_->steps[0] = {one_};
  Kept kept;
  Recorder recorder(array_, {.tick = 1ms});
  recorder.start();
  int asked = 0;
  EXPECT_EQ(recorder.run(kept, {.until = outlet.get(), .when = [&] { return ++asked == 3; }}), RecorderEnd::condition);
  EXPECT_EQ(kept.pages[0], one_);
  EXPECT_EQ(recorder.wait({.when = [] { return true; }}), RecorderEnd::condition);
  inlet.reset();
  EXPECT_EQ(recorder.run(kept, {.until = outlet.get()}), RecorderEnd::until);
  EXPECT_EQ(recorder.wait({.stop = outlet.get()}), RecorderEnd::stop);
  EXPECT_THROW(recorder.wait({.stop = 12345}), Error);
  tree_.put("tracing_on", "0\n");
  EXPECT_EQ(recorder.run(kept), RecorderEnd::tracing_off);
  EXPECT_EQ(recorder.wait(), RecorderEnd::tracing_off);
}

TEST_F(RecorderTest, DumpsAndGoesOn) {
  Kept kept;
  Recorder recorder(array_);
  recorder.start();
  files_->steps[0] = {one_};
  EXPECT_EQ(recorder.dump(kept).bytes(), 4096U);
  EXPECT_EQ(tree_.get("tracing_on"), "1\n");
  files_->steps[1] = {two_};
  EXPECT_EQ(recorder.stop(kept).bytes(), 2U * 4096);
  EXPECT_THAT(kept.pages, ElementsAre(std::pair(0U, one_), std::pair(1U, two_)));
  Recorder moved = std::move(recorder);
  EXPECT_EQ(moved.counts().bytes(), 2U * 4096);
}

TEST_F(RecorderTest, GoesOnAfterADumpThatFailed) {
  files_->steps[0] = {one_};
  Recorder recorder(array_);
  recorder.start();
  EXPECT_THROW(recorder.dump([](const RawPages& /*pages*/) { throw std::runtime_error("enough"); }),
               std::runtime_error);
  EXPECT_EQ(tree_.get("tracing_on"), "1\n");
}

TEST_F(RecorderTest, FormatsAreReadAsTexts) {
  tree_.put("events/sched/sched_switch/format", "name: sched_switch\nID: 7\nformat:\n");
  tree_.put("events/sched/enable", "0\n");
  tree_.put("events/ftrace/function/format", "name: function\nID: 1\nformat:\n");
  tree_.put("events/ftrace/gone/id", "2\n");
  std::map<std::string, std::string> texts;
  for (const FormatText& format : read_format_texts(array_)) {
    if (format.text.starts_with("name: sched_switch\nID: 7\n") || format.text.starts_with("name: function\nID: 1\n"))
      texts[format.system] += format.text;
  }
  EXPECT_THAT(texts, ElementsAre(std::pair("ftrace", "name: function\nID: 1\nformat:\n"),
                                 std::pair("sched", "name: sched_switch\nID: 7\nformat:\n")));
}

TEST_F(RecorderTest, AHistoryKeepsTheLastPagesOfEachCpu) {
  PageHistory history(PageLayout{}, 2 * 4096 + 100);
  std::string pages;
  for (const unsigned time : {1U, 2U, 3U, 4U, 5U})
    pages += raw_page(time, 7, 1, true);
  const auto feed = [&](unsigned cpu, std::size_t from, std::size_t count) {
    history.on({cpu, std::as_bytes(std::span(pages)).subspan(from * 4096, count * 4096)});
  };
  const auto kept = [&] {
    Kept given;
    history.give(given);
    return given.pages;
  };
  feed(1, 0, 1);
  EXPECT_THAT(kept(), ElementsAre(std::pair(1U, pages.substr(0, 4096))));
  feed(1, 1, 1);
  feed(0, 4, 1);
  EXPECT_THAT(kept(), ElementsAre(std::pair(0U, pages.substr(4 * 4096)), std::pair(1U, pages.substr(0, 2 * 4096))));
  EXPECT_EQ(history.forgotten_bytes(), 0U);
  feed(1, 2, 1);
  EXPECT_EQ(kept()[1], pages.substr(4096, 2 * 4096));
  feed(1, 3, 2);
  EXPECT_EQ(kept()[1], pages.substr(3 * 4096));
  EXPECT_EQ(history.forgotten_bytes(), 3U * 4096);
  history.clear();
  EXPECT_THAT(kept(), IsEmpty());
}

}  // namespace
}  // namespace fathom
