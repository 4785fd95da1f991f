#pragma once

#include <fathom/base/cpu_set.hpp>
#include <fathom/base/error.hpp>
#include <fathom/base/parse_stats.hpp>
#include <fathom/base/time.hpp>
#include <fathom/base/trace_clock.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/event/events.hpp>
#include <fathom/event/function_table.hpp>
#include <fathom/event/sink.hpp>
#include <fathom/tracefs/trace_files.hpp>

/// fathom: trace the Linux kernel that this program runs on.
namespace fathom {}
