#include "cgroup_support.hpp"

#include <fathom/bpf/cgroup_program.hpp>

namespace fathom::live {

LoadedBpf load_cgroup_programs(std::initializer_list<std::string_view> programs) {
  BpfObject object = BpfObject::open(cgroup::object);
  for (const std::string_view name : programs)
    object.program(name).autoload = true;
  object.variable("dropped_bytes").set<std::uint32_t>(kDroppedBytes);
  object.variable("refused_port").set<std::uint16_t>(kRefused);
  object.variable("asked_port").set<std::uint16_t>(kAsked);
  object.variable("server_port").set<std::uint16_t>(kServer);
  return object.load();
}

std::vector<BpfLink> attach_all(const LoadedBpf& bpf, const TestCgroup& group) {
  std::vector<BpfLink> links;
  for (const auto& program : bpf.programs())
    links.push_back(CgroupProgram(program).attach(group.cgroup()));
  return links;
}

}  // namespace fathom::live
