#pragma once

#include <fathom/rawtrace/page_decoder.hpp>
#include <fathom/tracefs/page_files.hpp>
#include <fathom/tracefs/raw_formats.hpp>
#include <fathom/tracefs/recorder.hpp>
#include <fathom/tracefs/trace_event.hpp>
#include <fathom/tracefs/trace_fs.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace fathom::live {

/// Decodes pages as they come, and keeps, of each CPU, how many events of each kind there were, and a sum over all
/// that they said.
class Tally {
 public:
  struct Cpu {
    std::uint64_t events = 0;
    std::uint64_t losses = 0;
    std::uint64_t lost = 0;       // as the pages tell
    std::uint64_t uncounted = 0;  // marks without a number, for which the page had no room
    std::uint64_t unmarked = 0;   // as the recorder tells
    std::uint64_t last_time = 0;
    std::uint64_t backwards = 0;
    std::uint64_t text_sum = 0;  // of what the events said, without their times
  };

  explicit Tally(const FormatRegistry& formats) : decoder_(formats) {}

  void on(const RawPages& pages) {
    bytes += pages.bytes.size();
    decoder_.feed(pages.cpu, pages.bytes, records_);
  }
  void on(const Loss& loss) { cpus[*loss.cpu].unmarked += *loss.events; }

  [[nodiscard]] const ParseStats& stats() const { return decoder_.stats(); }

  std::map<unsigned, Cpu> cpus;
  std::uint64_t bytes = 0;

 private:
  struct Records {
    Tally* tally;
    void on(const RawRecord& record) const {
      Cpu& cpu = tally->cpus[record.cpu];
      ++cpu.events;
      cpu.backwards += record.time < cpu.last_time ? 1 : 0;
      cpu.last_time = record.time;
      // Without flags and preempt counts, which may change from one buffer to the next: they are before offset 16.
      const auto fields = record.bytes().subspan(std::min<std::size_t>(record.size, 16));
      for (const std::byte byte : fields)
        cpu.text_sum = cpu.text_sum * 31 + std::to_integer<std::uint64_t>(byte);
    }
    void on(const Loss& loss) const {
      Cpu& cpu = tally->cpus[*loss.cpu];
      ++cpu.losses;
      cpu.lost += loss.events.value_or(0);
      cpu.uncounted += loss.events ? 0U : 1U;
    }
  };

  PageDecoder decoder_;
  Records records_{this};
};

/// What the files of a recording hold.
inline Tally tally_files(const PageFiles& files, const FormatRegistry& formats) {
  Tally tally(formats);
  for (const unsigned cpu : files.cpus()) {
    std::ifstream in(files.path(cpu), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    tally.on(RawPages{cpu, std::as_bytes(std::span(bytes))});
  }
  return tally;
}

/// A directory that goes with the object.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string pattern = testing::TempDir() + "fathom-recorder-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~ScratchDirectory() { std::filesystem::remove_all(path_); }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  [[nodiscard]] std::string prefix() const { return (path_ / "pages.cpu").string(); }

 private:
  std::filesystem::path path_;
};

/// Threads that make system calls while the object lives.
class SystemCalls {
 public:
  explicit SystemCalls(unsigned threads) {
    for (unsigned i = 0; i < threads; ++i)
      threads_.emplace_back([this] {
        while (!stop_.load(std::memory_order_relaxed))
          (void)::getppid();
      });
  }
  ~SystemCalls() {
    stop_ = true;
    for (std::thread& thread : threads_)
      thread.join();
  }
  SystemCalls(const SystemCalls&) = delete;
  SystemCalls& operator=(const SystemCalls&) = delete;

 private:
  std::atomic<bool> stop_ = false;
  std::vector<std::thread> threads_;
};

/// Calls getppid() so many times.
inline void call(unsigned times) {
  for (unsigned i = 0; i < times; ++i)
    (void)::getppid();
}

/// What holds of every recording whose pages were decoded.
inline void expect_exact(const Recording& recording, const Tally& tally, bool overwrite) {
  EXPECT_EQ(tally.stats().skipped_records(), 0U);
  EXPECT_EQ(recording.bytes(), tally.bytes);
  for (const RecordedCpu& cpu : recording.cpus) {
    const auto found = tally.cpus.find(cpu.cpu);
    const Tally::Cpu decoded = found == tally.cpus.end() ? Tally::Cpu{} : found->second;
    SCOPED_TRACE("CPU " + std::to_string(cpu.cpu));
    EXPECT_EQ(decoded.events, cpu.read_events);
    EXPECT_EQ(decoded.backwards, 0U);
    if (overwrite) {
      if (decoded.uncounted == 0)
        EXPECT_EQ(decoded.lost, cpu.overrun);
      else
        EXPECT_GE(cpu.overrun, decoded.lost + decoded.uncounted);
      EXPECT_EQ(cpu.dropped_events, 0U);
    } else {
      EXPECT_EQ(decoded.losses, 0U);
      EXPECT_EQ(cpu.overrun, 0U);
    }
  }
}

}  // namespace fathom::live
