#include "run_length_codec.hpp"
#include "small_file.hpp"

#include <fathom/base/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace fathom::test {
namespace {

using testing::HasSubstr;

TEST(TraceDatWriter, RefusesWhatAFileCannotHold) {
  const RunLengthCodec codec;
  const struct {
    const char* hint;
    std::function<void(TraceDatParts&, TraceDatWriteOptions&)> spoil;
  } cases[] = {
      {"versions 6 and 7", [](auto&, auto& how) { how.version = 8; }},
      {"knows no compression",
       [&](auto&, auto& how) {
         how.version = 6;
         how.codec = &codec;
       }},
      {"4 or 8 bytes", [](auto& parts, auto&) { parts.long_size = 2; }},
      {"header_page", [](auto& parts, auto&) { parts.header_page = {}; }},
      {"needs a buffer", [](auto& parts, auto&) { parts.buffers.clear(); }},
      {"has no bytes", [](auto& parts, auto&) { parts.buffers[0].page_size = 0; }},
      {"of one size",
       [](auto& parts, auto& how) {
         how.version = 6;
         parts.buffers.push_back({"a", "local", 8192});
       }},
  };
  for (const auto& c : cases) {
    TraceDatParts parts;
    parts.header_page = "x";
    TraceDatWriteOptions how;
    c.spoil(parts, how);
    std::ostringstream out;
    try {
      const TraceDatWriter writer(out, parts, how);
      ADD_FAILURE() << c.hint;
    } catch (const Error& e) {
      EXPECT_THAT(e.hint(), HasSubstr(c.hint));
      EXPECT_EQ(e.code(), std::errc::invalid_argument);
    }
    EXPECT_TRUE(out.str().empty());
  }
}

TEST(TraceDatWriter, RefusesCallsInAnotherOrder) {
  TraceDatParts parts;
  parts.header_page = "x";
  parts.cpus = 2;
  parts.buffers = {{}, {"b"}};
  std::ostringstream out;
  TraceDatWriter writer(out, parts);
  EXPECT_THROW(writer.write({}), Error);
  EXPECT_THROW(writer.begin(2, 0), Error);
  EXPECT_THROW(writer.begin(0, 2), Error);
  writer.begin(0, 1);
  EXPECT_THROW(writer.begin(0, 1), Error);
  writer.begin(1, 1);
  EXPECT_THROW(writer.begin(0, 0), Error);
  writer.finish();
  EXPECT_THROW(writer.finish(), Error);
  EXPECT_THROW(writer.begin(1, 0), Error);
  EXPECT_THROW(writer.write({}), Error);
}

TEST(TraceDatWriter, TellsThatTheStreamFails) {
  TraceDatParts parts;
  parts.header_page = "x";
  std::ostringstream out;
  TraceDatWriter writer(out, parts, {.path = "some.dat"});
  writer.begin(0, 0);
  out.setstate(std::ios::badbit);
  try {
    writer.write(bytes_of("page"));
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("cannot write the trace.dat some.dat"));
  }
}

TEST(TraceDatWriter, RefusesAStreamThatCannotSeek) {
  class Pipe final : public std::streambuf {
   public:
    std::size_t taken = 0;

   private:
    int_type overflow(int_type c) override {
      ++taken;
      return c;
    }
  };
  Pipe pipe;
  std::ostream out(&pipe);
  TraceDatParts parts;
  parts.header_page = "x";
  try {
    const TraceDatWriter writer(out, parts);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), std::errc::invalid_seek);
  }
  EXPECT_EQ(pipe.taken, 0U);
}

TEST(TraceDatWriter, BeginsWhereTheStreamStands) {
  const SmallMachine machine;
  const std::string header_page = machine.header_page();
  TraceDatParts parts;
  parts.header_page = header_page;
  std::ostringstream out;
  out << "before";
  TraceDatWriter writer(out, parts);
  writer.finish();
  const std::string text = out.str();
  EXPECT_EQ(text.substr(0, 6), "before");
  const TraceDatReader file(bytes_of(std::string_view(text).substr(6)));
  EXPECT_EQ(file.header_page(), header_page);
}

}  // namespace
}  // namespace fathom::test
