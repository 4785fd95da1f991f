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
  fmt::print(stderr, "\r{}\x1b[K", text());
  shown_ = true;
}

void LiveCounter::clear() {
  if (shown_)
    fmt::print(stderr, "\r\x1b[K");
  shown_ = false;
}

}  // namespace examples
