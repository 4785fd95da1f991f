#include "kallsyms_baseline.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <stdexcept>

namespace fathom::bench {

namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

std::unique_ptr<std::FILE, Close> open_file(const std::string& path) {
  std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "re"));
  if (file == nullptr)
    throw std::runtime_error("cannot open " + path);
  return file;
}

}  // namespace

SortedSymbols SortedSymbols::with_getline(const std::string& path) {
  SortedSymbols symbols;
  const auto file = open_file(path);
  char* line = nullptr;
  std::size_t capacity = 0;
  while (::getline(&line, &capacity, file.get()) > 0) {
    char* end = nullptr;
    const std::uint64_t address = std::strtoull(line, &end, 16);
    const std::string_view name(end + 3);
    symbols.symbols_.push_back({address, std::string(name.substr(0, name.find_first_of("\t\n")))});
  }
  std::free(line);
  symbols.sort();
  return symbols;
}

SortedSymbols SortedSymbols::with_fscanf(const std::string& path) {
  SortedSymbols symbols;
  const auto file = open_file(path);
  unsigned long long address = 0;
  char type = 0;
  std::array<char, 512> name{};
  while (std::fscanf(file.get(), "%llx %c %511s%*[^\n]\n", &address, &type, name.data()) == 3)
    symbols.symbols_.push_back({address, name.data()});
  symbols.sort();
  return symbols;
}

void SortedSymbols::sort() {
  std::stable_sort(symbols_.begin(), symbols_.end(),
                   [](const Symbol& a, const Symbol& b) { return a.address < b.address; });
}

const SortedSymbols::Symbol* SortedSymbols::find(std::uint64_t address) const {
  const auto behind = std::upper_bound(symbols_.begin(), symbols_.end(), address,
                                       [](std::uint64_t a, const Symbol& s) { return a < s.address; });
  return behind == symbols_.begin() ? nullptr : &*std::prev(behind);
}

const SortedSymbols::Symbol* SortedSymbols::named(std::string_view name) const {
  const auto found = std::ranges::find(symbols_, name, &Symbol::name);
  return found == symbols_.end() ? nullptr : &*found;
}

std::size_t only_read(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    throw std::runtime_error("cannot open " + path);
  std::vector<char> buffer(64UL * 1024);
  std::size_t size = 0;
  for (::ssize_t n = 0; (n = ::read(fd, buffer.data(), buffer.size())) > 0;)
    size += static_cast<std::size_t>(n);
  ::close(fd);
  return size;
}

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace fathom::bench
