#pragma once

#include <fathom/base/owning_process.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/btf/btf.hpp>

#include <bpf/libbpf.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::detail {

/// A global variable's place.
struct VariablePlace {
  std::string name;
  std::string section;
  std::string type;
  std::size_t offset{};
  std::size_t size{};
};

/// What this library knows of a program that libbpf does not keep.
struct ProgramNotes {
  std::string attach_target;
  std::string verifier_log;
};

struct CloseObject {
  void operator()(bpf_object* object) const noexcept;
};
using ObjectPointer = std::unique_ptr<bpf_object, CloseObject>;

/// The memory of a map of globals.
class Mapping {
 public:
  /// Throws BpfError.
  Mapping(const bpf_map* map, const std::string& object_name, bool write);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  [[nodiscard]] std::byte* address() const noexcept { return address_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  std::byte* address_ = nullptr;
  std::size_t size_ = 0;
};

/// A loaded object, which handles of all kinds keep alive.
struct LoadedObject {
  ObjectPointer object;
  std::string name;
  std::optional<Btf> btf;
  std::map<const bpf_program*, ProgramNotes> notes;
  std::vector<VariablePlace> variables;

  // Made when first asked for: most programs have no use for most sections.
  mutable std::mutex mutex;
  mutable std::map<std::string, std::shared_ptr<const Mapping>, std::less<>> mappings;
};

struct ProgramHandle {
  std::shared_ptr<const LoadedObject> object;  // none of a program from elsewhere
  const bpf_program* program = nullptr;        // in `object`
  UniqueFd own_fd;                             // of a program from elsewhere
  std::string name;
  std::string section;
  BpfProgramType type{};
  BpfAttachType expected_attach_type{};
  int fd = -1;
};

struct MapHandle {
  std::shared_ptr<const LoadedObject> object;  // none of a map from elsewhere
  const bpf_map* map = nullptr;                // in `object`
  UniqueFd own_fd;                             // of a map from elsewhere
  std::string name;
  BpfMapInfo info;  // as it was when the handle was made
  int fd = -1;
};

struct LinkState {
  std::shared_ptr<const void> keeps;  // what must live as long as the attachment
  UniqueFd fd;                        // one of these two
  std::function<void()> detach;
  OwningProcess owner;  // whose end is that of what `detach` takes away
  std::vector<std::string> pin_paths;
  std::string what;                            // how it is called in an error: the program's name
  std::optional<BpfProgramType> program_type;  // of the attached program, where this process attached it

  LinkState() = default;
  ~LinkState();
  LinkState(const LinkState&) = delete;
  LinkState& operator=(const LinkState&) = delete;
};

}  // namespace fathom::detail

namespace fathom {

class LoadedBpf;

/// What the other files of lib/bpf may see of a program.
struct ProgramAccess {
  [[nodiscard]] static BpfProgram make(std::shared_ptr<const detail::LoadedObject> object, const bpf_program* program);
  [[nodiscard]] static const std::shared_ptr<const detail::ProgramHandle>& handle(const BpfProgram& program) {
    return program.handle_;
  }
  /// libbpf's own; null of a program that was pinned or found by id, which libbpf has no object for.
  [[nodiscard]] static const bpf_program* libbpf(const BpfProgram& program) { return program.handle_->program; }
};

/// What the other files of lib/bpf may see of a map.
struct MapAccess {
  [[nodiscard]] static BpfMap make(std::shared_ptr<const detail::LoadedObject> object, const bpf_map* map);
  /// A map that was made by a system call of ours.
  [[nodiscard]] static BpfMap adopt(UniqueFd fd);
  [[nodiscard]] static const std::shared_ptr<const detail::MapHandle>& handle(const BpfMap& map) { return map.handle_; }
  /// libbpf's own; null of a map that is from no object.
  [[nodiscard]] static const bpf_map* libbpf(const BpfMap& map) { return map.handle_->map; }
  /// The object that the map is from; none of a map from elsewhere.
  [[nodiscard]] static const std::shared_ptr<const detail::LoadedObject>& object(const BpfMap& map) {
    return map.handle_->object;
  }
  /// The same as users have it; the map must be from one.
  [[nodiscard]] static LoadedBpf loaded(const BpfMap& map);
};

}  // namespace fathom
