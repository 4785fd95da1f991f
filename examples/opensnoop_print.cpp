#include "opensnoop_print.hpp"

#include "common/printable.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <system_error>

namespace opensnoop_example {

namespace {

std::string_view comm_of(const opensnoop::open& open) {
  return {std::begin(open.comm), std::find(std::begin(open.comm), std::end(open.comm), '\0')};
}

bool is_cut(const opensnoop::open& open) {
  return open.path_size == static_cast<int>(sizeof open.path);
}

}  // namespace

std::string_view path_of(const opensnoop::open& open) {
  return open.path_size <= 0 ? std::string_view()
                             : std::string_view(open.path, static_cast<std::size_t>(open.path_size) - 1);
}

Printer::Printer(std::ostream& out, bool json) : out_(out), json_(json) {
  if (!json_)
    out_ << fmt::format("{:>7} {:<15} {:>4} {:>3} {}\n", "PID", "COMM", "FD", "ERR", "PATH");
}

void Printer::print(const opensnoop::open& open) {
  const int error = std::max(0, -open.result);
  if (json_) {
    nlohmann::ordered_json json{{"pid", open.pid}, {"tid", open.tid}, {"comm", comm_of(open)}, {"flags", open.flags}};
    if (error == 0)
      json["fd"] = open.result;
    else
      json["errno"] = error;
    if (open.path_size > 0)
      json["path"] = path_of(open);
    if (is_cut(open))
      json["path_cut"] = true;
    out_ << json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
    return;
  }
  const std::string path = open.path_size > 0 ? examples::printable(path_of(open)) : "(could not be read)";
  out_ << fmt::format("{:>7} {:<15} {:>4} {:>3} {}{}\n", open.pid, examples::printable(comm_of(open)),
                      error == 0 ? fmt::format("{}", open.result) : "-", error, path, is_cut(open) ? "..." : "");
}

}  // namespace opensnoop_example
