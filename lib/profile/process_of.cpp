#include "process_of.hpp"

#include <fathom/base/error.hpp>

#include <cerrno>
#include <fstream>

namespace fathom::profile {

std::uint32_t process_of(int tid, const std::string& proc) {
  const std::string path = proc + '/' + std::to_string(tid) + "/status";
  std::ifstream status(path);
  // By lines: the name, in the first one, may be anything.
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Tgid:"))
      return static_cast<std::uint32_t>(std::stoul(line.substr(line.find(':') + 1)));
  }
  throw Error(ESRCH, "find the process of thread " + std::to_string(tid), path, "there is no such thread");
}

}  // namespace fathom::profile
