#include <fathom/btf/btf_type.hpp>

namespace fathom {

namespace {

std::string joined(std::string_view first, std::string_view second) {
  std::string text(first);
  if (!first.empty() && !second.empty())
    text += ' ';
  return text.append(second);
}

std::string tagged_name(std::string_view keyword, std::string_view name) {
  return joined(keyword, name.empty() ? "{...}" : name);
}

// What stands at the left of a declaration, with the name that is to be used.
std::string base_name(BtfType type, std::string_view name) {
  switch (type.kind()) {
    case BtfKind::void_:
      return "void";
    case BtfKind::struct_:
      return tagged_name("struct", name);
    case BtfKind::union_:
      return tagged_name("union", name);
    case BtfKind::fwd:
      return tagged_name(type.is_union_fwd() ? "union" : "struct", name);
    case BtfKind::enum_:
    case BtfKind::enum64:
      return tagged_name("enum", name);
    default:
      return std::string(name.empty() ? "..." : name);
  }
}

std::string_view qualifier(BtfKind kind) {
  switch (kind) {
    case BtfKind::const_:
      return "const";
    case BtfKind::volatile_:
      return "volatile";
    case BtfKind::restrict_:
      return "restrict";
    default:
      return {};
  }
}

// A C declaration grows around its name: pointers to the left of it, arrays and parameters to the right, in parentheses
// where a pointer would else bind last.
class Declaration {
 public:
  std::string write(BtfType type, std::string declarator) {
    std::string qualifiers;
    bool after_pointer = false;
    const auto bind = [&] {
      if (after_pointer)
        declarator = '(' + declarator + ')';
      after_pointer = false;
    };
    for (;; type = type.target()) {
      if (left_ == 0)
        return joined("...", declarator);
      --left_;
      switch (type.kind()) {
        case BtfKind::const_:
        case BtfKind::volatile_:
        case BtfKind::restrict_:
          qualifiers = joined(qualifiers, qualifier(type.kind()));
          break;
        case BtfKind::type_tag:
        case BtfKind::var:
        case BtfKind::decl_tag:
          break;
        case BtfKind::ptr:
          declarator = '*' + joined(qualifiers, declarator);
          qualifiers.clear();
          after_pointer = true;
          break;
        case BtfKind::array:
          bind();
          declarator += type.array_length() == 0 ? "[]" : '[' + std::to_string(type.array_length()) + ']';
          break;
        case BtfKind::func_proto:
          bind();
          declarator += parameters(type);
          qualifiers.clear();
          break;
        default: {
          const std::string base = joined(qualifiers, base_name(type, fitting(type.name())));
          return declarator.starts_with('[') ? base + declarator : joined(base, declarator);
        }
      }
    }
  }

  /// The name, if there is room for it.
  std::string_view fitting(std::string_view name) {
    if (name.size() > room_)
      return "...";
    room_ -= name.size();
    return name;
  }

 private:
  std::string parameters(BtfType prototype) {
    std::string text = "(";
    const auto separate = [&text] {
      if (text.size() > 1)
        text += ", ";
    };
    for (const BtfParameter parameter : prototype.parameters()) {
      separate();
      if (left_ == 0)
        return text + "...)";
      text += write(parameter.type, std::string(fitting(parameter.name)));
    }
    if (prototype.is_variadic()) {
      separate();
      text += "...";
    }
    return text.size() == 1 ? "(void)" : text + ')';
  }

  unsigned left_ = 1000;  // types to write: prototypes may nest in made-up BTF so that a few bytes make gigabytes
  std::size_t room_ = 64U << 10U;  // bytes of names to write: as many may share a long one
};

}  // namespace

std::string BtfType::to_c(std::string_view declared_name) const {
  if (kind() == BtfKind::func) {
    const auto proto = prototype();
    Declaration declaration;
    return proto ? declaration.write(*proto, std::string(declaration.fitting(name()))) : std::string(name());
  }
  Declaration declaration;
  return declaration.write(*this, std::string(kind() == BtfKind::var ? declaration.fitting(name()) : declared_name));
}

}  // namespace fathom
