#include "attach_support.hpp"

namespace fathom::live {

LoadedBpf load_only(std::string_view program, int target_pid, std::uint64_t target_inode) {
  BpfObject object = BpfObject::open(attach::object);
  object.program(program).autoload = true;
  object.variable("target_pid").set<std::int32_t>(target_pid);
  object.variable("target_inode").set<std::uint64_t>(target_inode);
  return object.load();
}

struct attach::totals totals_of(const LoadedBpf& bpf) {
  return bpf.variable<struct attach::totals>("totals").get();
}

}  // namespace fathom::live
