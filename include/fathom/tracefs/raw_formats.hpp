#pragma once

#include <fathom/rawtrace/format_registry.hpp>
#include <fathom/rawtrace/page_layout.hpp>
#include <fathom/tracefs/trace_array.hpp>

#include <string>
#include <vector>

namespace fathom {

/// How the pages of this buffer are laid out now: its `events/header_page` and `events/header_event`.
///
///     const PageLayout layout = read_page_layout(instance);
///
/// A buffer has a layout of its own where `buffer_subbuf_size_kb` was raised. Throws Error; one with EBADMSG where the
/// files say what this library does not know. Needs the rights to read tracefs.
[[nodiscard]] PageLayout read_page_layout(const TraceArray& array);

/// The text of one file `events/SYSTEM/NAME/format`.
struct FormatText {
  std::string system;  ///< `sched`
  std::string text;    ///< of the file
};

/// The texts of the formats of all events that the kernel has now: what a trace.dat keeps (TraceDatParts::formats).
///
///     const std::vector<FormatText> texts = read_format_texts(session.array());
///     for (const FormatText& format : texts) parts.formats.push_back({format.system, format.text});
///
/// Reads as many files as read_formats(), and leaves out the same. Throws Error. Needs the rights to read tracefs.
[[nodiscard]] std::vector<FormatText> read_format_texts(const TraceArray& array);

/// The formats of all events that the kernel has now, `events/SYSTEM/NAME/format`, for pages of this buffer.
///
///     const FormatRegistry formats = read_formats(session.array());
///     PageDecoder decoder(formats);
///
/// Reads 1,300 to 2,400 small files, which takes some 20 milliseconds. Read it again when modules or dynamic events
/// have come. Events that go while it reads are left out. Throws Error. Needs the rights to read tracefs.
[[nodiscard]] FormatRegistry read_formats(const TraceArray& array);

}  // namespace fathom
