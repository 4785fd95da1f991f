#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <symbols/uevent.hpp>

// Whatever the bytes are: what is parsed stands in the message, and a message that was cut is none.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const auto uevent = fathom::symbols::parse_uevent(message);
  if (!uevent)
    return 0;
  for (const std::string_view part : {uevent->action, uevent->devpath, uevent->subsystem}) {
    if (part.data() < message.data() || part.data() + part.size() > message.data() + message.size())
      std::abort();
    if (part.find('\0') != std::string_view::npos)
      std::abort();
  }
  if (!uevent->devpath.starts_with('/') || uevent->action.empty())
    std::abort();
  const auto module = fathom::symbols::module_of(uevent->devpath);
  if (module && (module->empty() || module->find('/') != std::string_view::npos))
    std::abort();
  if (fathom::symbols::parse_uevent(message.substr(0, size - 1)))
    std::abort();
  return 0;
}
