#include "record_bytes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <perf/perf_ring.hpp>

namespace fathom::perf {
namespace {

// A ring in our own memory, with a writer as the kernel is one.
class FakeRing {
 public:
  explicit FakeRing(std::size_t size, PerfRing::Position start = 0) : head(start), tail(start), data(size) {}

  void write(const Bytes& bytes) {
    for (const std::byte byte : bytes)
      data[head++ & (data.size() - 1)] = byte;
  }
  [[nodiscard]] std::size_t room() const { return data.size() - (head - tail); }

  PerfRing::Position head;
  PerfRing::Position tail;
  Bytes data;
};

void expect_sums(const ParseStats& stats) {
  EXPECT_EQ(stats.bytes, stats.parsed_bytes + stats.skipped_bytes);
  EXPECT_EQ(stats.records, stats.parsed_records + stats.skipped_records());
  EXPECT_EQ(stats.first_bad.has_value(), stats.skipped_records() != 0);
}

Bytes numbered(std::uint32_t number, std::size_t body) {
  return record(number, Bytes(body, static_cast<std::byte>(number)));
}

// A few sizes, so that the end of the ring falls everywhere into a record.
std::size_t body_size(std::uint32_t number) {
  return std::size_t{8} * (1 + number % 90);
}

TEST(PerfRing, RecordsComeWholeHoweverTheyWrap) {
  for (const PerfRing::Position start : {PerfRing::Position{0}, ~PerfRing::Position{0} - 4095}) {
    FakeRing fake(4096, start);
    PerfRing ring(fake.head, fake.tail, fake.data);
    ParseStats stats;
    std::uint32_t written = 0;
    std::uint32_t seen = 0;
    PerfRing::Position bytes = 0;
    for (int round = 0; round < 500; ++round) {
      for (;;) {
        const Bytes next = numbered(written, body_size(written));
        if (next.size() > fake.room())
          break;
        fake.write(next);
        bytes += next.size();
        ++written;
      }
      ring.drain(stats, [&](std::span<const std::byte> got) {
        EXPECT_TRUE(std::ranges::equal(got, numbered(seen, body_size(seen)))) << seen;
        ++seen;
        return true;
      });
      ASSERT_EQ(fake.tail, fake.head);
    }
    EXPECT_EQ(seen, written);
    EXPECT_EQ(stats.parsed_records, written);
    EXPECT_EQ(stats.bytes, bytes);
    expect_sums(stats);
  }
}

TEST(PerfRing, AnEmptyRingGivesNothing) {
  FakeRing fake(64);
  ParseStats stats;
  PerfRing(fake.head, fake.tail, fake.data).drain(stats, [](auto) { return ADD_FAILURE(), false; });
  EXPECT_EQ(stats.records, 0U);
}

TEST(PerfRing, WhatIsNotUnderstoodIsCountedAndTheRestIsRead) {
  FakeRing fake(4096);
  for (std::uint32_t n = 0; n < 3; ++n)
    fake.write(numbered(n, 16));
  ParseStats stats;
  PerfRing(fake.head, fake.tail, fake.data).drain(stats, [n = 0](auto) mutable { return ++n != 2; });
  EXPECT_EQ(stats.parsed_records, 2U);
  EXPECT_EQ(stats.skipped(SkipReason::unknown_line), 1U);
  ASSERT_TRUE(stats.first_bad);
  EXPECT_EQ(stats.first_bad->number, 2U);
  EXPECT_EQ(stats.first_bad->offset, 24U);
  expect_sums(stats);
}

TEST(PerfRing, ASizeThatCannotBeEndsTheReadingOfWhatIsThere) {
  struct Case {
    const char* what;
    std::uint16_t size;
  };
  for (const Case& c : {Case{"none", 0}, Case{"less than a header", 7}, Case{"more than there is", 4000}}) {
    FakeRing fake(4096);
    fake.write(numbered(1, 16));
    Bytes bad;
    append(bad, perf_event_header{.type = 17, .misc = 0, .size = c.size});
    append(bad, std::uint64_t{0});
    fake.write(bad);
    PerfRing ring(fake.head, fake.tail, fake.data);
    ParseStats stats;
    int seen = 0;
    ring.drain(stats, [&](auto) { return ++seen, true; });
    EXPECT_EQ(seen, 1) << c.what;
    EXPECT_EQ(fake.tail, fake.head) << c.what;
    EXPECT_EQ(stats.skipped(SkipReason::cut_line), 1U) << c.what;
    EXPECT_EQ(stats.skipped_bytes, 16U) << c.what;
    expect_sums(stats);

    fake.write(numbered(2, 16));  // and what comes after is read again
    ring.drain(stats, [&](auto) { return ++seen, true; });
    EXPECT_EQ(seen, 2) << c.what;
  }
}

TEST(PerfRing, AHeadThatIsTooFarAheadIsNotFollowed) {
  FakeRing fake(4096);
  fake.head = 1U << 20U;
  ParseStats stats;
  PerfRing(fake.head, fake.tail, fake.data).drain(stats, [](auto) { return ADD_FAILURE(), true; });
  EXPECT_EQ(fake.tail, fake.head);
  EXPECT_EQ(stats.skipped_bytes, 4096U);
  expect_sums(stats);
}

TEST(PerfRing, IsTakenOutInOnePieceHoweverItWraps) {
  FakeRing fake(64, ~PerfRing::Position{0} - 19);
  PerfRing ring(fake.head, fake.tail, fake.data);
  for (std::uint32_t number = 1; number < 40; ++number) {
    const Bytes written = numbered(number, std::size_t{8} * (number % 7));
    fake.write(written);
    Bytes copy(ring.bytes_until(ring.head()));
    EXPECT_TRUE(ring.take_until(ring.head(), copy));
    EXPECT_EQ(copy, written);
    EXPECT_EQ(fake.tail, fake.head);
  }
  fake.head += 65;
  Bytes copy(ring.bytes_until(ring.head()));
  EXPECT_EQ(copy.size(), 64U);
  EXPECT_FALSE(ring.take_until(ring.head(), copy)) << "the kernel has written over it";
  EXPECT_EQ(fake.tail, fake.head);
}

}  // namespace
}  // namespace fathom::perf
