#include <fathom/base/cpu_set.hpp>
#include <fathom/event/function_table.hpp>
#include <fathom/profile/profile_names.hpp>

// One thing of each kind that the library holds; the exit status says that it was really linked and ran. A profile that
// was gathered elsewhere is named without the component that gathers.
int main() {
  fathom::FunctionTable functions;
  const fathom::FunctionId id = functions.intern("vfs_read");
  const fathom::Profile profile{.entries = {{.task = {.comm = "sh"}, .kernel = {1}, .count = 2}}};
  const bool right = functions[id].name == "vfs_read" && fathom::CpuSet::parse_list("0-3,8").size() == 5 &&
                     fathom::name_profile(profile, {}).stacks.size() == 1;
  return right ? 0 : 1;
}
