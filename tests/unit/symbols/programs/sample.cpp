// A program for ElfSymbolizer to look into. It prints the addresses of two marked instructions, then waits to be
// killed. The tests know the names of its functions and on which lines, which they find by the words LINE_*, they
// stand.

#include <unistd.h>

#include <cstdint>
#include <cstdio>

extern "C" const char sample_marker[];
extern "C" const char plain_marker[];

namespace sample {

volatile int sink;

[[gnu::always_inline]] inline int inner(int value) {
  asm volatile(".globl sample_marker\nsample_marker: nop" ::"r"(value));  // LINE_INNER
  return value * 3;
}

[[gnu::always_inline]] inline int middle(int value) {
  return inner(value + 1) + 1;  // LINE_MIDDLE
}

class Box {
 public:
  [[gnu::noinline, gnu::noclone]] int outer(int value);
};

int Box::outer(int value) {
  return middle(value) * 2;  // LINE_OUTER
}

}  // namespace sample

extern "C" [[gnu::noinline, gnu::noclone]] int plain_function(int value) {
  asm volatile(".globl plain_marker\nplain_marker: nop" ::"r"(value));  // LINE_PLAIN
  return value + 1;
}

int main(int argc, char**) {
  sample::Box box;
  sample::sink = box.outer(argc) + plain_function(argc);
  std::printf("%lx %lx %lx\n", reinterpret_cast<std::uintptr_t>(sample_marker),
              reinterpret_cast<std::uintptr_t>(plain_marker), reinterpret_cast<std::uintptr_t>(&sample::sink));
  std::fflush(stdout);
  // Until whoever started it closes the pipe.
  char byte = 0;
  return ::read(0, &byte, 1) < 0 ? 1 : 0;
}
