#pragma once

#include <gtest/gtest.h>

#include <unistd.h>

namespace fathom::test {

/// For tests of programs that nobody but root may run.
class RootTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0)
      GTEST_SKIP() << "needs root";
  }
};

}  // namespace fathom::test
