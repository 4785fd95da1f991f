// fathom-bpf-header OBJECT NAME HEADER EMBEDDING
//
// Run by fathom_add_bpf: writes for the BPF object OBJECT, called NAME, the C++ header HEADER, and EMBEDDING, a C++
// file that makes the object's bytes a part of the program that it is compiled into.
#include "cpp_names.hpp"
#include "generate.hpp"

#include <fathom/bpf/bpf_object.hpp>

#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

void write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc | std::ios::binary);
  file << text;
  file.close();
  if (!file)
    throw std::runtime_error("cannot write " + path);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 5)
      throw std::invalid_argument("usage: fathom-bpf-header OBJECT NAME HEADER EMBEDDING");
    const std::string object = argv[1];
    const std::string name = argv[2];
    fathom::bpf::check_namespace(name);
    fathom::BpfObject opened = fathom::BpfObject::open(object, {.name = name});
    write(argv[3], fathom::bpf::generate_header(opened));
    write(argv[4],
          fathom::bpf::generate_embedding(name, std::filesystem::absolute(object), std::filesystem::file_size(object)));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "fathom-bpf-header: " << error.what() << '\n';
    return 1;
  }
}
