// The format files of all events of ten kernels: each is read, and nothing about it is odd but what is known to be.

#include "raw_captures.hpp"

#include <fathom/rawtrace/field_reader.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace fathom {
namespace {

using test::registry_of;

struct Kernel {
  const char* name;
  std::size_t formats;
  std::uint32_t common_size;  // where the events' own fields begin
};

class Formats : public testing::TestWithParam<Kernel> {};

TEST_P(Formats, AreAllRead) {
  const Kernel& kernel = GetParam();
  const FormatRegistry formats = registry_of(kernel.name);
  EXPECT_EQ(formats.formats().size(), kernel.formats);
  EXPECT_EQ(formats.stats().skipped_records(), 0U);
  EXPECT_EQ(formats.stats().bytes, formats.stats().parsed_bytes);
  EXPECT_EQ(formats.layout().page_size(), 4096U);
  std::uint32_t first = 1000;
  for (const EventFormat* format : formats.formats()) {
    SCOPED_TRACE(format->system() + ':' + format->name());
    EXPECT_EQ(format->oddities(), FormatOddities{});
    EXPECT_GE(format->common_fields().size(), 4U);
    EXPECT_TRUE(FieldReader<std::uint16_t>::find(*format, "common_type"));
    EXPECT_TRUE(FieldReader<std::int32_t>::find(*format, "common_pid"));
    EXPECT_FALSE(format->print_fmt().empty());
    EXPECT_EQ(formats.find(format->id()), format);
    EXPECT_EQ(formats.find(format->system(), format->name()), format);
    for (const EventField& field : format->fields())
      first = std::min(first, field.offset);
  }
  EXPECT_EQ(first, kernel.common_size);
}

// Every array can be read as what it is: the list of what cannot is short and known.
TEST_P(Formats, SizesOfElementsAreKnown) {
  const FormatRegistry formats = registry_of(GetParam().name);
  std::set<std::string> unknown;
  for (const EventFormat* format : formats.formats()) {
    for (const EventField& field : format->all_fields()) {
      if (field.kind != FieldKind::value && field.element_size == 0)
        unknown.insert(field.type);
    }
  }
  // landlock's own type, which changed its width between kernels; such a field is read as bytes.
  unknown.erase("access_mask_t");
  EXPECT_EQ(unknown, std::set<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(Of, Formats,
                         testing::Values(Kernel{"4.4.0", 13, 8}, Kernel{"5.4.0", 15, 8},
                                         Kernel{"6.1.0-56-amd64", 1357, 8}, Kernel{"6.1.0-56-rt-amd64", 1353, 12},
                                         Kernel{"6.12.117+deb12-amd64", 1527, 8}, Kernel{"6.5.0", 21, 8},
                                         Kernel{"6.17.0", 22, 8}, Kernel{"7.3.4", 21, 8},
                                         Kernel{"7.3.4+deb13-amd64", 1639, 8}, Kernel{"native-6.18.44", 2323, 8}),
                         [](const auto& kernel) {
                           std::string name = kernel.param.name;
                           std::ranges::replace_if(name, [](char c) { return c == '.' || c == '-' || c == '+'; }, '_');
                           return name;
                         });

// What changed from kernel to kernel, which is why no offset is written down in the library.
TEST(Formats, OffsetsOfFunctionGraphDiffer) {
  const std::map<std::string, std::uint32_t> calltime = {
      {"4.4.0", 16}, {"6.1.0-56-amd64", 24}, {"6.5.0", 32}, {"6.17.0", 32}, {"7.3.4", 24}};
  for (const auto& [kernel, offset] : calltime) {
    const FormatRegistry formats = registry_of(kernel);
    const EventFormat* const exit = formats.find("ftrace", "funcgraph_exit");
    ASSERT_NE(exit, nullptr) << kernel;
    ASSERT_NE(exit->find("calltime"), nullptr) << kernel;
    EXPECT_EQ(exit->find("calltime")->offset, offset) << kernel;
  }
}

}  // namespace
}  // namespace fathom
