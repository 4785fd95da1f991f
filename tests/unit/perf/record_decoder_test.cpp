#include "record_bytes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linux/perf_event.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <perf/record_decoder.hpp>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace fathom::perf {
namespace {

using ::testing::ElementsAre;
using Words = std::vector<std::uint64_t>;

// A record of words, with the size that it has unless another is given.
Words record_of(std::uint32_t type, const Words& body, std::uint16_t misc = 0) {
  Words words{0};
  words.insert(words.end(), body.begin(), body.end());
  const perf_event_header header{
      .type = type, .misc = misc, .size = static_cast<__u16>(words.size() * sizeof(std::uint64_t))};
  std::memcpy(words.data(), &header, sizeof header);
  return words;
}

std::uint64_t pair(std::uint32_t first, std::uint32_t second) {
  std::uint64_t both = 0;
  std::memcpy(&both, &first, sizeof first);
  std::memcpy(reinterpret_cast<std::byte*>(&both) + sizeof first, &second, sizeof second);
  return both;
}

void add_text(Words& words, std::string_view text) {
  Words padded(text.size() / sizeof(std::uint64_t) + 1);
  std::memcpy(padded.data(), text.data(), text.size());
  words.insert(words.end(), padded.begin(), padded.end());
}

template <class Record>
std::optional<Record> decode(const RecordLayout& layout, const Words& words) {
  std::vector<PerfEventRecord> told;
  LostRecords lost;
  if (decode_record(layout, words, told, lost) != Decoded::record || told.size() != 1 ||
      !std::holds_alternative<Record>(told.front()))
    return std::nullopt;
  return std::get<Record>(told.front());
}

bool refused(const RecordLayout& layout, const Words& words) {
  std::vector<PerfEventRecord> told;
  LostRecords lost;
  return decode_record(layout, words, told, lost) == Decoded::nothing && told.empty() && lost.ring_full == 0 &&
         lost.hardware == 0;
}

constexpr RecordLayout kUsual{.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU, .read_format = 0};

// --- Samples ---------------------------------------------------------------------------------------------------------

TEST(RecordDecoder, EachFieldOfASampleIsFoundAlone) {
  struct Case {
    std::uint64_t type;
    Words body;
    std::uint64_t (*read)(const PerfSample&);
    std::uint64_t expected;
  };
  const std::vector<Case> cases = {
      {PERF_SAMPLE_IDENTIFIER, {7}, [](const PerfSample& s) { return s.id.value(); }, 7},
      {PERF_SAMPLE_IP, {0xffff1234}, [](const PerfSample& s) { return s.ip.value(); }, 0xffff1234},
      {PERF_SAMPLE_TID,
       {pair(3, 4)},
       [](const PerfSample& s) { return std::uint64_t(s.pid.value() * 10 + s.tid.value()); },
       34},
      {PERF_SAMPLE_TIME, {99}, [](const PerfSample& s) { return s.time.value().nanoseconds; }, 99},
      {PERF_SAMPLE_ADDR, {5}, [](const PerfSample& s) { return s.address.value(); }, 5},
      {PERF_SAMPLE_ID, {6}, [](const PerfSample& s) { return s.id.value(); }, 6},
      {PERF_SAMPLE_CPU, {pair(2, 0)}, [](const PerfSample& s) { return std::uint64_t{s.cpu.value()}; }, 2},
      {PERF_SAMPLE_PERIOD, {1000}, [](const PerfSample& s) { return s.period.value(); }, 1000},
      {PERF_SAMPLE_CALLCHAIN,
       {2, 8, 9},
       [](const PerfSample& s) { return std::uint64_t{s.callchain.words().size()}; },
       2},
      {PERF_SAMPLE_RAW, {pair(4, 0x41424344)}, [](const PerfSample& s) { return std::uint64_t{s.raw.size()}; }, 4},
  };
  for (const Case& tried : cases) {
    const RecordLayout layout{.sample_type = tried.type, .read_format = 0};
    const Words words = record_of(PERF_RECORD_SAMPLE, tried.body);
    const auto sample = decode<PerfSample>(layout, words);
    ASSERT_TRUE(sample) << tried.type;
    EXPECT_EQ(tried.read(*sample), tried.expected) << tried.type;
    const int present = int{sample->id.has_value()} + int{sample->ip.has_value()} + int{sample->tid.has_value()} +
                        int{sample->time.has_value()} + int{sample->address.has_value()} +
                        int{sample->cpu.has_value()} + int{sample->period.has_value()} +
                        int{!sample->callchain.empty()} + int{!sample->raw.empty()};
    EXPECT_EQ(present, 1) << "what was not asked for is absent: " << tried.type;
    Words longer = tried.body;
    longer.push_back(0);
    EXPECT_TRUE(refused(layout, record_of(PERF_RECORD_SAMPLE, longer))) << tried.type;
    Words shorter = tried.body;
    shorter.pop_back();
    EXPECT_TRUE(refused(layout, record_of(PERF_RECORD_SAMPLE, shorter))) << tried.type;
  }
}

TEST(RecordDecoder, AllFieldsTogetherStandInTheKernelsOrder) {
  const RecordLayout layout{.sample_type = kKnownSampleType & ~std::uint64_t{PERF_SAMPLE_IDENTIFIER},
                            .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING |
                                           PERF_FORMAT_GROUP | PERF_FORMAT_LOST};
  const Words body = {0x401000,      // ip
                      pair(10, 11),  // tid
                      12345,         // time
                      0x7000,        // addr
                      77,            // id
                      78,            // stream id
                      pair(3, 0),    // cpu
                      500,           // period
                      2,
                      1000,
                      900,
                      42,
                      0,
                      43,
                      1,  // read: two events, each with its losses
                      5,
                      static_cast<std::uint64_t>(PERF_CONTEXT_KERNEL),
                      0xffffffff81000000,
                      0xffffffff81000010,
                      static_cast<std::uint64_t>(PERF_CONTEXT_USER),
                      0x401000,  // callchain
                      pair(12, 0x64636261),
                      0x6c6b6a6968676665};  // raw
  const Words words = record_of(PERF_RECORD_SAMPLE, body, PERF_RECORD_MISC_USER | (1U << 14U));
  const auto sample = decode<PerfSample>(layout, words);
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->context, PerfContext::user);
  EXPECT_TRUE(sample->exact_ip);
  EXPECT_EQ(sample->ip, 0x401000U);
  EXPECT_EQ(sample->pid, 10);
  EXPECT_EQ(sample->tid, 11);
  EXPECT_EQ(sample->time, Timestamp{12345});
  EXPECT_EQ(sample->address, 0x7000U);
  EXPECT_EQ(sample->id, 77U);
  EXPECT_EQ(sample->cpu, 3U);
  EXPECT_EQ(sample->period, 500U);
  ASSERT_EQ(sample->counts.size(), 2U);
  EXPECT_EQ(sample->counts[0], 42U);
  EXPECT_EQ(sample->counts[1], 43U);
  EXPECT_EQ(sample->counts.enabled(), Duration(1000));
  EXPECT_EQ(sample->counts.running(), Duration(900));
  EXPECT_THAT(sample->callchain.kernel(), ElementsAre(0xffffffff81000000, 0xffffffff81000010));
  EXPECT_THAT(sample->callchain.user(), ElementsAre(0x401000));
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(sample->raw.data()), sample->raw.size()), "abcdefghijkl");
}

