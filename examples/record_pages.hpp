#pragma once

#include "common/page_spool.hpp"
#include "record_options.hpp"

#include <fathom/process/child.hpp>
#include <fathom/process/stop_signals.hpp>
#include <fathom/tracefs/recorder.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace record {

/// What became of a recording.
struct Recorded {
  fathom::Recording counts;
  std::optional<std::string> failure;  // why not all of it could be kept
  std::uint64_t unkept = 0;            // bytes of pages
};

/// Lets the command run, and records until it has ended or a signal comes. Where pages can no longer be kept, says so
/// at once, records no more, and waits for the command. Throws fathom::Error where it cannot begin.
Recorded record_pages(const Options& options, fathom::Recorder& recorder, fathom::Child& child,
                      fathom::StopSignals& stop, examples::PageSpool& spool);

}  // namespace record
