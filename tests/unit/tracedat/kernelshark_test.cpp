#include "trace_cmd_files.hpp"
#include "write_again.hpp"

#include <gtest/gtest.h>

#include <libkshark.h>

#include <cstdio>
#include <cstdlib>

namespace fathom::test {
namespace {

// The library that KernelShark reads files with finds as many events in ours as there are.
TEST(KernelSharkReadsOurs, AllEvents) {
  for (const auto& how : {FileKind{"events", 6, false}, FileKind{"events", 7, false}, FileKind{"events", 7, true}}) {
    const std::string bytes = read_file(trace_cmd_file(std::string(how.name) + ".dat"));
    const ZstdCodec zstd;
    TraceDatReader file(as_bytes(bytes), {.path = how.name, .codec = &zstd});
    const std::size_t records = lines_of(file, file.formats()).size();
    const std::string path = write_again(bytes, how, false);

    kshark_context* context = nullptr;
    ASSERT_TRUE(kshark_instance(&context));
    const int stream = kshark_open(context, path.c_str());
    ASSERT_GE(stream, 0) << path;
    kshark_entry** entries = nullptr;
    const ssize_t found = kshark_load_entries(context, stream, &entries);
    EXPECT_EQ(found, static_cast<ssize_t>(records)) << path;
    for (ssize_t i = 0; i < found; ++i)
      std::free(entries[i]);  // NOLINT: as the library allocates them
    std::free(entries);       // NOLINT
    kshark_close(context, stream);
    kshark_free(context);
    std::remove(path.c_str());
  }
}

}  // namespace
}  // namespace fathom::test
