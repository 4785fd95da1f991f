#pragma once

#include <fathom/base/codec.hpp>
#include <fathom/base/parse_stats.hpp>
#include <fathom/rawtrace/format_registry.hpp>
#include <fathom/rawtrace/page_layout.hpp>
#include <fathom/rawtrace/task_names.hpp>
#include <fathom/tracedat/trace_dat_parts.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fathom {

/// How a trace.dat is read.
struct TraceDatReadOptions {
  std::string path;              ///< for messages
  const Codec* codec = nullptr;  ///< for compressed parts; must outlive the reader
  /// So many bytes are taken for what is decompressed: by all texts together, and by the pages of all CPUs together,
  /// those of a CPU once, however often they are asked for; also for what turns out to be damaged. What does not fit is
  /// left out and counted. 0: 64 times the size of the file and 16 MiB, which is beyond what kernels' data compresses
  /// to.
  std::uint64_t max_decompressed = 0;
};

/// Bytes of the file, or made out of them.
class TraceDatBytes {
 public:
  /// No bytes.
  TraceDatBytes() = default;
  /// Bytes that somebody else keeps.
  explicit TraceDatBytes(std::span<const std::byte> view) : view_(view) {}
  /// Bytes that were decompressed.
  explicit TraceDatBytes(std::vector<std::byte> own) : own_(std::move(own)), view_(own_) {}

  /// The bytes; good as long as this object, and where it owns none, as long as the file's.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return view_; }
  /// The same as text.
  [[nodiscard]] std::string_view text() const noexcept;

  ~TraceDatBytes() = default;
  TraceDatBytes(TraceDatBytes&&) noexcept = default;
  TraceDatBytes& operator=(TraceDatBytes&&) noexcept = default;
  TraceDatBytes(const TraceDatBytes&) = delete;
  TraceDatBytes& operator=(const TraceDatBytes&) = delete;

 private:
  std::vector<std::byte> own_;
  std::span<const std::byte> view_;
};

/// A trace.dat as trace-cmd and TraceDatWriter write it, versions 6 and 7, of either byte order.
///
///     TraceDatReader file(bytes, {.path = path, .codec = &zstd});       // bytes: a mapped file
///     const FormatRegistry formats = file.formats();
///     std::vector<TraceDatBytes> pages;
///     const TraceDatBuffer& buffer = file.buffers().front();
///     EventMerger merger(file.layout(buffer), formats.id_offset());
///     for (const TraceDatCpu& cpu : buffer.cpus)
///       merger.add(cpu.cpu, pages.emplace_back(file.pages(buffer, cpu)).bytes());
///     merger.drain(sink);                                               // a RecordSink
///
/// Views into the file wherever it is not compressed: the bytes must outlive the reader and stay as they are. Opening
/// takes time for options and texts, none for pages. Without a codec, or with one that is not the file's, what is not
/// compressed can be read, and what is, is counted (`no_codec`).
///
/// Throws Error where nothing can be made of the file: it is no trace.dat, or of another version (std::errc::
/// not_supported), its head is cut, or there is no header_page that says how its pages are laid out. Everything else
/// that is wrong costs the part that it stands in: a part that the file lacks the end of (`cut_file`; of pages, what
/// is there is used), and one that is not what its place says, or that overlaps with another one (`bad_section`). A
/// record of stats() is such a part: the head, a text, a list of options, a CPU's pages; its bytes are those in the
/// file. Where a list of options is broken off, the options before that stay.
///
/// Memory: what is decompressed (see TraceDatReadOptions), 40 bytes a format and an option, 100 a buffer. Not safe to
/// share between threads while one calls pages() or text().
class TraceDatReader {
 public:
  /// Reads all but the pages.
  explicit TraceDatReader(std::span<const std::byte> file, TraceDatReadOptions options = {});

  /// 6 or 7.
  [[nodiscard]] std::uint32_t version() const noexcept { return version_; }
  /// Of all numbers, and of the pages.
  [[nodiscard]] std::endian byte_order() const noexcept { return byte_order_; }
  /// Of user space on the traced machine, 4 or 8; that of the kernel is the layout's.
  [[nodiscard]] std::uint32_t long_size() const noexcept { return long_size_; }
  /// Of the traced machine's memory.
  [[nodiscard]] std::uint32_t page_size() const noexcept { return page_size_; }
  /// How parts may be compressed: `zstd`, `none`. Empty in version 6, which knows none.
  [[nodiscard]] std::string_view compression() const noexcept { return compression_; }

