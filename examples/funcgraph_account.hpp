#pragma once

#include "funcgraph_read.hpp"

#include <string>
#include <vector>

namespace funcgraph {

/// What became of the input, for a person: how much there was, what was skipped and why, what the kernel lost.
struct Account {
  std::vector<std::string> lines;
  bool something_missing = false;  // skipped, lost, or left out
};

Account account_of(const Trace& trace);

}  // namespace funcgraph
