#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace fathom {

/// A function of a FunctionTable. The numbers are dense, from 0, so they index an array.
enum class FunctionId : std::uint32_t {
  unknown = 0xffff'ffff,  ///< the source did not say which: a closing brace without a name
};

/// A function as the kernel printed it. Views into its FunctionTable, good for as long as the table.
struct Function {
  std::string_view
      name;  ///< with the compiler's suffixes: `finish_task_switch.isra.0`; `0x...` where the kernel had no name
  std::string_view module;  ///< `overlay` of `ovl_getattr [overlay]`; empty for the kernel itself

  friend bool operator==(const Function&, const Function&) = default;
};

/// Gives each function that occurs a small number, once.
///
///     FunctionTable functions;
///     const FunctionId id = functions.intern("vfs_read");
///     functions[id].name;                                   // "vfs_read"
///     functions.intern("vfs_read") == id;                   // true
///
/// Events carry the number, so that a million calls of one function hold its name once. Ids and views stay good until
/// the table is destroyed or assigned to; moving a table keeps them. Interning a known name allocates nothing. Not safe
/// to share between threads while one interns.
class FunctionTable {
 public:
  FunctionTable();
  ~FunctionTable();
  FunctionTable(FunctionTable&&) noexcept;
  FunctionTable& operator=(FunctionTable&&) noexcept;
  FunctionTable(const FunctionTable&) = delete;
  FunctionTable& operator=(const FunctionTable&) = delete;

  /// The number of this function, a new one if it was not seen before. Throws std::bad_alloc, and std::length_error
  /// after 2^32 - 2 functions.
  FunctionId intern(std::string_view name, std::string_view module = {});
  /// The number of a function if it has one, else FunctionId::unknown.
  [[nodiscard]] FunctionId find(std::string_view name, std::string_view module = {}) const noexcept;
  /// The function of an id that this table gave; for FunctionId::unknown one with empty name and module.
  [[nodiscard]] Function operator[](FunctionId id) const noexcept {
    return id == FunctionId::unknown ? Function{} : functions_[static_cast<std::size_t>(id)];
  }
  /// How many functions it knows.
  [[nodiscard]] std::size_t size() const noexcept { return functions_.size(); }
  /// What the table holds on the heap.
  [[nodiscard]] std::size_t allocated_bytes() const noexcept;

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t id_plus_one = 0;  // 0: free
  };

  [[nodiscard]] std::size_t slot_of(std::uint32_t hash, std::string_view name, std::string_view module) const noexcept;
  void grow();
  std::string_view keep(std::string_view text);

  std::vector<Slot> slots_;
  std::vector<Function> functions_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t block_left_ = 0;
  std::size_t block_bytes_ = 0;
};

}  // namespace fathom
