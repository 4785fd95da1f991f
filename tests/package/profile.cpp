#include <fathom/base/error.hpp>
#include <fathom/profile/off_cpu_profiler.hpp>

// The component is linked, and what it embeds is asked for no more than its arguments are; that needs no rights.
int main() {
  try {
    fathom::OffCpuProfiler profiler({.max_stacks = 0});
  } catch (const fathom::Error&) {
    return 0;
  }
  return 1;
}
