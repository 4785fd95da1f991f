#pragma once

#include "record_options.hpp"

#include <fathom/tracefs/page_files.hpp>
#include <fathom/tracefs/recorder.hpp>

#include <string>

namespace record {

/// Makes the trace.dat out of a recording's pages and of what the kernel says about them. Gives its size.
std::uint64_t write_file(const Options& options, const fathom::TraceArray& array, const fathom::Recorder& recorder,
                         const fathom::PageFiles& pages, const std::string& clock);

}  // namespace record
