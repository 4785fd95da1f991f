#pragma once

#include <CLI/CLI.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

// What the programs profile and offcpu have in common: stacks of a command, a process or the machine.
namespace stacks {

enum class Format { folded, table, json };

struct Options {
  int pid = 0;                                       ///< 0: the command, or else the machine
  std::vector<std::string> command;                  ///< empty: none
  std::optional<std::chrono::nanoseconds> duration;  ///< absent: until the command or process ends, or Ctrl-C
  Format format = Format::folded;
  unsigned top = 20;     ///< rows of the table
  bool threads = false;  ///< name stacks by thread
  bool inlined = false;  ///< with inlined functions
  bool states = false;   ///< off CPU: the state behind each stack
  bool kernel = true;    ///< stacks of the kernel
  bool user = true;      ///< stacks of user space
  bool quiet = false;    ///< no account at the end
  bool check = false;    ///< against a child of our own
  std::string output = "-";
};

/// Parses: the options that both have, and those that `app` has already. Empty if the command line only asked for help
/// or the version, which is then printed. Throws examples::UsageError.
std::optional<Options> parse(CLI::App& app, int argc, const char* const* argv);

}  // namespace stacks
