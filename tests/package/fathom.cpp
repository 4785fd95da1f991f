#include <fathom/fathom.hpp>

int main() {
  return fathom::parse_trace_clock("mono_raw") == fathom::TraceClock::mono_raw ? 0 : 1;
}