TEST(RecordDecoder, OneEventIsReadWithoutAGroup) {
  const RecordLayout layout{.sample_type = PERF_SAMPLE_READ,
                            .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_ID};
  const Words words = record_of(PERF_RECORD_SAMPLE, {9, 100, 5});
  const auto sample = decode<PerfSample>(layout, words);
  ASSERT_TRUE(sample);
  ASSERT_EQ(sample->counts.size(), 1U);
  EXPECT_EQ(sample->counts[0], 9U);
  EXPECT_EQ(sample->counts.enabled(), Duration(100));
}

TEST(RecordDecoder, NumbersThatAreTooLargeAreRefused) {
  const std::uint64_t most = ~std::uint64_t{0};
  EXPECT_TRUE(refused({.sample_type = PERF_SAMPLE_CALLCHAIN}, record_of(PERF_RECORD_SAMPLE, {most, 1, 2})));
  EXPECT_TRUE(refused({.sample_type = PERF_SAMPLE_RAW}, record_of(PERF_RECORD_SAMPLE, {most, 1})));
  const std::uint64_t group = PERF_FORMAT_GROUP | PERF_FORMAT_LOST;
  for (const std::uint64_t number : {most, most / 2 + 1, std::uint64_t{2}})
    EXPECT_TRUE(refused({.sample_type = PERF_SAMPLE_READ, .read_format = group},
                        record_of(PERF_RECORD_SAMPLE, {number, 1, 2})));
}

