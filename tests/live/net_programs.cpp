#include "net_programs.hpp"

namespace fathom::live {

LoadedBpf load_network(std::initializer_list<std::string_view> programs) {
  BpfObject object = BpfObject::open(network::object);
  for (const std::string_view program : programs)
    object.program(program).autoload = true;
  return object.load();
}

std::map<unsigned, std::uint64_t> frames(const LoadedBpf& bpf, std::string_view counts) {
  const auto seen = bpf.variable<struct network::seen>(counts).get();
  std::map<unsigned, std::uint64_t> found;
  for (unsigned mark = 0; mark < std::size(seen.frames); ++mark) {
    if (seen.frames[mark] != 0)
      found.emplace(mark, seen.frames[mark]);
  }
  return found;
}

}  // namespace fathom::live
