#include "net_programs.hpp"

#include <vector>

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

std::uint64_t VethTest::order_of_a_frame(const LoadedBpf& bpf) const {
  const auto order = bpf.variable(network::order);
  order.store(0);
  one->send(2);
  EXPECT_EQ(two->receive(1), std::vector<std::uint8_t>{2});
  return order.load();
}

}  // namespace fathom::live