// --- Other records ---------------------------------------------------------------------------------------------------

// What ends a record with kUsual.
const Words kTrailer = {pair(1, 2), 1000, pair(3, 0)};

Words with_trailer(Words body) {
  body.insert(body.end(), kTrailer.begin(), kTrailer.end());
  return body;
}

void expect_origin(const PerfOrigin& origin, int pid, int tid) {
  EXPECT_EQ(origin.pid, pid);
  EXPECT_EQ(origin.tid, tid);
  EXPECT_EQ(origin.time, Timestamp{1000});
  EXPECT_EQ(origin.cpu, 3U);
}

TEST(RecordDecoder, AMappingHasItsFile) {
  Words body = {pair(20, 21), 0x400000, 0x1000, 0x2000, pair(8, 1), 4711, 3, pair(5, 2)};
  add_text(body, "/usr/bin/ls");
  const auto words = record_of(PERF_RECORD_MMAP2, with_trailer(body));
  const auto record = decode<PerfMmap>(kUsual, words);
  ASSERT_TRUE(record);
  expect_origin(*record, 20, 21);
  EXPECT_EQ(record->address, 0x400000U);
  EXPECT_EQ(record->length, 0x1000U);
  EXPECT_EQ(record->offset, 0x2000U);
  EXPECT_EQ(record->device_major, 8U);
  EXPECT_EQ(record->device_minor, 1U);
  EXPECT_EQ(record->inode, 4711U);
  EXPECT_EQ(record->generation, 3U);
  EXPECT_EQ(record->prot, 5U);
  EXPECT_EQ(record->flags, 2U);
  EXPECT_TRUE(record->build_id.empty());
  EXPECT_EQ(record->path, "/usr/bin/ls");
}

TEST(RecordDecoder, OrItsBuildId) {
  const auto body_of = [](unsigned size) {
    Words body = {pair(20, 21),       0x400000,           0x1000,    0, pair(size, 0x03020100),
                  0x0b0a090807060504, 0x131211100f0e0d0c, pair(5, 2)};
    add_text(body, "/lib/a.so");
    return record_of(PERF_RECORD_MMAP2, with_trailer(body), 1U << 14U);
  };
  const Words words = body_of(20);
  const auto record = decode<PerfMmap>(kUsual, words);
  ASSERT_TRUE(record);
  ASSERT_EQ(record->build_id.size(), 20U);
  for (std::size_t i = 0; i < 20; ++i)
    EXPECT_EQ(std::to_integer<std::size_t>(record->build_id[i]), i);
  EXPECT_EQ(record->inode, 0U);
  EXPECT_EQ(record->path, "/lib/a.so");
  EXPECT_TRUE(refused(kUsual, body_of(21)));
}

TEST(RecordDecoder, ATextWithoutAnEndIsRefused) {
  EXPECT_TRUE(refused(kUsual, record_of(PERF_RECORD_COMM, with_trailer({pair(1, 2), ~std::uint64_t{0}}))));
  EXPECT_TRUE(refused(kUsual, record_of(PERF_RECORD_COMM, with_trailer({pair(1, 2)}))));
}

TEST(RecordDecoder, AName) {
  Words body = {pair(30, 31)};
  add_text(body, "make");
  const Words words = record_of(PERF_RECORD_COMM, with_trailer(body), 1U << 13U);
  const auto record = decode<PerfComm>(kUsual, words);
  ASSERT_TRUE(record);
  expect_origin(*record, 30, 31);
  EXPECT_EQ(record->comm, "make");
  EXPECT_TRUE(record->exec);
}

TEST(RecordDecoder, ABeginningAndAnEnd) {
  for (const bool exited : {false, true}) {
    const auto record = decode<PerfTask>(
        kUsual, record_of(exited ? PERF_RECORD_EXIT : PERF_RECORD_FORK, with_trailer({pair(40, 41), pair(42, 43), 5})));
    ASSERT_TRUE(record);
    expect_origin(*record, 40, 42);
    EXPECT_EQ(record->parent_pid, 41);
    EXPECT_EQ(record->parent_tid, 43);
    EXPECT_EQ(record->exited, exited);
  }
}

