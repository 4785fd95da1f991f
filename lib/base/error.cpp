#include <fathom/base/error.hpp>

namespace fathom {

struct Error::Detail {
  std::string action;
  std::string path;
  std::string hint;
  std::string what;
};

Error::Error(std::error_code code, std::string_view action, std::string_view path, std::string_view hint)
    : std::system_error(code) {
  std::string what = "cannot ";
  what += action;
  if (!path.empty()) {
    what += ' ';
    what += path;
  }
  what += ": ";
  what += code.message();
  if (!hint.empty()) {
    what += " (";
    what += hint;
    what += ')';
  }
  detail_ = std::make_shared<const Detail>(
      Detail{std::string(action), std::string(path), std::string(hint), std::move(what)});
}

Error::Error(int errno_value, std::string_view action, std::string_view path, std::string_view hint)
    : Error(std::error_code(errno_value, std::generic_category()), action, path, hint) {}

Error::Error(std::errc code, std::string_view action, std::string_view path, std::string_view hint)
    : Error(std::make_error_code(code), action, path, hint) {}

const char* Error::what() const noexcept {
  return detail_->what.c_str();
}
const std::string& Error::action() const noexcept {
  return detail_->action;
}
const std::string& Error::path() const noexcept {
  return detail_->path;
}
const std::string& Error::hint() const noexcept {
  return detail_->hint;
}

namespace {

std::string use_phrase(std::string_view feature) {
  std::string phrase = "use ";
  phrase += feature;
  phrase += " in";
  return phrase;
}

}  // namespace

UnsupportedError::UnsupportedError(std::string_view feature, std::string_view path, std::string_view instead)
    : Error(std::errc::not_supported, use_phrase(feature), path, instead),
      feature_(std::make_shared<const std::string>(feature)) {}

}  // namespace fathom
