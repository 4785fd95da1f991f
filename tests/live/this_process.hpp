#pragma once

#include <chrono>
#include <set>
#include <string>

namespace fathom::live {

/// Whether this is one of the virtual machines of tests/vm: its processors are emulated, and nothing is locked down, so
/// that a test must not be skipped for want of rights.
[[nodiscard]] bool in_vm();

/// What the descriptors of this process are: "3 -> /dev/null".
[[nodiscard]] std::set<std::string> open_descriptors();

/// poll(2) for reading.
[[nodiscard]] bool readable(int fd, std::chrono::milliseconds timeout);

/// The processor time of this thread.
[[nodiscard]] std::chrono::nanoseconds thread_time();
/// Uses so much of it.
void work_for(std::chrono::nanoseconds time);

/// Has this thread run on one CPU only.
void pin_to(unsigned cpu);

}  // namespace fathom::live
