#pragma once

#include <fathom/symbols/traceability.hpp>
#include <fathom/tracefs/trace_files.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace fathom::test {

/// The files that Traceability reads, made up; each can be changed or taken away before load(). Gone with the object.
class MadeUpKernel {
 public:
  MadeUpKernel();
  ~MadeUpKernel() { std::filesystem::remove_all(root_); }
  MadeUpKernel(const MadeUpKernel&) = delete;
  MadeUpKernel& operator=(const MadeUpKernel&) = delete;

  void write(const std::string& file, const std::string& text) {
    const auto path = root_ / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  void append(const std::string& file, const std::string& text) {
    std::ofstream(root_ / file, std::ios::binary | std::ios::app) << text;
  }
  void remove(const std::string& file) { std::filesystem::remove_all(root_ / file); }
  /// There, but cannot be read: a directory in its place.
  void spoil(const std::string& file) {
    remove(file);
    std::filesystem::create_directories(root_ / file);
  }
  [[nodiscard]] std::string path(const std::string& file) const { return root_ / file; }

  [[nodiscard]] TraceabilityOptions options() const {
    TraceabilityOptions options;
    options.tracefs = local_trace_files(path("tracing"));
    options.kallsyms_path = path("kallsyms");
    options.kprobe_blacklist_path = path("blacklist");
    options.btf_directory = path("btf");
    options.modules_root = path("modules");
    options.boot_directory = path("boot");
    options.release_path = path("osrelease");
    options.lockdown_path = path("lockdown");
    return options;
  }
  [[nodiscard]] Traceability load() const { return Traceability::load(options()); }

 private:
  std::filesystem::path root_;
};

}  // namespace fathom::test
