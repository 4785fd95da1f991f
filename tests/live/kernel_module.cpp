#include "kernel_module.hpp"

#include <fathom/process/child.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <utility>
#include <vector>

namespace fathom::live {

namespace {

void run(const std::vector<std::string>& command) {
  Child child(command);
  child.resume();
  const ExitStatus status = child.wait();
  EXPECT_TRUE(status.success()) << command.front() << ' ' << command.back();
}

}  // namespace

std::optional<std::string> why_no_modules() {
  if (std::getenv("FATHOM_VM") == nullptr)
    return "loads kernel modules: only in a VM";
  return std::nullopt;
}

KernelModule::KernelModule(std::string name, const std::vector<std::string>& parameters) : name_(std::move(name)) {
  std::vector<std::string> command = {"modprobe", name_};
  command.insert(command.end(), parameters.begin(), parameters.end());
  run(command);
}
KernelModule::~KernelModule() {
  run({"rmmod", name_});
}

void trigger_uevent(const std::string& path, const std::string& action) {
  std::ofstream file(path);
  file << action << std::flush;
  EXPECT_TRUE(file.good()) << path;
}

}  // namespace fathom::live
