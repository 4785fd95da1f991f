#include "libbpf_print.hpp"

#include <bpf/libbpf.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <string>

namespace fathom::bpf {

namespace {

thread_local PrintScope* current = nullptr;
std::atomic<libbpf_print_fn_t> previous = nullptr;

[[gnu::format(printf, 2, 0)]] void append(PrintScope& scope, const char* format, std::va_list arguments) {
  std::va_list again;
  va_copy(again, arguments);
  const int length = std::vsnprintf(nullptr, 0, format, arguments);
  if (length > 0) {
    std::string text(static_cast<std::size_t>(length) + 1, '\0');
    std::vsnprintf(text.data(), text.size(), format, again);
    text.pop_back();
    scope.add(text);
  }
  va_end(again);
}

}  // namespace

// C calls this: it may not throw.
[[gnu::format(printf, 2, 0)]] static int print(libbpf_print_level level, const char* format,
                                               std::va_list arguments) noexcept {
  if (current == nullptr) {
    const libbpf_print_fn_t pass_on = previous.load();
    return pass_on != nullptr ? pass_on(level, format, arguments) : 0;
  }
  if (level == LIBBPF_WARN) {
    try {
      append(*current, format, arguments);
    } catch (...) {
      // Out of memory: an error without its details.
    }
  }
  return 0;
}

PrintScope::PrintScope() : outer_(current) {
  static std::once_flag once;
  std::call_once(once, [] { previous = libbpf_set_print(print); });
  current = this;
}

PrintScope::~PrintScope() {
  current = outer_;
}

}  // namespace fathom::bpf
