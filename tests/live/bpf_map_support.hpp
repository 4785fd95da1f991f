#pragma once

#include "bpf_fs.hpp"
#include "bpf_support.hpp"

#include <fathom/bpf/bpf_error.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

namespace fathom::live {

struct Point {
  std::uint32_t x;
  std::uint32_t y;

  friend auto operator<=>(const Point&, const Point&) = default;
};

/// The cause of what `work` throws; empty if it throws nothing.
template <class Work>
[[nodiscard]] std::optional<BpfCause> cause_of(Work work) {
  try {
    work();
  } catch (const BpfError& error) {
    return error.cause();
  }
  return std::nullopt;
}

/// The text of what `work` throws; empty if it throws nothing.
template <class Work>
[[nodiscard]] std::string error_of(Work work) {
  try {
    work();
  } catch (const BpfError& error) {
    return error.what();
  }
  return {};
}

/// Maps that leave nothing behind.
class BpfMapTest : public BpfTest {};

}  // namespace fathom::live
