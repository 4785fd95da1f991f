// Prints {"vfs_read": [calls, total_ns], ...} of a file of function_graph text, for compare_function_stats.py.

#include <fathom/graph/call_forest.hpp>
#include <fathom/graph/function_graph_parser.hpp>
#include <fathom/graph/function_stats.hpp>

#include <nlohmann/json.hpp>

#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

void dump(const char* path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    throw std::runtime_error("cannot open " + std::string(path));
  fathom::CallForest forest;
  fathom::FunctionGraphParser parser;
  std::vector<char> buffer(1U << 16U);
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())), in.gcount() > 0)
    parser.feed({buffer.data(), static_cast<std::size_t>(in.gcount())}, forest);
  parser.finish(forest);
  forest.finish();

  nlohmann::json result = nlohmann::json::object();
  const fathom::FunctionStats stats = fathom::function_stats(forest);
  for (const fathom::FunctionStat& f : stats.by_name()) {
    if (f.calls == 0)
      continue;
    std::string name(f.name);
    if (!f.module.empty())
      name += " [" + std::string(f.module) + ']';
    result[name] = {f.calls, f.total.count()};
  }
  std::cout << result.dump() << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: dump_function_stats FILE\n";
    return 2;
  }
  try {
    dump(argv[1]);
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
  return 0;
}
