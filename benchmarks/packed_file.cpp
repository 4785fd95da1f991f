#include "packed_file.hpp"

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

namespace fathom::bench {

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (text.empty())
    throw std::runtime_error("cannot read " + path);
  return text;
}

std::string read_packed(const std::string& archive, const std::string& member) {
  const std::string command = "tar --zstd -xOf '" + archive + "' '" + member + "'";
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

}  // namespace fathom::bench
