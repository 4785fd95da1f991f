#include "event_source.hpp"

#include "name_error.hpp"
#include "parse_number.hpp"

#include <fathom/base/error.hpp>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <utility>

namespace fathom::perf {

namespace {

constexpr unsigned kWordBits = 64;

// The first line of a file.
std::optional<std::string> read_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (std::getline(file, line))
    return line;
  return std::nullopt;
}

// Gives `use` the parts of `text` between commas; it says whether to go on.
template <class Use>
bool for_each_part(std::string_view text, Use use) {
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (!use(text.substr(0, comma)))
      return false;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return true;
}

std::uint64_t* word_of(PmuEvent& event, std::string_view word) {
  if (word == "config")
    return &event.config;
  if (word == "config1")
    return &event.config1;
  if (word == "config2")
    return &event.config2;
  return nullptr;
}

std::uint64_t low_bits(std::uint64_t count) {
  return count >= kWordBits ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

// Moves the lowest bits of `value` to the bits "FIRST-LAST" or "BIT" of `word`.
bool move_bits(std::uint64_t& word, std::string_view range, std::uint64_t& value) {
  const std::size_t dash = range.find('-');
  const auto first = parse_digits(range.substr(0, dash), 10);
  const auto last = dash == std::string_view::npos ? first : parse_digits(range.substr(dash + 1), 10);
  if (!first || !last || *first > *last || *last >= kWordBits)
    return false;
  const std::uint64_t count = *last - *first + 1;
  const std::uint64_t mask = low_bits(count);
  word = (word & ~(mask << *first)) | (value & mask) << *first;
  value = count >= kWordBits ? 0 : value >> count;
  return true;
}

// Resolves the terms of one event.
class Terms {
 public:
  Terms(std::string folder, std::string_view name) : folder_(std::move(folder)), name_(name) {}

  void apply(PmuEvent& event, std::string_view terms) {
    const bool known = for_each_part(terms, [&](std::string_view term) {
      apply_term(event, term);
      return true;
    });
    if (!known || terms.empty())
      throw refused(terms, "an event of a source is PMU/term=value,.../");
  }

 private:
  void apply_term(PmuEvent& event, std::string_view term) {
    const std::size_t equals = term.find('=');
    const std::string_view key = term.substr(0, equals);
    const bool has_value = equals != std::string_view::npos;
    const auto value = has_value ? parse_number(term.substr(equals + 1)) : std::optional<std::uint64_t>(1);
    const bool plain =
        !key.empty() && key.find('/') == std::string_view::npos && key.find('\0') == std::string_view::npos;
    if (!plain || !value)
      throw refused(term, "a term is NAME=NUMBER, or NAME alone for 1");
    if (std::uint64_t* word = word_of(event, key)) {
      *word = *value;
    } else if (const auto format = read_line(folder_ + "/format/" + std::string(key))) {
      if (!set_bits(event, *format, *value))
        throw refused(term, "its format is " + *format);
    } else if (const auto terms = named_event(key, has_value)) {
      const bool outer = std::exchange(in_named_event_, true);
      apply(event, *terms);
      in_named_event_ = outer;
    } else {
      throw unknown(key);
    }
  }

  // What the source's event `key` stands for; events do not stand for events.
  [[nodiscard]] std::optional<std::string> named_event(std::string_view key, bool has_value) const {
    if (in_named_event_ || has_value)
      return std::nullopt;
    return read_line(folder_ + "/events/" + std::string(key));
  }

  [[nodiscard]] Error refused(std::string_view term, std::string_view hint) const {
    return {EINVAL, "understand the term '" + std::string(term) + "' of the event '" + std::string(name_) + "' by",
            folder_, hint};
  }
  [[nodiscard]] Error unknown(std::string_view key) const {
    auto known = file_names(folder_ + "/format");
    const auto events = file_names(folder_ + "/events");
    known.insert(known.end(), events.begin(), events.end());
    known.insert(known.end(), {"config", "config1", "config2"});
    return {ENOENT, "find the term '" + std::string(key) + "' of the event '" + std::string(name_) + "' in", folder_,
            nearest_hint(key, known)};
  }

  std::string folder_;
  std::string_view name_;
  bool in_named_event_ = false;
};

std::string devices(const std::string& sysfs) {
  return sysfs + "/bus/event_source/devices";
}

}  // namespace

std::optional<std::uint32_t> event_source_type(const std::string& sysfs, const std::string& name) {
  std::ifstream file(devices(sysfs) + '/' + name + "/type");
  std::uint32_t type = 0;
  if (file >> type)
    return type;
  return std::nullopt;
}

bool set_bits(PmuEvent& event, std::string_view format, std::uint64_t value) {
  const std::size_t colon = format.find(':');
  if (colon == std::string_view::npos)
    return false;
  std::uint64_t* word = word_of(event, format.substr(0, colon));
  if (word == nullptr)
    return false;
  const bool sensible =
      for_each_part(format.substr(colon + 1), [&](std::string_view range) { return move_bits(*word, range, value); });
  return sensible && value == 0;
}

PmuEvent event_of_source(const std::string& sysfs, const std::string& source, std::string_view terms,
                         std::string_view name) {
  const bool plain = !source.empty() && source.find('/') == std::string::npos && source.find('\0') == std::string::npos;
  const auto type = plain ? event_source_type(sysfs, source) : std::nullopt;
  if (!type) {
    const auto sources = file_names(devices(sysfs));
    throw Error(ENOENT, "find the source of the event '" + std::string(name) + "' in", devices(sysfs),
                "this machine has no PMU of that name; " + nearest_hint(source, sources));
  }
  PmuEvent event{.type = *type};
  Terms(devices(sysfs) + '/' + source, name).apply(event, terms);
  return event;
}

}  // namespace fathom::perf
