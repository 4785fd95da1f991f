#pragma once

#include "common/page_spool.hpp"
#include "common/replacement.hpp"
#include "record_options.hpp"

#include <fathom/tracefs/recorder.hpp>

#include <cstdint>

namespace record {

/// Makes the trace.dat out of a recording's pages, of what was lost, and of what the kernel says about them, and puts
/// it into its place. Gives its size. Throws fathom::Error.
std::uint64_t write_file(const Options& options, const fathom::TraceArray& array, const fathom::Recorder& recorder,
                         const fathom::Recording& counts, const examples::PageSpool& spool,
                         examples::Replacement& file);

}  // namespace record
