#pragma once

namespace fathom::bpf {

/// Teaches the libbpf that is linked the section names of newer ones, those that it does not know: without this an
/// object with one of them can't be opened. Once a process: libbpf's table of such handlers moves when it grows, which
/// would be bad for objects that are open.
void register_section_handlers();

}  // namespace fathom::bpf
