#include "run_length_codec.hpp"
#include "small_file.hpp"
#include "unit/rawtrace/raw_captures.hpp"

#include <fathom/rawtrace/event_merger.hpp>
#include <fathom/rawtrace/page_decoder.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <tuple>

namespace fathom::test {
namespace {

using testing::ElementsAre;

struct Case {
  std::uint32_t version;
  bool compressed;
  std::endian byte_order;
  std::uint32_t long_size;
  friend void PrintTo(const Case& c, std::ostream* out) {
    *out << "version " << c.version << (c.compressed ? " compressed" : "")
         << (c.byte_order == std::endian::big ? " big endian" : "") << ' ' << c.long_size;
  }
};

class RoundTrip : public testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] TraceDatWriteOptions how() const {
    return {.version = GetParam().version, .codec = GetParam().compressed ? &codec_ : nullptr};
  }
  RunLengthCodec codec_;
};

TEST_P(RoundTrip, EverythingComesBack) {
  const SmallMachine machine{GetParam().byte_order, GetParam().long_size};
  const std::string text = small_file(machine, how());
  TraceDatReader file(bytes_of(text), {.path = "small.dat", .codec = &codec_});

  EXPECT_EQ(file.version(), GetParam().version);
  EXPECT_EQ(file.byte_order(), machine.byte_order);
  EXPECT_EQ(file.long_size(), machine.long_size);
  EXPECT_EQ(file.page_size(), machine.page_size());
  EXPECT_EQ(file.compression(), GetParam().version == 6 ? "" : GetParam().compressed ? "runs" : "none");
  EXPECT_EQ(file.header_page(), machine.header_page());
  EXPECT_EQ(file.header_event(), "");
  EXPECT_EQ(file.kallsyms(), "ffffffff81000000 T _stext\n");
  EXPECT_EQ(file.printk_formats(), "0xffffffff82000000 : \"%d\\n\"\n");
  EXPECT_EQ(file.cmdlines(), "7 bash\n8 a b\n");
  ASSERT_EQ(file.format_texts().size(), 2U);
  EXPECT_EQ(file.format_texts()[0].system, "ftrace");
  EXPECT_EQ(file.format_texts()[0].text, kFunctionFormat);
  EXPECT_EQ(file.format_texts()[1].system, "sched");
  EXPECT_EQ(file.format_texts()[1].text, kSwitchFormat);
  EXPECT_EQ(file.cpu_count(), 3U);
  EXPECT_EQ(file.trace_clock(), "mono");
  EXPECT_EQ(file.time().offset, -5);
  EXPECT_EQ(file.find(TraceDatOptionId::uname)->text(), "Linux small");
  EXPECT_EQ(file.find(TraceDatOptionId{4711})->text(), "?");
  EXPECT_EQ(file.find(TraceDatOptionId::cpu_stat)->text(), "entries: 0\n");
  EXPECT_EQ(file.find(TraceDatOptionId::guest), nullptr);

  const FormatRegistry formats = file.formats();
  ASSERT_NE(formats.find("sched", "sched_switch"), nullptr);
  EXPECT_EQ(formats.layout(), machine.layout());
  EXPECT_EQ(file.task_names().find(8), "a b");

  ASSERT_EQ(file.buffers().size(), 2U);
  std::vector<std::string> notes;
  for (const TraceDatBuffer& buffer : file.buffers()) {
    EXPECT_EQ(file.layout(buffer), machine.layout());
    EXPECT_EQ(buffer.clock, "mono");
    std::vector<TraceDatBytes> pages;
    EventMerger merger(file.layout(buffer), formats.id_offset());
    for (const TraceDatCpu& cpu : buffer.cpus)
      merger.add(cpu.cpu, pages.emplace_back(file.pages(buffer, cpu)).bytes());
    RecordNotes records;
    merger.drain(records);
    EXPECT_EQ(merger.stats().skipped_records(), 0U);
    notes.push_back(buffer.name + ": " + records.notes());
  }
  EXPECT_THAT(notes, ElementsAre(": 5@1010+6 5@1015/2+6 6@1020+7 6@1025/2 7@1030+8 8@1040+5 5@2010+6 6@2020+7 7@2030+8 "
                                 "8@2040+5 5@3010+6 6@3020+7 7@3030+8 8@3040",
                                 "other: 5@2010/1+5 5@3010/1"));
  EXPECT_EQ(file.stats().skipped_records(), 0U);
  EXPECT_EQ(file.stats().bytes, file.stats().parsed_bytes);
}

