#pragma once

#include <string>

namespace fathom::bench {

/// Default function_graph text, at least 100 MB: the file that FATHOM_BENCH_TRACE names, or a capture of two CPUs under
/// Linux 6.1, repeated.
[[nodiscard]] const std::string& default_trace();

/// The same kernel functions with the columns of funcgraph-abstime and -proc, with arguments and return values, as
/// Linux 6.17 prints them all together: the lines of a capture with arguments, given the other three by the kernel's
/// formats. No capture has them all, since Debian's kernels are built without return values.
[[nodiscard]] const std::string& full_trace();

}  // namespace fathom::bench
