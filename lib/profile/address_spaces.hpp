#pragma once

#include "process_record.hpp"

#include <fathom/symbols/process_map.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace fathom::profile {

/// A file, or a piece of memory, that a process may execute.
struct CodeMapping {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t offset = 0;  ///< of `start` in the file
  std::string path{};
  std::string build_id{};  ///< empty: not known
  std::uint32_t dev_major = 0;
  std::uint32_t dev_minor = 0;
  std::uint64_t inode = 0;

  /// Whether there is a file, or the kernel's own page of code, in which to look for names. That page of a 32-bit
  /// process lies below 4 GiB, and is another one.
  [[nodiscard]] bool has_code_file() const noexcept {
    constexpr std::uint64_t k4GiB = std::uint64_t{1} << 32U;
    return path.starts_with('/') ? !path.starts_with("//") : path == "[vdso]" && start >= k4GiB;
  }
};

/// What lies where in each process: told what happens in order of time, it knows how things are now. A process is
/// forgotten when its last thread ends.
class AddressSpaces {
 public:
  using Pid = std::uint32_t;

  /// Forgets what was known of a process, which has these mappings and threads.
  void load(Pid pid, const ProcessMap& map, const std::vector<Pid>& threads);
  /// Calls `change` with each mapping of a process that is known, to complete what it says of its file.
  template <class Change>
  void complete(Pid pid, Change change) {
    for (auto& [start, mapping] : *spaces_.at(pid).space)
      change(mapping);
  }
  void apply(const MapRecord& record);
  void apply(const ExecRecord& record);
  void apply(const ForkRecord& record);
  void apply(const ExitRecord& record);

  /// Whether anything was heard of the process, and it has not ended.
  [[nodiscard]] bool knows(Pid pid) const { return spaces_.contains(pid); }
  /// Another number each time that something changes in the process; 0 where it is not known.
  [[nodiscard]] std::uint64_t generation(Pid pid) const;
  /// Null where nothing is mapped that may be executed. Good until the next change.
  [[nodiscard]] const CodeMapping* find(Pid pid, std::uint64_t address) const;

 private:
  using Space = std::map<std::uint64_t, CodeMapping>;  // by start; they never overlap
  struct Process {
    std::shared_ptr<Space> space;  // shared with whom it made, until either changes
    std::uint64_t generation = 0;
    std::unordered_set<Pid> threads{};  // of one that was not told to be made, the first one only
  };

  Space& change(Pid pid);
  static void insert(Space& space, CodeMapping mapping);

  std::unordered_map<Pid, Process> spaces_;
  std::uint64_t generations_ = 0;
};

}  // namespace fathom::profile
