#include "trace_input.hpp"

#include "packed_file.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace fathom::bench {

namespace {

constexpr std::size_t kBytes = 100'000'000;

std::string read_capture(const std::string& member) {
  return read_packed(FATHOM_BENCH_CAPTURES, "./" + member);
}

std::string repeated(const std::string& text) {
  std::string all;
  while (all.size() < kBytes)
    all += text;
  return all;
}

std::string with_all_columns(const std::string& text) {
  std::istringstream lines(text);
  std::string out =
      "# tracer: function_graph\n#\n"
      "#     TIME        CPU  TASK/PID         DURATION                  FUNCTION CALLS\n"
      "#      |          |     |    |           |   |                     |   |   |   |\n";
  unsigned long long micros = 27'995'792;
  for (std::string line; std::getline(lines, line);) {
    // " 0) + 39.908 us   |    f(a=0x1);": the task's column comes between the CPU and the duration.
    constexpr std::size_t kCpu = 4;
    if (line.size() < kCpu || line.compare(2, 2, ") ") != 0 || line.find(" => ") != std::string::npos)
      continue;
    std::array<char, 64> time{};
    micros += 2;
    std::snprintf(time.data(), time.size(), "%5llu.%06llu |  ", micros / 1'000'000, micros % 1'000'000);
    out += time.data();
    out += line.substr(0, kCpu) + "   init2-1    " + " | ";
    if (line.ends_with(");"))
      out += line.substr(kCpu) + " /* ret=0xff11000005017000 */";
    else if (line.ends_with("}"))
      out += line.substr(kCpu) + " /* do_sys_openat2 ret=0x0 */";
    else
      out += line.substr(kCpu);
    out += '\n';
  }
  return out;
}

}  // namespace

const std::string& default_trace() {
  static const std::string text = [] {
    if (const char* path = std::getenv("FATHOM_BENCH_TRACE"))
      return read_file(path);
    return repeated(read_capture("6.1.0-56-amd64/fg-smp/smp-switch-full.txt"));
  }();
  return text;
}

const std::string& full_trace() {
  static const std::string text = repeated(with_all_columns(read_capture("7.3.4+deb13-amd64/fg/args-all.txt")));
  return text;
}

}  // namespace fathom::bench
