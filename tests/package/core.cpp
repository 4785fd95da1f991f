#include <fathom/base/cpu_set.hpp>
#include <fathom/event/function_table.hpp>

// One thing of each kind that the library holds; the exit status says that it was really linked and ran.
int main() {
  fathom::FunctionTable functions;
  const fathom::FunctionId id = functions.intern("vfs_read");
  const bool right = functions[id].name == "vfs_read" && fathom::CpuSet::parse_list("0-3,8").size() == 5;
  return right ? 0 : 1;
}
