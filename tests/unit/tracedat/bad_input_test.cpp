#include "run_length_codec.hpp"
#include "small_file.hpp"

#include <fathom/base/error.hpp>
#include <fathom/rawtrace/page_decoder.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <utility>

namespace fathom::test {
namespace {

using testing::HasSubstr;

const RunLengthCodec kCodec;

// What became of a file: an error, or so many records.
struct Outcome {
  bool opened = false;
  std::uint64_t records = 0;
  std::uint64_t skipped = 0;
  std::size_t decompressed = 0;
};

// Reads all there is. The account must add up, and nothing may be larger than was allowed.
Outcome read_all(std::string_view text) {
  Outcome outcome;
  try {
    TraceDatReader file(bytes_of(text), {.path = "bad.dat", .codec = &kCodec, .max_decompressed = 1U << 20U});
    outcome.opened = true;
    const FormatRegistry formats = file.formats();
    for (const TraceDatBuffer& buffer : file.buffers()) {
      PageDecoder decoder(file.layout(buffer), formats.id_offset());
      RecordNotes notes;
      for (const TraceDatCpu& cpu : buffer.cpus) {
        const TraceDatBytes pages = file.pages(buffer, cpu);
        outcome.decompressed += buffer.compressed ? pages.bytes().size() : 0;
        decoder.feed(cpu.cpu, pages.bytes(), notes);
      }
      outcome.records += decoder.stats().parsed_records;
      const TraceDatBytes shown = file.text(buffer);
      outcome.decompressed += buffer.compressed ? shown.bytes().size() : 0;
    }
    const ParseStats& stats = file.stats();
    EXPECT_EQ(stats.bytes, stats.parsed_bytes + stats.skipped_bytes);
    EXPECT_EQ(stats.records, stats.parsed_records + stats.skipped_records());
    EXPECT_LE(file.options().size(), text.size() / 6);
    EXPECT_LE(file.format_texts().size(), text.size() / 8);
    outcome.skipped = stats.skipped_records();
  } catch (const Error& e) {
    EXPECT_EQ(e.path(), "bad.dat");
    EXPECT_FALSE(e.hint().empty());
  }
  return outcome;
}

const std::vector<std::pair<TraceDatWriteOptions, std::string>>& files() {
  static const auto made = [] {
    std::vector<std::pair<TraceDatWriteOptions, std::string>> list;
    for (const TraceDatWriteOptions& how :
         {TraceDatWriteOptions{6, nullptr}, TraceDatWriteOptions{7, nullptr}, TraceDatWriteOptions{7, &kCodec}})
      list.emplace_back(how, small_file({}, how));
    return list;
  }();
  return made;
}

TEST(BadTraceDat, CutAtEveryByte) {
  for (const auto& [how, text] : files()) {
    const Outcome whole = read_all(text);
    ASSERT_TRUE(whole.opened);
    EXPECT_EQ(whole.records, 16U);
    std::uint64_t before = 0;
    for (std::size_t size = 0; size < text.size(); ++size) {
      // A copy of just that length, so that a sanitizer sees what is read behind it.
      const std::string cut(text, 0, size);
      const Outcome outcome = read_all(cut);
      EXPECT_LE(outcome.records, whole.records);
      if (!outcome.opened)
        continue;
      EXPECT_GT(outcome.skipped, 0U) << size;  // a cut is told
      if (how.version == 6) {
        // The more there is, the more is read.
        EXPECT_GE(outcome.records, before) << size;
        before = outcome.records;
      }
    }
  }
}

TEST(BadTraceDat, EveryBitFlipped) {
  for (const auto& [how, text] : files()) {
    std::size_t opened = 0;
    std::string bad = text;
    for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
      if (read_all(bad).opened)
        ++opened;
      bad[bit / 8] = text[bit / 8];
    }
    EXPECT_GT(opened, 6 * text.size());  // most bits stand in texts and pages
  }
}

TEST(BadTraceDat, EveryByteAllOnes) {
  for (const auto& [how, text] : files()) {
    for (const std::size_t width : {1U, 2U, 4U, 8U}) {
      for (std::size_t at = 0; at + width <= text.size(); ++at) {
        std::string bad = text;
        std::memset(bad.data() + at, 0xff, width);
        read_all(bad);
      }
    }
  }
}

struct BadHead {
  const char* what;
  std::string text;
  const char* message;
  std::errc code;
};

TEST(BadTraceDat, HeadsSayWhatIsWrong) {
  using std::string_literals::operator""s;
  const std::string magic = "\x17\x08\x44tracing";
  const BadHead heads[] = {
      {"empty", "", "does not begin as one", std::errc::invalid_argument},
      {"text", "# tracer: nop\n", "does not begin as one", std::errc::invalid_argument},
      {"version 8", magic + "8\0\0\x08\0\0\1\0"s, "none of 6 and 7", std::errc::not_supported},
      {"no version", magic, "cut", std::errc::invalid_argument},
      {"byte order 2", magic + "6\0\2\x08\0\0\1\0"s, "byte order", std::errc::invalid_argument},
      {"long of 5", magic + "6\0\0\5\0\0\1\0"s, "long", std::errc::invalid_argument},
      {"cut", magic + "7\0\0\x08\0\x10"s, "cut", std::errc::invalid_argument},
      {"no header_page", magic + "7\0\0\x08\0\x10\0\0none\0\0"s + std::string(8, '\0'), "header_page",
       std::errc::invalid_argument},
  };
  for (const BadHead& head : heads) {
    SCOPED_TRACE(head.what);
    try {
      const TraceDatReader file(bytes_of(head.text), {.path = "bad.dat"});
      ADD_FAILURE() << "was read";
    } catch (const Error& e) {
      EXPECT_THAT(e.what(), HasSubstr(head.message));
      EXPECT_THAT(e.what(), HasSubstr("bad.dat"));
      EXPECT_EQ(e.code(), head.code);
    }
  }
}

TEST(BadTraceDat, WithoutACodecTheRestIsRead) {
  // Compressed texts cannot be read, and without a header_page there is nothing else.
  EXPECT_THROW(TraceDatReader(bytes_of(files()[2].second), {.path = {}}), Error);

  // Compressed pages beside texts that are not.
  std::string text = files()[1].second;
  TraceDatReader plain(bytes_of(text));
  const auto& cpu = plain.buffers().at(0).cpus.at(0);
  // The section's head stands in front of the padding before the first CPU's pages.
  const std::string head("\x03\0\0\0", 4);
  const std::size_t at = text.rfind(head, cpu.offset);
  ASSERT_NE(at, std::string::npos);
  text[at + 2] = 1;
  TraceDatReader file(bytes_of(text));
  ASSERT_TRUE(file.buffers().at(0).compressed);
  EXPECT_TRUE(file.pages(file.buffers()[0], cpu).bytes().empty());
  EXPECT_EQ(file.stats().skipped(SkipReason::no_codec), 1U);
  EXPECT_EQ(file.kallsyms(), "ffffffff81000000 T _stext\n");
}

TEST(BadTraceDat, DecompressedBytesAreBounded) {
  SmallMachine machine;
  TraceDatParts parts;
  const std::string header_page = machine.header_page();
  parts.header_page = header_page;
  parts.buffers = {{"", "local", machine.page_size()}};
  std::ostringstream out;
  TraceDatWriter writer(out, parts, {.version = 7, .codec = &kCodec});
  writer.begin(0, 0);
  const std::vector<std::byte> zeros(3U << 20U);
  writer.write(zeros);
  writer.finish();
  const std::string text = std::move(out).str();
  for (const std::uint64_t limit : {std::uint64_t{4} << 20U, std::uint64_t{1} << 20U, std::uint64_t{100'000}}) {
    TraceDatReader file(bytes_of(text), {.path = {}, .codec = &kCodec, .max_decompressed = limit});
    const TraceDatBytes pages = file.pages(file.buffers().at(0), file.buffers()[0].cpus.at(0));
    EXPECT_LE(pages.bytes().size(), limit);
    EXPECT_EQ(file.stats().skipped(SkipReason::bad_section), limit < zeros.size() ? 1U : 0U);
  }
}

// What many CPUs ask for is bounded as a whole, and who asks for the same again gets the same.
TEST(BadTraceDat, DecompressedBytesOfAllCpusAreBounded) {
  constexpr std::uint32_t kCpus = 20;
  constexpr std::uint64_t kLimit = std::uint64_t{4} << 20U;
  SmallMachine machine;
  TraceDatParts parts;
  const std::string header_page = machine.header_page();
  parts.header_page = header_page;
  parts.cpus = kCpus;
  parts.buffers = {{"", "local", machine.page_size()}};
  std::ostringstream out;
  TraceDatWriter writer(out, parts, {.version = 7, .codec = &kCodec});
  const std::vector<std::byte> zeros(1U << 20U);
  for (std::uint32_t cpu = 0; cpu < kCpus; ++cpu) {
    writer.begin(0, cpu);
    writer.write(zeros);
  }
  writer.finish();
  const std::string text = std::move(out).str();
  TraceDatReader file(bytes_of(text), {.path = {}, .codec = &kCodec, .max_decompressed = kLimit});
  const TraceDatBuffer& buffer = file.buffers().at(0);
  std::uint64_t sum = 0;
  for (const TraceDatCpu& cpu : buffer.cpus)
    sum += file.pages(buffer, cpu).bytes().size();
  EXPECT_LE(sum, kLimit);
  EXPECT_GE(sum, kLimit - zeros.size());
  EXPECT_GT(file.stats().skipped(SkipReason::bad_section), kCpus / 2);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(file.pages(buffer, buffer.cpus.at(0)).bytes().size(), zeros.size());
}

// A codec that counts the bytes of room that it was given in vain.
class SpoilingCodec final : public Codec {
 public:
  bool broken = false;
  mutable std::uint64_t spoilt = 0;

  [[nodiscard]] std::string_view name() const noexcept override { return kCodec.name(); }
  [[nodiscard]] std::string_view version() const noexcept override { return kCodec.version(); }
  void compress(std::span<const std::byte> bytes, std::vector<std::byte>& packed) const override {
    kCodec.compress(bytes, packed);
  }
  [[nodiscard]] bool decompress(std::span<const std::byte> packed, std::span<std::byte> bytes) const override {
    if (!broken && kCodec.decompress(packed, bytes))
      return true;
    spoilt += bytes.size();
    return false;
  }
};

// What a block asks for costs time also where nothing comes of it.
TEST(BadTraceDat, BlocksThatCannotBeDecompressedAreBounded) {
  constexpr std::uint32_t kLimit = 1U << 20U;
  std::string text = files()[2].second;
  std::string section("\x0f\0\x01\0\0\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0", 20);  // strings, compressed, of 8 bytes
  section[0] = static_cast<char>(TraceDatOptionId::strings);
  section.append("\0\0\x08\0", 4);  // 512 KiB out of no bytes
  for (int i = 0; i < 100; ++i)
    text += section;
  SpoilingCodec codec;
  TraceDatReader file(bytes_of(text), {.path = {}, .codec = &codec, .max_decompressed = kLimit});
  EXPECT_GT(codec.spoilt, 0U);
  EXPECT_LE(codec.spoilt, kLimit);
  EXPECT_EQ(file.stats().skipped(SkipReason::bad_section), 100U);

  codec.broken = true;
  codec.spoilt = 0;
  const TraceDatBuffer& buffer = file.buffers().at(0);
  for (std::uint32_t i = 0; i < kLimit / 128; ++i)
    EXPECT_TRUE(file.pages(buffer, buffer.cpus.at(0)).bytes().empty());
  EXPECT_GT(codec.spoilt, kLimit / 2);
  EXPECT_LE(codec.spoilt, kLimit);
  EXPECT_EQ(file.stats().bytes, file.stats().parsed_bytes + file.stats().skipped_bytes);
}

// Lists of options that lead to each other, or lie in each other, end.
TEST(BadTraceDat, OptionsInACircle) {
  std::string text = files()[1].second;
  TraceDatReader file(bytes_of(text));
  // The option DONE is the last of the list: its 8 bytes are the next list's place.
  const std::size_t strings = text.find(std::string("\0headers\0", 9));
  ASSERT_NE(strings, std::string::npos);
  const std::size_t done = strings - 16 - 8;
  const std::size_t options_at = text.find("none") + 6;
  std::memcpy(text.data() + done, text.data() + options_at, 8);
  const Outcome outcome = read_all(text);
  EXPECT_TRUE(outcome.opened);
  EXPECT_EQ(outcome.records, 16U);
  EXPECT_EQ(outcome.skipped, 1U);
}

}  // namespace
}  // namespace fathom::test
