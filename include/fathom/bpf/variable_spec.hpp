#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

namespace fathom {

/// A global variable of an opened object, before it is loaded: its first value, to be edited in place.
///
///     object.variable("min_latency_ns").set<std::uint64_t>(1'000'000);    // const volatile __u64 min_latency_ns;
///
/// In `.rodata` the verifier knows the value and drops the code that it rules out. Those in `.kconfig` are the
/// kernel's to set: they are listed with no bytes.
struct VariableSpec {
  std::string name;              ///< says which variable this is, and is not to be changed
  std::string section;           ///< ".rodata", ".data", ".bss", ".kconfig" or one of the programmer's own
  std::string type;              ///< as in C: "struct config", "__u64"
  std::size_t offset{};          ///< in its section
  std::vector<std::byte> value;  ///< its size is the variable's, and not to be changed

  /// Nothing can change it once the object is loaded.
  [[nodiscard]] bool read_only() const { return section.starts_with(".rodata") || section == ".kconfig"; }

  /// The value. Throws BpfError (bad_object) if T is not of the variable's size.
  template <class T>
  [[nodiscard]] T get() const {
    static_assert(std::is_trivially_copyable_v<T>, "a variable is copied as bytes");
    check_size(sizeof(T));
    T result;
    std::memcpy(&result, value.data(), sizeof(T));
    return result;
  }
  /// Sets the value. Throws BpfError (bad_object) if T is not of the variable's size: name T, since an `int` literal
  /// for a `__u64` is otherwise refused.
  template <class T>
  void set(const T& to) {
    static_assert(std::is_trivially_copyable_v<T>, "a variable is copied as bytes");
    check_size(sizeof(T));
    std::memcpy(value.data(), &to, sizeof(T));
  }

 private:
  void check_size(std::size_t size) const;
};

}  // namespace fathom
