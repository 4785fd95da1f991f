#include <fathom/base/error.hpp>
#include <fathom/tracefs/raw_formats.hpp>

#include <cerrno>
#include <string>
#include <vector>

namespace fathom {

namespace {

// In the system `ftrace` and others.
void add_events(std::vector<FormatText>& formats, TraceFiles& files, const std::string& system) {
  const std::string directory = "events/" + system;
  if (!files.is_directory(directory))
    return;
  for (const std::string& event : files.list(directory)) {
    std::string path = directory;
    path.append("/").append(event);
    try {
      if (files.is_directory(path))
        formats.push_back({system, files.read(path.append("/format"))});
    } catch (const Error& error) {
      // A system's own files stand beside its events, and modules take their events with them.
      if (error.code() != std::errc::no_such_file_or_directory && error.code() != std::errc::no_such_device)
        throw;
    }
  }
}

}  // namespace

PageLayout read_page_layout(const TraceArray& array) {
  TraceFiles& files = *array.files();
  const std::string page = array.path("events/header_page");
  const auto layout = PageLayout::parse(files.read(page), files.read(array.path("events/header_event")));
  if (!layout)
    throw Error(EBADMSG, "understand", files.full_path(page), "this library does not know such pages");
  return *layout;
}

std::vector<FormatText> read_format_texts(const TraceArray& array) {
  std::vector<FormatText> formats;
  // Formats are the kernel's, whatever the buffer, and an instance may lack those that it cannot switch on.
  for (const std::string& system : array.files()->list("events"))
    add_events(formats, *array.files(), system);
  return formats;
}

FormatRegistry read_formats(const TraceArray& array) {
  FormatRegistry formats(read_page_layout(array));
  for (const FormatText& format : read_format_texts(array))
    formats.add(format.system, format.text);
  return formats;
}

}  // namespace fathom
