#include <fathom/base/cpu_set.hpp>
#include <fathom/base/error.hpp>

#include <array>
#include <bit>
#include <charconv>
#include <fstream>

namespace fathom {

namespace {

constexpr unsigned kMaxCpu = 65535;
constexpr unsigned kWordBits = 32;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

[[noreturn]] void bad_text(std::string_view what, std::string_view text) {
  throw Error(std::errc::invalid_argument,
              std::string("read the ") + std::string(what) + " '" + std::string(text) + "'");
}

unsigned parse_cpu(std::string_view number, std::string_view whole) {
  unsigned value = 0;
  const auto [end, ec] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (ec != std::errc{} || end != number.data() + number.size() || value > kMaxCpu)
    bad_text("CPU list", whole);
  return value;
}

CpuSet read_list(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line))
    throw Error(std::errc::no_such_file_or_directory, "read the CPU list", path, "is /sys mounted?");
  return CpuSet::parse_list(line);
}

}  // namespace

CpuSet::CpuSet(std::initializer_list<unsigned> cpus) {
  for (const unsigned cpu : cpus)
    insert(cpu);
}

CpuSet CpuSet::parse_list(std::string_view text) {
  CpuSet set;
  std::string_view rest = trimmed(text);
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    const auto dash = part.find('-');
    const unsigned first = parse_cpu(part.substr(0, dash), text);
    const unsigned last = dash == std::string_view::npos ? first : parse_cpu(part.substr(dash + 1), text);
    if (last < first)
      bad_text("CPU list", text);
    for (unsigned cpu = first; cpu <= last; ++cpu)
      set.insert(cpu);
    if (comma == std::string_view::npos)
      break;
    rest.remove_prefix(comma + 1);
    if (rest.empty())
      bad_text("CPU list", text);
  }
  return set;
}

CpuSet CpuSet::parse_mask(std::string_view text) {
  CpuSet set;
  std::string_view rest = trimmed(text);
  std::vector<std::uint32_t> words;
  while (true) {
    const auto comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    std::uint32_t word = 0;
    const auto [end, ec] = std::from_chars(part.data(), part.data() + part.size(), word, 16);
    if (part.empty() || ec != std::errc{} || end != part.data() + part.size() || words.size() > kMaxCpu / kWordBits)
      bad_text("CPU mask", text);
    words.insert(words.begin(), word);
    if (comma == std::string_view::npos)
      break;
    rest.remove_prefix(comma + 1);
  }
  while (!words.empty() && words.back() == 0)
    words.pop_back();
  set.words_ = std::move(words);
  return set;
}

CpuSet CpuSet::online(const std::string& sys) {
  return read_list(sys + "/devices/system/cpu/online");
}
CpuSet CpuSet::possible(const std::string& sys) {
  return read_list(sys + "/devices/system/cpu/possible");
}

void CpuSet::insert(unsigned cpu) {
  if (cpu > kMaxCpu)
    throw Error(std::errc::invalid_argument, "hold CPU " + std::to_string(cpu) + " in a CpuSet");
  if (cpu / kWordBits >= words_.size())
    words_.resize(cpu / kWordBits + 1);
  words_[cpu / kWordBits] |= 1U << (cpu % kWordBits);
}

void CpuSet::erase(unsigned cpu) noexcept {
  if (!contains(cpu))
    return;
  words_[cpu / kWordBits] &= ~(1U << (cpu % kWordBits));
  while (!words_.empty() && words_.back() == 0)
    words_.pop_back();
}

bool CpuSet::contains(unsigned cpu) const noexcept {
  return cpu / kWordBits < words_.size() && ((words_[cpu / kWordBits] >> (cpu % kWordBits)) & 1U) != 0;
}

std::size_t CpuSet::size() const noexcept {
  std::size_t count = 0;
  for (const std::uint32_t word : words_)
    count += static_cast<std::size_t>(std::popcount(word));
  return count;
}

std::vector<unsigned> CpuSet::cpus() const {
  std::vector<unsigned> numbers;
  for (unsigned cpu = 0; cpu < words_.size() * kWordBits; ++cpu) {
    if (contains(cpu))
      numbers.push_back(cpu);
  }
  return numbers;
}

std::string CpuSet::list() const {
  std::string text;
  const std::vector<unsigned> numbers = cpus();
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1)
      ++last;
    if (!text.empty())
      text += ',';
    text += std::to_string(numbers[i]);
    if (last > i)
      text += '-' + std::to_string(numbers[last]);
    i = last + 1;
  }
  return text;
}

std::string CpuSet::mask() const {
  if (words_.empty())
    return "0";
  std::string text;
  for (std::size_t i = words_.size(); i-- > 0;) {
    std::array<char, 8> digits{};
    const auto [end, ec] = std::to_chars(digits.data(), digits.data() + digits.size(), words_[i], 16);
    const std::string_view word(digits.data(), static_cast<std::size_t>(end - digits.data()));
    if (!text.empty()) {
      text += ',';
      text.append(digits.size() - word.size(), '0');
    }
    text += word;
  }
  return text;
}

}  // namespace fathom
