#pragma once

#include <fathom/base/error.hpp>

#include <chrono>
#include <thread>

namespace fathom::tracefs {

/// Calls `action` until it no longer throws Error with EBUSY, for a second at most: a reader that is just ending, a
/// tracer that is just stopping. What it throws then, or any other Error, passes.
template <typename Action>
void while_busy(Action action) {
  using namespace std::chrono_literals;
  constexpr auto kPatience = 1s;
  constexpr auto kPause = 10ms;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    try {
      action();
      return;
    } catch (const Error& error) {
      if (error.code() != std::errc::device_or_resource_busy || std::chrono::steady_clock::now() >= deadline)
        throw;
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace fathom::tracefs
