#pragma once

#include "trace_cmd_files.hpp"

#include <fathom/tracedat/trace_dat_writer.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <ostream>
#include <string>

namespace fathom::test {

/// A file of trace-cmd's, and how it is to be written.
struct FileKind {
  const char* name;
  std::uint32_t version;
  bool compressed;
  friend void PrintTo(const FileKind& c, std::ostream* out) {
    *out << c.name << " as " << c.version << (c.compressed ? " with zstd" : "");
  }
};

/// A file that trace-cmd wrote, written again by us: gives its path. With or without all that it can do without.
inline std::string write_again(const std::string& bytes, const FileKind& how, bool bare) {
  const ZstdCodec zstd;
  TraceDatReader file(as_bytes(bytes), {.path = how.name, .codec = &zstd});
  TraceDatParts parts;
  parts.header_page = file.header_page();
  parts.header_event = file.header_event();
  parts.formats = file.format_texts();
  parts.kallsyms = file.kallsyms();
  parts.cmdlines = file.cmdlines();
  parts.cpus = file.cpu_count().value();
  if (!bare) {
    parts.printk_formats = file.printk_formats();
    parts.options = file.options();
  }
  std::string path = testing::TempDir() + "fathom-" + how.name + '-' + std::to_string(::getpid()) + ".dat";
  std::ofstream out(path, std::ios::binary);
  TraceDatWriter writer(out, parts, {.version = how.version, .codec = how.compressed ? &zstd : nullptr});
  for (const TraceDatCpu& cpu : file.buffers().at(0).cpus) {
    const TraceDatBytes pages = file.pages(file.buffers()[0], cpu);
    writer.begin(0, cpu.cpu);
    writer.write(pages.bytes());
  }
  writer.finish();
  return path;
}

}  // namespace fathom::test
