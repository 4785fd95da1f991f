#pragma once

#include <fathom/base/codec.hpp>
#include <fathom/tracedat/trace_dat_parts.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// A ring buffer whose pages a trace.dat shall hold.
struct TraceDatBufferHead {
  std::string name;                ///< of the instance; empty for the top level
  std::string clock = "local";     ///< its clock, as `trace_clock` names it
  std::uint32_t page_size = 4096;  ///< of a page or sub-buffer
};

/// What a trace.dat holds beside pages: texts of the traced machine's files, as they stand there.
struct TraceDatParts {
  std::endian byte_order = std::endian::native;  ///< of the traced machine
  std::uint32_t long_size = 8;                   ///< of its user space, 4 or 8
  std::string_view header_page;                  ///< events/header_page
  std::string_view header_event;                 ///< events/header_event
  std::vector<TraceDatFormat> formats;           ///< events/*/*/format; those of the system `ftrace` may stand anywhere
  std::string_view kallsyms;                     ///< /proc/kallsyms
  std::string_view printk_formats;               ///< printk_formats
  std::string_view cmdlines;                     ///< saved_cmdlines
  std::uint32_t cpus = 1;                        ///< how many CPUs the machine has: more than any number of one
  std::string_view uname;                        ///< `Linux host 6.1.0 x86_64`; may be empty
  /// The buffers. Readers want the first one to be without a name: give the name "" to the one that was recorded.
  std::vector<TraceDatBufferHead> buffers = {{}};
  /// More options, in the machine's byte order: CPUSTAT, OFFSET, TSC2NSEC, whatever a reader may want. Those that lead
  /// to sections, and the ones that the writer makes out of the above, are left out.
  std::vector<TraceDatOption> options;
};

/// How a trace.dat is written.
struct TraceDatWriteOptions {
  std::uint32_t version = 7;     ///< 6 or 7
  const Codec* codec = nullptr;  ///< compresses all parts; only version 7 can. Must outlive the writer
  std::string path{};            ///< of what the stream writes, for messages
};

/// Writes a trace.dat, which `trace-cmd report`, KernelShark and TraceDatReader open.
///
///     std::ofstream out("trace.dat", std::ios::binary);
///     TraceDatWriter file(out, parts, {.version = 7, .codec = &zstd});
///     for (const auto& [cpu, pages] : recorded) {
///       file.begin(0, cpu);                               // of the first buffer
///       file.write(pages);                                // as often as there is something
///     }
///     file.finish();
///
/// Everything is written as it comes, so the parts are not needed any more when the constructor returns, and memory is
/// bounded: 1 MiB of pages, or one page that is larger, where they are compressed, else nothing; and while the
/// constructor runs, a copy of one kind of text and its compressed form. Sizes that are known only later are written
/// afterwards: the stream must be able to seek, and begins where it stands. What is wrong with the parts does not
/// matter here, but a text of 4 GiB or more.
///
/// Calls in another order than this, and parts that a version cannot hold, throw Error (std::errc::invalid_argument). A
/// stream that fails throws Error (std::errc::io_error, or errno where that was set). A file that was not finished
/// can be read as far as version 6 says what is there, and not at all in version 7. Not safe to share between threads.
class TraceDatWriter {
 public:
  /// Writes what comes before the pages. The stream must outlive the writer.
  TraceDatWriter(std::ostream& out, const TraceDatParts& parts, const TraceDatWriteOptions& options = {});

  /// From here on, write() takes pages of this CPU. Buffers in the order of the parts, and of a buffer each CPU once.
  void begin(std::size_t buffer, std::uint32_t cpu);
  /// Takes pages, whole ones or pieces of them, one behind the other.
  void write(std::span<const std::byte> pages);
  /// Writes what comes behind the pages, and flushes the stream.
  void finish();

  /// So many bytes of pages were taken.
  [[nodiscard]] std::uint64_t page_bytes() const noexcept;

  ~TraceDatWriter();
  TraceDatWriter(TraceDatWriter&&) noexcept;
  TraceDatWriter& operator=(TraceDatWriter&&) noexcept;
  TraceDatWriter(const TraceDatWriter&) = delete;
  TraceDatWriter& operator=(const TraceDatWriter&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fathom
