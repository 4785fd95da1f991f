#pragma once

#include <fathom/btf/btf.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace fathom::bpf {

/// Turns types of a BPF object into C++: values into those of <cstdint>, structs and unions into ones of the same
/// layout, each defined once and after those that it holds. Pointers are std::uint64_t, enums are integers.
class CppRecords {
 public:
  /// How a value of the type is declared: "std::uint32_t", "struct open", "std::array<char, 16>". Empty for what C++
  /// has no value of: void, functions, records that are only named.
  [[nodiscard]] std::optional<std::string> type_name(const BtfType& type);

  /// All definitions that the names need so far.
  [[nodiscard]] const std::string& definitions() const noexcept { return definitions_; }

 private:
  struct Declared {
    std::string type;     // what stands before the name
    std::string extents;  // "[16]" behind it
    std::uint64_t alignment;
  };
  struct Record {
    std::string name;
    std::uint64_t alignment;
  };

  [[nodiscard]] std::optional<Declared> declare(const BtfType& type);
  [[nodiscard]] const Record& record(const BtfType& body, std::string_view name);
  [[nodiscard]] std::string define(const BtfType& body, const std::string& name, std::uint64_t& alignment);

  std::map<std::uint32_t, Record> records_;  // by the id of the struct or union
  std::string definitions_;
};

}  // namespace fathom::bpf
