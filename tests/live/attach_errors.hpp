#pragma once

#include <fathom/bpf/bpf_error.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace fathom::live {

/// What the call throws; a failure if it throws nothing.
template <class Call>
BpfError error_of(Call call) {
  try {
    call();
  } catch (const BpfError& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return BpfError({.errno_value = 0, .operation = "fail"});
}

/// What the call gives; empty, with a reason to skip the test, if this kernel does not have or allow the kind. Then the
/// error must say so.
template <class Call>
auto if_kernel_has(Call call, std::string& reason) -> std::optional<decltype(call())> {
  try {
    return call();
  } catch (const BpfError& error) {
    if (error.cause() != BpfCause::unsupported && error.cause() != BpfCause::denied)
      throw;
    EXPECT_FALSE(error.hint().empty()) << error.what();
    reason = std::string(to_string(error.cause())) + ": " + error.hint();
    return std::nullopt;
  }
}

}  // namespace fathom::live
