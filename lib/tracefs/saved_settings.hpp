#pragma once

#include <fathom/tracefs/trace_files.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fathom::tracefs {

/// What settings were before they were changed.
class SavedSettings {
 public:
  explicit SavedSettings(std::shared_ptr<TraceFiles> files) : files_(std::move(files)) {}

  /// Remembers what the file says; gives it.
  std::string save(const std::string& path);
  /// Remembers what the file says and writes the text, unless it says so already.
  void set(const std::string& path, const std::string& text);
  /// Puts everything back, the newest first. Throws the first Error, having tried all; those that failed are kept.
  void restore();

 private:
  std::shared_ptr<TraceFiles> files_;
  std::vector<std::pair<std::string, std::string>> saved_;
};

}  // namespace fathom::tracefs
