#include "demangle.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string_view>

namespace fathom::detail {

namespace {

constexpr std::uint64_t kUnbounded = std::numeric_limits<std::uint64_t>::max() / 2;

// How many bytes a mangled name can unfold to, at most. Names refer back to what they said before (`S0_`, `T_`), so ten
// bytes can double the text, and some hundred fill the memory. What such a reference stands for was complete before any
// reference to it or to a later one, so it is no longer than all that was unfolded until then.
class UnfoldedBound {
 public:
  explicit UnfoldedBound(std::string_view name) : rest_(name) {}

  std::uint64_t compute() {
    while (!rest_.empty() && total_ < kUnbounded)
      step();
    return total_;
  }

 private:
  static constexpr std::uint64_t kLongestCode = 16;    // `y`: unsigned long long
  static constexpr std::size_t kSubstitutions = 4096;  // a name of 8192 bytes has no more of use

  static bool digit(char c) noexcept { return c >= '0' && c <= '9'; }

  void step() {
    const char c = rest_.front();
    if (digit(c))
      return identifier();
    if (c == 'S' || c == 'T') {
      const std::size_t end =
          std::min(rest_.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 1), rest_.size());
      if (end < rest_.size() && rest_[end] == '_') {
        const std::string_view number = rest_.substr(1, end - 1);
        rest_.remove_prefix(end + 1);
        total_ += c == 'S' ? substitution(number) : template_argument();
        return;
      }
    }
    // A template argument's meaning changes with the function, and functions nest by local names; it is read ahead in
    // the name of a conversion.
    nests_ = nests_ || rest_.starts_with("Z") || rest_.starts_with("cv") || rest_.starts_with("Ul");
    ended_ = ended_ || c == 'E';
    total_ += kLongestCode;
    rest_.remove_prefix(1);
  }

  void identifier() {
    std::size_t length = 0;
    while (!rest_.empty() && digit(rest_.front())) {
      length = std::min<std::size_t>(length * 10 + static_cast<std::size_t>(rest_.front() - '0'), rest_.size());
      rest_.remove_prefix(1);
    }
    length = std::min(length, rest_.size());
    total_ += length + 2;
    rest_.remove_prefix(length);
  }

  std::uint64_t substitution(std::string_view number) {
    std::size_t index = number.empty() ? 0 : 1;
    for (std::size_t value = 0; const char c : number) {
      value = std::min(value * 36 + static_cast<std::size_t>(digit(c) ? c - '0' : c - 'A' + 10), kSubstitutions);
      index = value + 1;
    }
    index = std::min(index, kSubstitutions - 1);
    for (; known_ <= index; ++known_)
      before_[known_] = total_;
    return before_[index];
  }

  std::uint64_t template_argument() {
    if (argument_ == 0 || (nests_ && ended_))
      argument_ = total_;
    ended_ = false;
    return argument_;
  }

  std::string_view rest_;
  std::uint64_t total_ = 0;
  std::array<std::uint64_t, kSubstitutions> before_{};  // by substitution: what it is no longer than
  std::size_t known_ = 0;                               // how many of these there are
  std::uint64_t argument_ = 0;                          // likewise of template arguments
  bool nests_ = false;
  bool ended_ = false;  // something since the last template argument
};

}  // namespace

std::string demangled(const std::string& name) {
  // Of 62,000 names of libclang, Boost and libstdc++ none is longer or has a greater bound or text.
  constexpr std::size_t kLongestName = 8192;
  constexpr std::uint64_t kGreatestBound = 4U << 20U;
  constexpr std::size_t kLongestText = 64U << 10U;
  constexpr std::string_view kPrefix = "_Z";
  if (!name.starts_with(kPrefix) || name.size() > kLongestName ||
      UnfoldedBound(std::string_view(name).substr(kPrefix.size())).compute() > kGreatestBound)
    return name;
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status),
                                                         &std::free);
  if (text == nullptr)
    return name;
  const std::string_view unfolded(text.get());
  return unfolded.size() > kLongestText ? name : std::string(unfolded);
}

}  // namespace fathom::detail