TEST(RecordDecoder, ASwitch) {
  const auto out = decode<PerfSwitch>(kUsual, record_of(PERF_RECORD_SWITCH, kTrailer, 1U << 13U));
  ASSERT_TRUE(out);
  expect_origin(*out, 1, 2);
  EXPECT_TRUE(out->out && !out->preempted && !out->other_tid);
  const auto in =
      decode<PerfSwitch>(kUsual, record_of(PERF_RECORD_SWITCH_CPU_WIDE, with_trailer({pair(50, 51)}), 1U << 14U));
  ASSERT_TRUE(in);
  EXPECT_FALSE(in->out);
  EXPECT_TRUE(in->preempted);
  EXPECT_EQ(in->other_pid, 50);
  EXPECT_EQ(in->other_tid, 51);
}

TEST(RecordDecoder, AThrottle) {
  for (const std::uint32_t type : {PERF_RECORD_THROTTLE, PERF_RECORD_UNTHROTTLE}) {
    const auto record = decode<PerfThrottle>(kUsual, record_of(type, with_trailer({9, 8, 7})));
    ASSERT_TRUE(record);
    expect_origin(*record, 1, 2);
    EXPECT_EQ(record->throttled, type == PERF_RECORD_THROTTLE);
  }
}

TEST(RecordDecoder, Losses) {
  std::vector<PerfEventRecord> told;
  LostRecords lost;
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(decode_record(kUsual, record_of(PERF_RECORD_LOST, with_trailer({7, 99})), told, lost), Decoded::loss);
  EXPECT_EQ(decode_record(kUsual, record_of(PERF_RECORD_LOST_SAMPLES, with_trailer({98})), told, lost), Decoded::loss);
  EXPECT_EQ(lost.ring_full, 2U * 99) << "they are added up";
  EXPECT_EQ(lost.hardware, 98U);
  EXPECT_TRUE(refused(kUsual, record_of(PERF_RECORD_LOST, with_trailer({7}))));
}

TEST(RecordDecoder, WhatIsOfNoKnownTypeOrSizeIsRefused) {
  EXPECT_TRUE(refused(kUsual, {}));
  EXPECT_TRUE(refused(kUsual, record_of(1000, kTrailer)));
  EXPECT_TRUE(refused(kUsual, record_of(PERF_RECORD_SWITCH, {1, 2})));
  Words wrong = record_of(PERF_RECORD_SWITCH, kTrailer);
  wrong.push_back(0);
  EXPECT_TRUE(refused(kUsual, wrong)) << "longer than its header says";
}

// --- Call chains -----------------------------------------------------------------------------------------------------

TEST(PerfCallchain, IsSplitAtItsMarkers) {
  const auto marker = [](auto context) { return static_cast<std::uint64_t>(context); };
  const Words words = {1,
                       marker(PERF_CONTEXT_HV),
                       2,
                       marker(PERF_CONTEXT_KERNEL),
                       3,
                       4,
                       marker(PERF_CONTEXT_USER),
                       5,
                       marker(PERF_CONTEXT_GUEST_KERNEL),
                       marker(PERF_CONTEXT_GUEST_USER),
                       6,
                       marker(PERF_CONTEXT_GUEST),
                       7,
                       ~std::uint64_t{0},
                       8};
  const PerfCallchain chain(words);
  std::vector<std::pair<PerfContext, Words>> parts;
  for (const PerfFrames& frames : chain)
    parts.emplace_back(frames.context, Words(frames.addresses.begin(), frames.addresses.end()));
  EXPECT_THAT(parts,
              ElementsAre(std::pair(PerfContext::unknown, Words{1}), std::pair(PerfContext::hypervisor, Words{2}),
                          std::pair(PerfContext::kernel, Words{3, 4}), std::pair(PerfContext::user, Words{5}),
                          std::pair(PerfContext::guest_kernel, Words{}), std::pair(PerfContext::guest_user, Words{6}),
                          std::pair(PerfContext::guest, Words{7}), std::pair(PerfContext::unknown, Words{8})));
  EXPECT_THAT(chain.kernel(), ElementsAre(3, 4));
  EXPECT_THAT(chain.user(), ElementsAre(5));
  EXPECT_EQ(PerfCallchain().begin(), PerfCallchain().end());
  EXPECT_TRUE(PerfCallchain().kernel().empty());
}

}  // namespace
}  // namespace fathom::perf
