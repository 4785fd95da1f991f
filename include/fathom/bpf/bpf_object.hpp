#pragma once

#include <fathom/bpf/embedded_bpf.hpp>
#include <fathom/bpf/loaded_bpf.hpp>
#include <fathom/bpf/map_spec.hpp>
#include <fathom/bpf/program_spec.hpp>
#include <fathom/bpf/record_layout.hpp>
#include <fathom/bpf/variable_spec.hpp>
#include <fathom/btf/btf.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fathom {

/// How an object is opened.
struct BpfOpenOptions {
  /// The object's name; empty for the file's or the embedded object's own.
  std::string name{};
  /// Kernel configuration for `__kconfig` variables, lines of `CONFIG_HZ=250`, on top of /boot/config-* and
  /// /proc/config.gz.
  std::string kconfig{};
  /// The types that CO-RE relocations are made for; empty for the running kernel's, /sys/kernel/btf/vmlinux.
  std::string btf_path{};
  /// Where maps with LIBBPF_PIN_BY_NAME are pinned; empty for /sys/fs/bpf.
  std::string pin_root{};
};

/// An opened BPF object: an ELF file in memory, and its programs, maps and variables as values to edit before they are
/// loaded. Nothing is in the kernel yet.
///
///     auto object = fathom::BpfObject::open(opensnoop::object);      // or a path, or bytes
///     object.variable("target_pid").set<int>(pid);
///     object.map("opens").max_entries = 1 << 20;
///     fathom::LoadedBpf bpf = object.load();
///
/// load() may be called again, with other edits: each gives programs and maps of its own. Move-only; references to
/// specs are valid as long as the object; one that was moved from throws BpfError (EBADF) whatever is asked of it but
/// its name, which is empty. For one thread at a time; distinct objects are safe from distinct threads. open() needs no
/// rights, load() needs CAP_BPF (and CAP_PERFMON or CAP_NET_ADMIN, as the program types ask) or CAP_SYS_ADMIN, and
/// reads /sys/kernel/btf/vmlinux where a program needs the kernel's types. Built on libbpf, which may print nothing:
/// what it says during a call is in BpfError::messages(). Throws BpfError.
class BpfObject {
 public:
  /// Opens an ELF file as clang makes it. Cause bad_object: not a regular file of at most 256 MiB, not an ELF, not for
  /// BPF, of the other byte order, without BTF where maps need it, of an unknown section.
  [[nodiscard]] static BpfObject open(const std::string& path, BpfOpenOptions options = {});
  /// The same from bytes, which are copied.
  [[nodiscard]] static BpfObject open(std::span<const std::byte> bytes, BpfOpenOptions options);
  /// The same from an object that is part of this program.
  [[nodiscard]] static BpfObject open(const EmbeddedBpf& embedded, BpfOpenOptions options = {});

  BpfObject(BpfObject&& other) noexcept;
  BpfObject& operator=(BpfObject&& other) noexcept;
  BpfObject(const BpfObject&) = delete;
  BpfObject& operator=(const BpfObject&) = delete;
  ~BpfObject();

  /// The object's name.
  [[nodiscard]] const std::string& name() const noexcept;
  /// All programs, in the order of the file.
  [[nodiscard]] std::span<ProgramSpec> programs();
  /// The program of this name. Throws BpfError (bad_object) with the nearest names.
  [[nodiscard]] ProgramSpec& program(std::string_view name);
  /// All maps, those of global variables included.
  [[nodiscard]] std::span<MapSpec> maps();
  /// The map of this name. Throws BpfError (bad_object) with the nearest names.
  [[nodiscard]] MapSpec& map(std::string_view name);
  /// All global variables that BTF tells of, `.kconfig` included.
  [[nodiscard]] std::span<VariableSpec> variables();
  /// The variable of this name. Throws BpfError (bad_object) with the nearest names.
  [[nodiscard]] VariableSpec& variable(std::string_view name);
  /// The struct, union or typedef of this name, as the BPF side lays it out; empty if BTF has none.
  [[nodiscard]] std::optional<RecordLayout> record(std::string_view type_name) const;
  /// All types of the object file; empty if it was compiled without -g.
  [[nodiscard]] std::optional<Btf> btf() const;

  /// Makes the maps and loads the programs. All or nothing: after a throw nothing is left in the kernel.
  [[nodiscard]] LoadedBpf load();

 private:
  struct State;
  explicit BpfObject(std::unique_ptr<State> state);
  [[nodiscard]] State& state() const;

  std::unique_ptr<State> state_;
};

}  // namespace fathom
