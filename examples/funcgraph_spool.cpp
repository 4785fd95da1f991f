#include "funcgraph_spool.hpp"

#include <fathom/base/error.hpp>

#include <fcntl.h>
#include <stdlib.h>  // NOLINT(*-deprecated-headers,modernize-*): mkostemp() is not of the standard
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace funcgraph {

namespace {

std::string choose_directory() {
  if (const char* const chosen = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): nothing here sets variables
      chosen != nullptr && *chosen != '\0')
    return chosen;
  std::error_code ignored;
  return std::filesystem::is_directory("/var/tmp", ignored) ? "/var/tmp" : "/tmp";
}

fathom::UniqueFd nameless_file(const std::string& directory) {
  fathom::UniqueFd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file)
    return file;
  // Not every file system can do that: a name for a moment, then.
  std::string path = directory + "/funcgraph-XXXXXX";
  file.reset(::mkostemp(path.data(), O_CLOEXEC));
  if (!file)
    throw fathom::Error(errno, "make a file for pages in", directory, PageSpool::kHint);
  ::unlink(path.c_str());
  return file;
}

}  // namespace

PageSpool::PageSpool() : directory_(choose_directory()) {
  static_cast<void>(nameless_file(directory_));
}

int PageSpool::file(unsigned cpu) {
  const auto found = files_.find(cpu);
  if (found != files_.end())
    return found->second.get();
  return files_.emplace(cpu, nameless_file(directory_)).first->second.get();
}

}  // namespace funcgraph
