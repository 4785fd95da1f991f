#include <fathom/bpf/bpf_object.hpp>

#include <fathom-bpf/counter.bpf.hpp>

// The object that fathom_add_bpf compiled and embedded is opened, which needs no rights; the types are the generated
// ones.
int main() {
  fathom::BpfObject object = fathom::BpfObject::open(counter::object);
  object.variable(counter::step.name).set(std::uint64_t{2});
  const bool right = object.program(counter::on_switch.name).type == fathom::BpfProgramType::tracepoint &&
                     sizeof(counter::count) == 16 && fathom::kRecordFields<counter::count>[1].name == "cpu";
  return right ? 0 : 1;
}
