#include "function_graph_baseline.hpp"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <istream>
#include <sstream>
#include <streambuf>
#include <unordered_map>

namespace fathom::bench {

namespace {

class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(const std::string& text) {
    char* const first = const_cast<char*>(text.data());
    setg(first, first, first + text.size());
  }
};

class Parser {
 public:
  // From the duration column on.
  void parse_columns(const char* columns) {
    double micros = 0;
    char mark = ' ';
    const bool timed =
        std::sscanf(columns, "%lf us", &micros) == 1 || std::sscanf(columns, " %c %lf us", &mark, &micros) == 2;
    if (timed)
      result_.nanoseconds += static_cast<std::uint64_t>(std::llround(micros * 1000));
    const char* bar = std::strchr(columns, '|');
    if (bar == nullptr)
      return;
    char name[512];
    if (std::sscanf(bar + 1, " %511[^ (;{}]", name) == 1) {
      if (name[0] == '/')
        return;
      ++functions_[name];
      ++(timed ? result_.leaves : result_.entries);
    } else if (std::strchr(bar, '}') != nullptr) {
      ++result_.exits;
    }
  }

  [[nodiscard]] const BaselineResult& result() const { return result_; }

 private:
  BaselineResult result_;
  std::unordered_map<std::string, std::uint64_t> functions_;
};

}  // namespace

BaselineResult parse_with_sscanf(const std::string& text) {
  ViewBuffer buffer(text);
  std::istream in(&buffer);
  Parser parser;
  for (std::string line; std::getline(in, line);) {
    int cpu = 0;
    int columns = 0;
    if (std::sscanf(line.c_str(), " %d) %n", &cpu, &columns) == 1 && columns > 0 &&
        line.find(" => ") == std::string::npos)
      parser.parse_columns(line.c_str() + columns);
  }
  return parser.result();
}

BaselineResult parse_full_with_sscanf(const std::string& text) {
  ViewBuffer buffer(text);
  std::istream in(&buffer);
  Parser parser;
  for (std::string line; std::getline(in, line);) {
    double seconds = 0;
    int cpu = 0;
    int columns = 0;
    char task[64];
    if (std::sscanf(line.c_str(), " %lf | %d) %63s |%n", &seconds, &cpu, task, &columns) == 3 && columns > 0)
      parser.parse_columns(line.c_str() + columns);
  }
  return parser.result();
}

}  // namespace fathom::bench
