#include "common/live_counter.hpp"

#include <fmt/core.h>

#include <unistd.h>

#include <cstdio>

namespace examples {

namespace {

constexpr std::chrono::milliseconds kFirst{500};
constexpr std::chrono::milliseconds kInterval{100};

}  // namespace

LiveCounter::LiveCounter(bool enabled)
    : enabled_(enabled && ::isatty(STDERR_FILENO) == 1), next_(std::chrono::steady_clock::now() + kFirst) {}

void LiveCounter::update(const std::function<std::string()>& text) {
  if (!enabled_)
    return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_)
    return;
  next_ = now + kInterval;
  // Not fmt::print, which throws: a terminal may be gone, and the recording shall not end for that.
  static_cast<void>(std::fputs(fmt::format("\r{}\x1b[K", text()).c_str(), stderr));
  shown_ = true;
}

void LiveCounter::clear() {
  if (shown_)
    static_cast<void>(std::fputs("\r\x1b[K", stderr));
  shown_ = false;
}

}  // namespace examples
