#include <fathom/base/error.hpp>
#include <fathom/output/folded_text.hpp>
#include <fathom/profile/off_cpu_profiler.hpp>
#include <fathom/profile/profile_names.hpp>

#include <iostream>

// The component is linked, and what it embeds is asked for no more than its arguments are; that needs no rights.
int main() {
  try {
    fathom::OffCpuProfiler profiler({.max_stacks = 0});
  } catch (const fathom::Error&) {
    fathom::Profile profile;
    profile.entries.push_back({.task = {.comm = "sh"}, .kernel = {1}, .count = 2});
    const fathom::NamedProfile named = fathom::name_profile(profile, {});
    fathom::write_folded(std::cout, named.folded());
    return 0;
  }
  return 1;
}
