#pragma once

#include "unit/rawtrace/raw_captures.hpp"

#include <fathom/output/zstd_codec.hpp>
#include <fathom/rawtrace/detail/raw_bytes.hpp>
#include <fathom/rawtrace/event_merger.hpp>
#include <fathom/tracedat/trace_dat_reader.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::test {

/// Files that trace-cmd wrote, without their `.dat`.
inline constexpr const char* kTraceCmdFiles[] = {"events", "events-v6",     "events-zstd",
                                                 "fgraph", "fgraph-events", "function"};

inline std::filesystem::path trace_cmd_file(std::string_view name) {
  return std::filesystem::path(FATHOM_TEST_TRACEDAT) / "6.1.0-56-amd64" / name;
}

inline constexpr std::uint32_t kRecordPid = 4;  // of the common fields, on this kernel

/// The records of a file's first buffer, as one text: `CPU PID NANOSECONDS EVENT` a line.
class RecordLines {
 public:
  struct Line {
    std::uint32_t cpu = 0;
    std::int32_t pid = 0;
    std::uint64_t time = 0;
    std::string_view event;
    friend bool operator==(const Line&, const Line&) = default;
  };
  explicit RecordLines(const FormatRegistry& formats) : formats_(&formats) {}
  void on(const RawRecord& record) {
    const EventFormat* const format = formats_->find(record.id);
    lines_.push_back({record.cpu,
                      static_cast<std::int32_t>(detail::load<std::uint32_t>(record.data + kRecordPid, false)),
                      record.time, format == nullptr ? std::string_view("?") : std::string_view(format->name())});
  }
  [[nodiscard]] const std::vector<Line>& lines() const { return lines_; }

 private:
  const FormatRegistry* formats_;
  std::vector<Line> lines_;
};

inline std::vector<RecordLines::Line> lines_of(TraceDatReader& file, const FormatRegistry& formats) {
  const TraceDatBuffer& buffer = file.buffers().at(0);
  std::vector<TraceDatBytes> pages;
  EventMerger merger(file.layout(buffer), formats.id_offset());
  for (const TraceDatCpu& cpu : buffer.cpus)
    merger.add(cpu.cpu, pages.emplace_back(file.pages(buffer, cpu)).bytes());
  RecordLines lines(formats);
  merger.drain(lines);
  return lines.lines();
}

}  // namespace fathom::test
