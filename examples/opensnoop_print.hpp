#pragma once

#include <fathom-bpf/opensnoop.bpf.hpp>
#include <ostream>
#include <string_view>

namespace opensnoop_example {

/// The path; empty if it could not be read.
std::string_view path_of(const opensnoop::open& open);

/// Writes opens: a line of text each, below a heading, or a JSON object a line.
class Printer {
 public:
  Printer(std::ostream& out, bool json);
  void print(const opensnoop::open& open);

 private:
  std::ostream& out_;
  bool json_;
};

}  // namespace opensnoop_example
