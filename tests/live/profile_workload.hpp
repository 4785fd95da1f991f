#pragma once

#include <chrono>
#include <cstdint>

// What a profiler is to find: functions with names that no other code has, built with frame pointers.
extern "C" {
/// Burns CPU time of this thread, in a function that calls one that burns a known part of it.
[[gnu::noinline]] void fathom_spin_outer(std::int64_t outer_ns, std::int64_t inner_ns);
[[gnu::noinline]] void fathom_spin_inner(std::int64_t ns);
/// The same, of a process that has become another program.
[[gnu::noinline]] void fathom_spin_after_exec(std::int64_t ns);
/// Sleeps so often and so long; gives the time it took, in ns, by the clock.
[[gnu::noinline]] std::int64_t fathom_sleep_outer(unsigned times, std::int64_t ns);
[[gnu::noinline]] std::int64_t fathom_sleep_inner(std::int64_t ns);
}
