#pragma once

#include <fathom/bpf/bpf_types.hpp>

#include <string_view>

namespace fathom {

class BpfMap;

/// The name of a program with the class of its kind, as `fathom_add_bpf` generates it:
/// `bpf.program(opensnoop::on_open)` is a Tracepoint.
template <class Kind>
struct BpfProgramName {
  std::string_view name;  ///< the function's, whole; refers to text that must outlive this, as a literal does
};

/// The name of a map with its type and the C++ types of key and value (void where the object's BTF names none):
/// `bpf.map(opensnoop::counts)`.
template <BpfMapType Type, class Key, class Value>
struct BpfMapName {
  std::string_view name;  ///< as the object file has it; refers to text that must outlive this, as a literal does
};

/// The name of a global variable with its C++ type: `bpf.variable(opensnoop::dropped)`.
template <class T>
struct BpfVariableName {
  std::string_view name;  ///< as the object file has it; refers to text that must outlive this, as a literal does
};

/// Which class `bpf.map(BpfMapName)` gives: the header of each typed map specializes it for its own type of map. What
/// no header specializes is a BpfMap.
template <BpfMapType Type, class Key, class Value>
struct BpfMapClass {
  using Class = BpfMap;  ///< made from the BpfMap of that name
};

}  // namespace fathom
