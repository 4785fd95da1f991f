#pragma once

#include <functional>
#include <initializer_list>
#include <string>

namespace fathom::live {

/// What `work` returns, or what it throws, in a process in a user and a network namespace of its own, as rootless
/// containers have them.
[[nodiscard]] std::string in_rootless_network(const std::function<std::string()>& work);

/// The same in a process without these capabilities (linux/capability.h), and with all others.
[[nodiscard]] std::string without_capabilities(std::initializer_list<unsigned> lost,
                                               const std::function<std::string()>& work);

/// The same in a process of the user nobody.
[[nodiscard]] std::string as_nobody(const std::function<std::string()>& work);

}  // namespace fathom::live