  /// The text of events/header_page.
  [[nodiscard]] std::string_view header_page() const noexcept { return header_page_; }
  /// The text of events/header_event.
  [[nodiscard]] std::string_view header_event() const noexcept { return header_event_; }
  /// The texts of the events' formats, ftrace's own first.
  [[nodiscard]] const std::vector<TraceDatFormat>& format_texts() const noexcept { return formats_; }
  /// The text of /proc/kallsyms; empty where the file has none. What KallsymsIndex::parse takes.
  [[nodiscard]] std::string_view kallsyms() const noexcept { return kallsyms_; }
  /// The text of printk_formats: where the strings of bprint records are.
  [[nodiscard]] std::string_view printk_formats() const noexcept { return printk_formats_; }
  /// The text of saved_cmdlines.
  [[nodiscard]] std::string_view cmdlines() const noexcept { return cmdlines_; }

  /// All options in the order of the file, known to us or not; without those that end a list.
  [[nodiscard]] const std::vector<TraceDatOption>& options() const noexcept { return options_; }
  /// The first option of that number; null if there is none.
  [[nodiscard]] const TraceDatOption* find(TraceDatOptionId id) const& noexcept;
  void find(TraceDatOptionId id) const&& = delete;
  /// The number of CPUs of the traced machine, where the file says it.
  [[nodiscard]] std::optional<std::uint32_t> cpu_count() const noexcept { return cpu_count_; }
  /// The clock of the top level's buffer, as `trace_clock` names it: `local`. Empty where the file does not say.
  [[nodiscard]] std::string_view trace_clock() const noexcept { return trace_clock_; }
  /// How the options DATE and OFFSET, and the factor and shift of TSC2NSEC, say that stamps become nanoseconds; the
  /// offset of TSC2NSEC, which only moves the beginning, is left to who reads that option.
  [[nodiscard]] const TraceDatTime& time() const noexcept { return time_; }
  /// What describes the section that begins at this place of the file; empty where nothing does, and in version 6.
  [[nodiscard]] std::string_view section_name(std::uint64_t offset) const noexcept;
  /// The bytes of the section that an option leads to, for those that this class does not read by itself (`btf_file`,
  /// `modules_file`): as they stand in the file, without the section's head; compressed where the file says so. Of
  /// several options of that number the last counts, as it does for the texts above.
  [[nodiscard]] std::span<const std::byte> section(TraceDatOptionId id) const noexcept;

  /// The ring buffers, in the order of the file; the top level's is mostly the first.
  [[nodiscard]] const std::vector<TraceDatBuffer>& buffers() const noexcept { return buffers_; }
  /// How the pages of a buffer are laid out: header_page's text, with the buffer's page size.
  [[nodiscard]] PageLayout layout(const TraceDatBuffer& buffer) const noexcept;
  /// The pages of one CPU, one behind the other: for PageDecoder and EventMerger. A chunk that cannot be decompressed
  /// is counted, and left out with those behind it.
  [[nodiscard]] TraceDatBytes pages(const TraceDatBuffer& buffer, const TraceDatCpu& cpu);
  /// A buffer's text, where it has text in place of pages. Else nothing.
  [[nodiscard]] TraceDatBytes text(const TraceDatBuffer& buffer);

  /// The formats of all events, parsed.
  [[nodiscard]] FormatRegistry formats() const;
  /// The names of tasks, of the text of saved_cmdlines.
  [[nodiscard]] TaskNames task_names() const;

  /// What was read and what could not be.
  [[nodiscard]] const ParseStats& stats() const noexcept { return stats_; }

  ~TraceDatReader();
  TraceDatReader(TraceDatReader&&) noexcept;
  TraceDatReader& operator=(TraceDatReader&&) noexcept;
  TraceDatReader(const TraceDatReader&) = delete;
  TraceDatReader& operator=(const TraceDatReader&) = delete;

 private:
  class Opening;

  [[nodiscard]] const Codec* usable_codec() const noexcept;

  std::span<const std::byte> file_;
  TraceDatReadOptions how_;
  std::vector<std::unique_ptr<std::vector<std::byte>>> decompressed_;  // what views below may point into

  std::uint64_t decompressed_left_ = 0;             // for texts
  std::uint64_t pages_left_ = 0;                    // for pages
  std::map<std::uint64_t, std::uint64_t> charged_;  // of that, for the pages that stand at this place
  std::uint32_t version_ = 0;
  std::endian byte_order_ = std::endian::native;
  std::uint32_t long_size_ = 0;
  std::uint32_t page_size_ = 0;
  std::string_view compression_;
  PageLayout layout_;
  std::string_view header_page_;
  std::string_view header_event_;
  std::vector<TraceDatFormat> formats_;
  std::string_view kallsyms_;
  std::string_view printk_formats_;
  std::string_view cmdlines_;
  std::string strings_;
  std::vector<TraceDatOption> options_;
  std::optional<std::uint32_t> cpu_count_;
  std::string trace_clock_;
  TraceDatTime time_;
  std::vector<TraceDatBuffer> buffers_;
  ParseStats stats_;
};

}  // namespace fathom
