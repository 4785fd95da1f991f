#include "record_file.hpp"

#include "common/mapped_file.hpp"

#include <fathom/base/error.hpp>
#include <fathom/tracedat/trace_dat_writer.hpp>
#include <fathom/tracefs/raw_formats.hpp>

#ifdef RECORD_WRITES_ZSTD
#include <fathom/output/zstd_codec.hpp>
#endif

#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace record {

namespace {

// A file that may be missing: the parts of a trace.dat that a reader can do without.
std::string read_if_there(fathom::TraceFiles& files, const std::string& path) {
  return files.exists(path) ? files.read(path) : std::string{};
}

std::string kallsyms() {
  std::ifstream in("/proc/kallsyms", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string machine() {
  utsname name{};
  if (::uname(&name) != 0)
    return {};
  return std::string(name.sysname) + ' ' + name.nodename + ' ' + name.release + ' ' + name.machine;
}

std::unique_ptr<const fathom::Codec> codec(bool wanted) {
  if (!wanted)
    return nullptr;
#ifdef RECORD_WRITES_ZSTD
  return std::make_unique<fathom::ZstdCodec>();
#else
  throw fathom::UnsupportedError("zstd", {}, "this program was built without fathom::output");
#endif
}

}  // namespace

std::uint64_t write_file(const Options& options, const fathom::TraceArray& array, const fathom::Recorder& recorder,
                         const fathom::PageFiles& pages, const std::string& clock) {
  fathom::TraceFiles& files = *array.files();
  const std::string header_page = files.read(array.path("events/header_page"));
  const std::string header_event = files.read(array.path("events/header_event"));
  const std::vector<fathom::FormatText> formats = fathom::read_format_texts(array);
  const std::string symbols = kallsyms();
  const std::string printk_formats = read_if_there(files, "printk_formats");
  const std::string cmdlines = read_if_there(files, "saved_cmdlines");
  const std::string uname = machine();

  fathom::TraceDatParts parts;
  parts.long_size = sizeof(long);
  parts.header_page = header_page;
  parts.header_event = header_event;
  for (const fathom::FormatText& format : formats)
    parts.formats.push_back({format.system, format.text});
  parts.kallsyms = symbols;
  parts.printk_formats = printk_formats;
  parts.cmdlines = cmdlines;
  parts.uname = uname;
  parts.cpus = 1;
  for (const unsigned cpu : recorder.cpus().cpus())
    parts.cpus = std::max(parts.cpus, cpu + 1);
  parts.buffers = {{"", clock, static_cast<std::uint32_t>(recorder.layout().page_size())}};

  const auto with = codec(options.compress);
  errno = 0;
  std::ofstream out(options.output, std::ios::binary);
  if (!out)
    throw fathom::Error(errno, "write", options.output);
  fathom::TraceDatWriter writer(out, parts, {.version = options.version, .codec = with.get()});
  for (const unsigned cpu : pages.cpus()) {
    const examples::MappedFile recorded(pages.path(cpu));
    writer.begin(0, cpu);
    writer.write(recorded.bytes());
  }
  writer.finish();
  return static_cast<std::uint64_t>(out.tellp());
}

}  // namespace record
