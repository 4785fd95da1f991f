#include <fathom/bpf/bpf_object.hpp>

#include <fathom-bpf/counter.bpf.hpp>
#include <fathom-bpf/filter.bpf.hpp>

// The object that fathom_add_bpf compiled and embedded is opened, which needs no rights; the types are the generated
// ones.
int main() {
  fathom::BpfObject object = fathom::BpfObject::open(counter::object);
  object.variable(counter::step.name).set(std::uint64_t{2});
  const bool right = object.program(counter::on_switch.name).type == fathom::BpfProgramType::tracepoint &&
                     sizeof(counter::count) == 16 && fathom::kRecordFields<counter::count>[1].name == "cpu";
  fathom::BpfObject packets = fathom::BpfObject::open(filter::object);
  const bool xdp = packets.program(filter::on_packet.name).type == fathom::BpfProgramType::xdp &&
                   packets.program(filter::on_skb.name).type == fathom::BpfProgramType::sched_cls;
  return right && xdp ? 0 : 1;
}
