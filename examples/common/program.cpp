#include "common/program.hpp"

#include <fathom/base/error.hpp>

#include <fmt/core.h>

#include <cstdio>
#include <exception>
#include <new>

namespace examples {

void tell(std::string_view name, std::string_view text) {
  fmt::print(stderr, "{}: {}\n", name, text);
}

int run_program(std::string_view name, const std::function<int()>& body) {
  try {
    return body();
  } catch (const UsageError& e) {
    tell(name, e.what());
    tell(name, fmt::format("`{} --help` tells more", name));
    return kWrongUsage;
  } catch (const CommandError& e) {
    tell(name, e.what());
    return e.exit_status();
  } catch (const fathom::UnsupportedError& e) {
    tell(name, e.what());
    return kUnsupported;
  } catch (const std::bad_alloc&) {
    tell(name, "out of memory: trace less, or for a shorter time");
    return kFailure;
  } catch (const std::exception& e) {
    tell(name, e.what());
    return kFailure;
  }
}

std::string_view version() {
  return FATHOM_VERSION;
}

}  // namespace examples
