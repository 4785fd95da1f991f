#include "saved_settings.hpp"

#include "setting.hpp"
#include "text.hpp"

#include <fathom/base/error.hpp>

#include <exception>

namespace fathom::tracefs {

std::string SavedSettings::save(const std::string& path) {
  std::string text = files_->read(path);
  saved_.emplace_back(path, text);
  return text;
}

void SavedSettings::set(const std::string& path, const std::string& text) {
  if (trimmed(files_->read(path)) == text)
    return;
  save(path);
  files_->write(path, text + '\n');
}

void SavedSettings::restore() {
  std::exception_ptr first_error;
  std::vector<std::pair<std::string, std::string>> failed;
  for (; !saved_.empty(); saved_.pop_back()) {
    const auto& [path, text] = saved_.back();
    try {
      restore_setting(files_, path, text);
    } catch (const Error&) {
      if (!first_error)
        first_error = std::current_exception();
      failed.insert(failed.begin(), saved_.back());
    }
  }
  saved_ = std::move(failed);
  if (first_error)
    std::rethrow_exception(first_error);
}

}  // namespace fathom::tracefs