TEST_P(RoundTrip, WhatWasReadCanBeWrittenAgain) {
  const SmallMachine machine{GetParam().byte_order, GetParam().long_size};
  const std::string text = small_file(machine, how());
  TraceDatReader file(bytes_of(text), {.path = {}, .codec = &codec_});
  TraceDatParts parts;
  parts.byte_order = file.byte_order();
  parts.long_size = file.long_size();
  parts.header_page = file.header_page();
  parts.header_event = file.header_event();
  parts.formats = file.format_texts();
  parts.kallsyms = file.kallsyms();
  parts.printk_formats = file.printk_formats();
  parts.cmdlines = file.cmdlines();
  parts.cpus = *file.cpu_count();
  parts.options = file.options();
  parts.uname = file.find(TraceDatOptionId::uname)->text();
  parts.buffers.clear();
  for (const TraceDatBuffer& buffer : file.buffers())
    parts.buffers.push_back({buffer.name, buffer.clock, buffer.page_size});
  std::ostringstream out;
  TraceDatWriter copy(out, parts, how());
  for (std::size_t i = 0; i < file.buffers().size(); ++i) {
    for (const TraceDatCpu& cpu : file.buffers()[i].cpus) {
      const TraceDatBytes pages = file.pages(file.buffers()[i], cpu);
      if (pages.bytes().empty())
        continue;
      copy.begin(i, cpu.cpu);
      copy.write(pages.bytes());
    }
  }
  copy.finish();
  EXPECT_EQ(out.str(), text);
}

INSTANTIATE_TEST_SUITE_P(Files, RoundTrip,
                         testing::Values(Case{6, false, std::endian::little, 8}, Case{6, false, std::endian::big, 4},
                                         Case{7, false, std::endian::little, 4}, Case{7, false, std::endian::big, 8},
                                         Case{7, true, std::endian::little, 8}, Case{7, true, std::endian::big, 4}));

// Real pages, in pieces that are no pages, come back byte for byte.
TEST(RoundTripOfKernels, PagesAndFormats) {
  const RunLengthCodec codec;
  std::size_t files = 0;
  for (const char* const kernel : kRawKernels) {
    const std::string header_page = read_file(raw_of(kernel) / "events/header_page");
    const std::string header_event = read_file(raw_of(kernel) / "events/header_event");
    const auto texts = format_texts(kernel);
    const std::string pages = [&] {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(raw_of(kernel))) {
        if (entry.path().extension() == ".raw" && entry.file_size() > 0)
          return read_file(entry.path());
      }
      return std::string{};
    }();
    if (pages.empty())  // of some kernels there are formats alone
      continue;
    for (const auto& [version, used] :
         {std::pair<std::uint32_t, const Codec*>{6, nullptr}, {7, nullptr}, {7, &codec}}) {
      TraceDatParts parts;
      parts.header_page = header_page;
      parts.header_event = header_event;
      for (const auto& [system, format] : texts)
        parts.formats.push_back({system, format});
      std::ostringstream out;
      TraceDatWriter writer(out, parts, {.version = version, .codec = used});
      writer.begin(0, 0);
      for (std::size_t at = 0; at < pages.size(); at += 5000)
        writer.write(bytes_of(std::string_view(pages).substr(at, 5000)));
      writer.finish();
      EXPECT_EQ(writer.page_bytes(), pages.size());

      const std::string text = std::move(out).str();
      TraceDatReader file(bytes_of(text), {.path = {}, .codec = &codec});
      ASSERT_EQ(file.buffers().size(), 1U) << kernel;
      const TraceDatBytes back = file.pages(file.buffers()[0], file.buffers()[0].cpus.at(0));
      EXPECT_TRUE(back.text() == pages) << kernel;
      EXPECT_EQ(file.layout(file.buffers()[0]), layout_of(kernel)) << kernel;
      EXPECT_EQ(file.format_texts().size(), texts.size()) << kernel;
      EXPECT_EQ(file.formats().formats().size(), registry_of(kernel).formats().size()) << kernel;
      EXPECT_EQ(file.stats().skipped_records(), 0U) << kernel;
      ++files;
    }
  }
  EXPECT_GE(files, 3U * 8);
}

}  // namespace
}  // namespace fathom::test
