#pragma once

#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/bpf_names.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/bpf_variable.hpp>
#include <fathom/bpf/perf_buffer.hpp>
#include <fathom/bpf/record_layout.hpp>
#include <fathom/bpf/ring_buffer.hpp>
#include <fathom/btf/btf.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace fathom {

namespace detail {
struct LoadedObject;
}  // namespace detail

/// A BPF object in the kernel: its maps are made and its programs verified, and attached by nobody yet.
///
///     fathom::LoadedBpf bpf = fathom::BpfObject::open(opensnoop::object).load();
///     auto link = bpf.program<fathom::Tracepoint>("on_open").attach();
///     auto opens = bpf.ring_buffer<Open>("opens");
///     bpf.variable<int>("target_pid").store(pid);
///
/// With the names that `fathom_add_bpf` generates the types are known: `bpf.program(opensnoop::on_open).attach()`.
///
/// Move-only. Programs, maps, variables and links that came from here keep what they need alive, so they may outlive
/// this; when the last is gone, the descriptors are closed and the kernel frees what no pin holds. Const members are
/// safe from several threads. Throws BpfError (bad_object) for a name that is not there, with the nearest that are, and
/// (EBADF) whatever is asked of one that was moved from but its name, which is empty.
class LoadedBpf {
 public:
  LoadedBpf(LoadedBpf&&) noexcept = default;
  LoadedBpf& operator=(LoadedBpf&&) noexcept = default;
  LoadedBpf(const LoadedBpf&) = delete;
  LoadedBpf& operator=(const LoadedBpf&) = delete;
  ~LoadedBpf() = default;

  /// The object's name.
  [[nodiscard]] const std::string& name() const noexcept;

  /// All programs that were loaded, in the order of the file.
  [[nodiscard]] std::vector<BpfProgram> programs() const;
  /// The program of this name. One that is there but was not loaded (autoload off) is an error that says so.
  [[nodiscard]] BpfProgram program(std::string_view name) const;
  /// The same as a class of its kind, `program<Tracepoint>("on_open")`. A program of another kind is an error
  /// (bad_object) before the kernel sees it.
  template <class Kind>
  [[nodiscard]] Kind program(std::string_view name) const {
    return Kind(program(name));
  }
  /// The same by a generated name.
  template <class Kind>
  [[nodiscard]] Kind program(BpfProgramName<Kind> name) const {
    return Kind(program(name.name));
  }

  /// All maps, those of global variables included.
  [[nodiscard]] std::vector<BpfMap> maps() const;
  /// The map of this name; `.rodata`, `.data` and `.bss` are names too.
  [[nodiscard]] BpfMap map(std::string_view name) const;
  /// The same as a typed map, `map<HashMap<int, Count>>("counts")`. What does not fit the declaration is an error
  /// (bad_object).
  template <class Map>
  [[nodiscard]] Map map(std::string_view name) const {
    return Map(map(name));
  }
  /// The same by a generated name, which knows the types.
  template <BpfMapType Type, class Key, class Value>
  [[nodiscard]] auto map(BpfMapName<Type, Key, Value> name) const {
    return typename BpfMapClass<Type, Key, Value>::Class(map(name.name));
  }

  /// The reader of the ring buffer of this name. `record` is what the program calls T, where that is not T's own name.
  template <class T>
  [[nodiscard]] RingBuffer<T> ring_buffer(std::string_view name, std::string_view record = {}) const {
    return RingBuffer<T>(map(name), record);
  }
  /// The same by a generated name: `bpf.ring_buffer<opensnoop::open>(opensnoop::opens)`.
  template <class T>
  [[nodiscard]] RingBuffer<T> ring_buffer(BpfMapName<BpfMapType::ringbuf, void, void> name) const {
    return RingBuffer<T>(map(name.name));
  }

  /// The reader of the perf event array of this name.
  template <class T>
  [[nodiscard]] PerfBuffer<T> perf_buffer(std::string_view name, const PerfBufferOptions& options = {},
                                          std::string_view record = {}) const {
    return PerfBuffer<T>(map(name), options, record);
  }
  /// The same by a generated name: `bpf.perf_buffer<profile::sample>(profile::samples)`.
  template <class T, class Key, class Value>
  [[nodiscard]] PerfBuffer<T> perf_buffer(BpfMapName<BpfMapType::perf_event_array, Key, Value> name,
                                          const PerfBufferOptions& options = {}) const {
    return PerfBuffer<T>(map(name.name), options);
  }

  /// The global variable of this name. T is const for one in `.rodata`. A T of another size, or not const for what
  /// cannot be written, is an error (bad_object). Needs Linux 5.5 (mmap of array maps).
  template <class T>
  [[nodiscard]] BpfVariable<T> variable(std::string_view name) const {
    auto [mapping, address] = variable_memory(name, sizeof(T), alignof(T), !std::is_const_v<T>);
    return BpfVariable<T>(std::move(mapping), static_cast<T*>(address));
  }
  /// The same by a generated name.
  template <class T>
  [[nodiscard]] BpfVariable<T> variable(BpfVariableName<T> name) const {
    return variable<T>(name.name);
  }

  /// The struct, union or typedef of this name, as the BPF side lays it out; empty if BTF has none.
  [[nodiscard]] std::optional<RecordLayout> record(std::string_view type_name) const;
  /// All types of the object file; empty if it was compiled without -g.
  [[nodiscard]] std::optional<Btf> btf() const;

 private:
  friend class BpfObject;
  friend struct MapAccess;
  struct VariableMemory {
    std::shared_ptr<const void> mapping;
    void* address;
  };

  explicit LoadedBpf(std::shared_ptr<const detail::LoadedObject> object) : object_(std::move(object)) {}
  [[nodiscard]] const detail::LoadedObject& object() const;
  [[nodiscard]] VariableMemory variable_memory(std::string_view name, std::size_t size, std::size_t alignment,
                                               bool write) const;

  std::shared_ptr<const detail::LoadedObject> object_;
};

}  // namespace fathom
