#pragma once

#include "this_process.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/process/child.hpp>
#include <fathom/tracefs/dynamic_event.hpp>
#include <fathom/tracefs/trace_event.hpp>
#include <fathom/tracefs/trace_fs.hpp>
#include <fathom/tracefs/trace_instance.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace fathom::live {

/// Why a test cannot be done on this kernel: it is locked down, or lacks the feature. In a VM that is a failure.
inline std::optional<std::string> why_not_here(const Error& error) {
  if (in_vm())
    return std::nullopt;
  if (error.code() != std::errc::operation_not_permitted && error.code() != std::errc::not_supported)
    return std::nullopt;
  return error.what();
}

/// A private instance, in which tests trace their own tasks; checks that they leave nothing behind.
class EventsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    descriptors_ = open_descriptors();
    dynamic_events_ = dynamic_events();
    clock_ = tracefs.trace_clocks().current;
    instance.emplace(tracefs.files());
    events.emplace(*instance);
  }
  void TearDown() override {
    events.reset();
    instance.reset();
    EXPECT_EQ(open_descriptors(), descriptors_);
    EXPECT_EQ(dynamic_events(), dynamic_events_);
    EXPECT_EQ(tracefs.trace_clocks().current, clock_);
  }

  [[nodiscard]] std::string dynamic_events() const {
    return tracefs.has("dynamic_events") ? tracefs.files()->read("dynamic_events") : std::string{};
  }
  [[nodiscard]] bool readme_has(std::string_view text) const {
    return tracefs.files()->read("README").find(text) != std::string::npos;
  }

  TraceFs tracefs;
  std::optional<TraceInstance> instance;
  std::optional<TraceEvents> events;

 private:
  std::set<std::string> descriptors_;
  std::string dynamic_events_;
  std::string clock_;
};

/// Runs a command to its end, its output unseen; `before` is told its pid while it is held.
inline void run(const std::vector<std::string>& command, const std::function<void(int)>& before) {
  const UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  Child child(command, {.stdout_fd = null.get()});
  before(child.pid());
  child.resume();
  EXPECT_TRUE(child.wait().success());
}

inline std::string of_pid(int pid) {
  return "common_pid == " + std::to_string(pid);
}

inline std::size_t count(std::string_view text, std::string_view what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size()))
    ++n;
  return n;
}

}  // namespace fathom::live
