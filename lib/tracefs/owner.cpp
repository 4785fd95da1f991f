#include "text.hpp"

#include <fathom/base/error.hpp>
#include <fathom/tracefs/owner.hpp>

#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

namespace fathom {

namespace {

constexpr std::string_view kPrefix = "fathom_";

// A process that was killed and not yet waited for is a zombie with one thread. With more threads it is only the first
// one that has ended.
bool has_other_threads(const std::string& process) {
  std::error_code error;
  const std::filesystem::directory_iterator tasks(process + "/task", error);
  return !error && std::distance(begin(tasks), end(tasks)) > 1;
}

// 4711 (a comm) with ) and blanks) S 1 4711 ... : field 3 is the state, field 22 the start time; comm ends at the last
// parenthesis. Empty if there is no such process, or it has ended.
std::optional<std::uint64_t> start_time_of(const std::string& process) {
  std::ifstream file(process + "/stat");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto comm_end = text.rfind(')');
  if (comm_end == std::string::npos)
    return std::nullopt;
  constexpr std::size_t kStartTime = 22 - 3;
  const auto fields = tracefs::words_of(std::string_view(text).substr(comm_end + 1));
  if (fields.size() <= kStartTime || ((fields[0] == "Z" || fields[0] == "X") && !has_other_threads(process)))
    return std::nullopt;
  return tracefs::parse_number<std::uint64_t>(fields[kStartTime]);
}

// pid:[4026531836]
std::optional<std::uint64_t> own_pid_namespace(const std::string& proc) {
  std::array<char, 64> target{};
  const ssize_t size = ::readlink((proc + "/self/ns/pid").c_str(), target.data(), target.size());
  if (size <= 0)
    return std::nullopt;
  const std::string_view text(target.data(), static_cast<std::size_t>(size));
  const auto open = text.find('[');
  const auto close = text.find(']');
  if (open == std::string_view::npos || close == std::string_view::npos)
    return std::nullopt;
  return tracefs::parse_number<std::uint64_t>(text.substr(open + 1, close - open - 1));
}

}  // namespace

Owner Owner::current(const std::string& proc) {
  const auto start_time = start_time_of(proc + "/self");
  const auto pid_namespace = own_pid_namespace(proc);
  if (!start_time || !pid_namespace)
    throw Error(ENOENT, "find this process in", proc, "is /proc mounted?");
  return {::getpid(), *start_time, *pid_namespace};
}

std::optional<Owner> Owner::parse(std::string_view name) {
  if (!name.starts_with(kPrefix))
    return std::nullopt;
  name.remove_prefix(kPrefix.size());
  std::array<std::string_view, 4> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto end = i + 1 < parts.size() ? name.find('_') : name.size();
    if (end == std::string_view::npos)
      return std::nullopt;
    parts[i] = name.substr(0, end);
    name.remove_prefix(end == name.size() ? end : end + 1);
  }
  const auto pid = tracefs::parse_number<int>(parts[0]);
  const auto start_time = tracefs::parse_number<std::uint64_t>(parts[1], 16);
  const auto pid_namespace = tracefs::parse_number<std::uint64_t>(parts[2], 16);
  if (!pid || *pid <= 0 || !start_time || !pid_namespace || !tracefs::parse_number<std::uint32_t>(parts[3], 16))
    return std::nullopt;
  return Owner{*pid, *start_time, *pid_namespace};
}

bool Owner::alive(const std::string& proc) const {
  if (own_pid_namespace(proc) != pid_namespace)
    return true;
  return start_time_of(proc + '/' + std::to_string(pid)) == start_time;
}

std::string Owner::unique_name() const {
  std::string name(kPrefix);
  name +=
      std::to_string(pid) + '_' + tracefs::hexadecimal(start_time) + '_' + tracefs::hexadecimal(pid_namespace) + '_';
  return name + tracefs::hexadecimal(std::random_device{}() & 0xffffffffU);
}

}  // namespace fathom
