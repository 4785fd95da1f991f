#include "probed_functions.hpp"

extern "C" {

__attribute__((noinline)) int fathom_probed_add(int first, int second) {
  asm volatile("" ::: "memory");
  return first + second;
}

__attribute__((noinline)) int fathom_probed_multiply(int first, int second) {
  asm volatile("" ::: "memory");
  return first * second;
}

// Where <sys/sdt.h> puts them: in the file, so that the kernel finds the page by an offset.
__attribute__((section(".probes"), used)) volatile unsigned short fathom_probed_semaphore = 0;

// What DTRACE_PROBE2 of SystemTap's <sys/sdt.h> puts there: a nop, and a note with its place, the semaphore, the names
// and where the arguments are (https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation).
#define FATHOM_TEST_USDT(name, semaphore, first, second)                      \
  asm volatile(                                                               \
      "990: nop\n"                                                            \
      ".pushsection .note.stapsdt,\"?\",\"note\"\n"                           \
      ".balign 4\n"                                                           \
      ".4byte 992f-991f, 994f-993f, 3\n"                                      \
      "991: .asciz \"stapsdt\"\n"                                             \
      "992: .balign 4\n"                                                      \
      "993: .8byte 990b\n"                                                    \
      ".8byte _.stapsdt.base\n"                                               \
      ".8byte " semaphore                                                     \
      "\n"                                                                    \
      ".asciz \"fathom\"\n"                                                   \
      ".asciz \"" name                                                        \
      "\"\n"                                                                  \
      ".asciz \"-8@%0 -8@%1\"\n"                                              \
      "994: .balign 4\n"                                                      \
      ".popsection\n"                                                         \
      ".ifndef _.stapsdt.base\n"                                              \
      ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n" \
      ".weak _.stapsdt.base\n"                                                \
      ".hidden _.stapsdt.base\n"                                              \
      "_.stapsdt.base: .space 1\n"                                            \
      ".size _.stapsdt.base, 1\n"                                             \
      ".popsection\n"                                                         \
      ".endif\n" ::"r"(first),                                                \
      "r"(second))

__attribute__((noinline)) void fathom_probed_usdt(long first, long second) {
  FATHOM_TEST_USDT("called", "0", first, second);
}

__attribute__((noinline)) void fathom_probed_guarded_usdt(long first, long second) {
  FATHOM_TEST_USDT("guarded", "fathom_probed_semaphore", first, second);
}
}
