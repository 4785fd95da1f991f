// What a PerfBuffer's program writes, and what it reads and calls lost: the sum is exact, also where nothing more
// comes.

#include "bpf_program.hpp"
#include "bpf_support.hpp"
#include "older_perf.hpp"

#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/perf_buffer.hpp>
#include <fathom/bpf/tracepoint.hpp>

#include <gtest/gtest.h>

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <fathom-bpf/readers.bpf.hpp>

namespace {

using fathom::BpfObject;
using fathom::LoadedBpf;
using Samples = fathom::PerfBuffer<readers::event>;

class PerfLosses : public fathom::live::BpfTest {
 protected:
  static LoadedBpf load() {
    BpfObject object = BpfObject::open(readers::object);
    object.variable("target_pid").set<std::int32_t>(::getpid());
    return object.load();
  }
  // A page holds no more than a hundred of them.
  static Samples small_buffer(const LoadedBpf& bpf) {
    return bpf.perf_buffer<readers::event>(readers::samples, {.pages = 1});
  }
  static std::size_t read_all(Samples& samples) {
    return samples.consume([](unsigned, const readers::event&) {});
  }
  static void write(unsigned count) {
    for (unsigned i = 0; i < count; ++i)
      ::syscall(SYS_getppid);
  }
};

TEST_F(PerfLosses, ReadAndLostAreAllThatWasWritten) {
  const LoadedBpf bpf = load();
  Samples samples = small_buffer(bpf);
  const auto link = bpf.program<fathom::Tracepoint>("on_getppid").attach();
  const fathom::live::PinnedTo pinned(samples.cpus().cpus().back());
  constexpr unsigned kWritten = 500;
  write(kWritten);
  EXPECT_GT(samples.lost(), 300U);  // before anything is read
  const std::size_t read = read_all(samples);
  EXPECT_GT(read, 50U);
  EXPECT_EQ(read + samples.lost(), kWritten);
  EXPECT_EQ(samples.lost(samples.cpus().cpus().back()), samples.lost());
  // The kernel's note of the same loss comes with the next record, and is no other one.
  write(1);
  EXPECT_EQ(read_all(samples), 1U);
  EXPECT_EQ(read + 1 + samples.lost(), kWritten + 1);
  EXPECT_EQ(samples.stats().lost_events, samples.lost());
}

TEST_F(PerfLosses, ABatchTellsEachOnce) {
  const LoadedBpf bpf = load();
  Samples samples = small_buffer(bpf);
  const auto link = bpf.program<fathom::Tracepoint>("on_getppid").attach();
  const fathom::live::PinnedTo pinned(samples.cpus().cpus().back());
  std::uint64_t sum = 0;
  for (const unsigned written : {500U, 1U, 700U, 0U}) {
    write(written);
    (void)samples.lost();  // asking takes nothing away
    const fathom::PerfBatch<readers::event> batch = samples.drain();
    EXPECT_EQ(batch.records.size() + batch.lost, written);
    sum += batch.lost;
  }
  EXPECT_EQ(sum, samples.lost());
  EXPECT_TRUE(samples.drain().empty());
}

// Of losses that consume() has met the next batch still tells.
TEST_F(PerfLosses, ABatchTellsWhatConsumeDoesNot) {
  const LoadedBpf bpf = load();
  Samples samples = small_buffer(bpf);
  const auto link = bpf.program<fathom::Tracepoint>("on_getppid").attach();
  const fathom::live::PinnedTo pinned(samples.cpus().cpus().back());
  write(500);
  const std::size_t read = read_all(samples);
  const fathom::PerfBatch<readers::event> batch = samples.drain();
  EXPECT_TRUE(batch.records.empty());
  EXPECT_EQ(read + batch.lost, 500U);
}

TEST_F(PerfLosses, BeforeLinux60TheyAreToldWithTheNextRecord) {
  const LoadedBpf bpf = load();
  const fathom::live::OlderPerf older;
  Samples samples = small_buffer(bpf);
  EXPECT_GT(older.refused(), 0U);
  const auto link = bpf.program<fathom::Tracepoint>("on_getppid").attach();
  const fathom::live::PinnedTo pinned(samples.cpus().cpus().back());
  write(500);
  std::size_t read = read_all(samples);
  EXPECT_EQ(samples.lost(), 0U);
  write(1);
  read += read_all(samples);
  EXPECT_EQ(read + samples.lost(), 501U);
}

}  // namespace
