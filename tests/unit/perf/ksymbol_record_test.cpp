#include "record_bytes.hpp"

#include <gtest/gtest.h>

#include <perf/ksymbol_record.hpp>
#include <string>
#include <variant>

namespace fathom::perf {
namespace {

TEST(KsymbolRecord, GivesAllFields) {
  const auto parsed =
      parse_ksymbol_record(ksymbol_record(0xffffffffa0012345, "bpf_prog_5c8e6d8f4f1b1d3a_on_open", 1, 0, 123456789, 3));
  const auto* event = std::get_if<KsymbolEvent>(&parsed);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(*event, (KsymbolEvent{.address = 0xffffffffa0012345,
                                  .length = 64,
                                  .name = "bpf_prog_5c8e6d8f4f1b1d3a_on_open",
                                  .type = KsymbolType::bpf,
                                  .unregistered = false,
                                  .flags = 0,
                                  .time = {123456789},
                                  .cpu = 3}));
}

TEST(KsymbolRecord, FlagsTellTheEndAndAreKept) {
  const auto parsed = parse_ksymbol_record(ksymbol_record(1, "ftrace_trampoline", 2, 0x8001, 1, 0));
  const auto& event = std::get<KsymbolEvent>(parsed);
  EXPECT_TRUE(event.unregistered);
  EXPECT_EQ(event.flags, 0x8001);
  EXPECT_EQ(event.type, KsymbolType::out_of_line);
}

TEST(KsymbolRecord, NamesOfEveryLengthThatTheKernelHas) {
  for (std::size_t length = 1; length < 512; ++length) {
    const std::string name(length, 'x');
    const auto parsed = parse_ksymbol_record(ksymbol_record(1, name, 1, 0, 5, 1));
    ASSERT_TRUE(std::holds_alternative<KsymbolEvent>(parsed)) << length;
    EXPECT_EQ(std::get<KsymbolEvent>(parsed).name, name);
    EXPECT_EQ(std::get<KsymbolEvent>(parsed).time.nanoseconds, 5U);
  }
}

TEST(KsymbolRecord, LossIsANumber) {
  EXPECT_EQ(std::get<LostRecord>(parse_ksymbol_record(lost_record(42))).lost, 42U);
}

TEST(KsymbolRecord, WhatMakesNoSenseIsNothing) {
  const Bytes whole = ksymbol_record(1, "name", 1, 0, 5, 1);
  // Cut anywhere, with the size in its header right or wrong.
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(parse_ksymbol_record(cut).index(), 0U) << size;
  }
  EXPECT_EQ(parse_ksymbol_record(ksymbol_record(1, "", 1, 0, 5, 1)).index(), 0U) << "no name";
  EXPECT_EQ(parse_ksymbol_record(record(PERF_RECORD_MMAP, Bytes(64))).index(), 0U) << "another type";
  EXPECT_EQ(parse_ksymbol_record(record(PERF_RECORD_LOST, Bytes(24))).index(), 0U) << "a short loss";
  EXPECT_EQ(parse_ksymbol_record(record(PERF_RECORD_KSYMBOL, Bytes(64, std::byte{'x'}))).index(), 0U)
      << "a name without an end";
}

}  // namespace
}  // namespace fathom::perf
