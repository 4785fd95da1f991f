#include "trace_input.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace fathom::bench {

namespace {

constexpr std::size_t kBytes = 100'000'000;

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (text.empty())
    throw std::runtime_error("cannot read " + path);
  return text;
}

// A member of the packed captures, by tar, which knows zstd.
std::string read_capture(const std::string& member) {
  const std::string command = "tar --zstd -xOf '" FATHOM_BENCH_CAPTURES "' './" + member + "'";
  const auto close = [](std::FILE* pipe) { pclose(pipe); };
  const std::unique_ptr<std::FILE, decltype(close)> pipe(popen(command.c_str(), "r"), close);
  std::string text;
  std::array<char, 65536> buffer{};
  while (pipe != nullptr) {
    const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe.get());
    if (n == 0)
      break;
    text.append(buffer.data(), n);
  }
  if (text.empty())
    throw std::runtime_error("cannot unpack " + member + "; are tar and zstd there?");
  return text;
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
