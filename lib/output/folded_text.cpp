#include "text_field.hpp"

#include <fathom/output/folded_text.hpp>

namespace fathom::detail {

void append_folded_frame(std::string& out, std::string_view name) {
  if (name.empty())
    out += '?';
  for (const char c : name) {
    if (c == ';')
      out += ':';
    else
      out += static_cast<unsigned char>(c) < ' ' ? '?' : c;
  }
}

void append_folded_weight(std::string& out, std::uint64_t weight) {
  out += ' ';
  output::append_number(out, weight);
  out += '\n';
}

}  // namespace fathom::detail
