#include <fathom/tracefs/probe.hpp>

namespace fathom {

std::string_view to_string(DynamicEventType type) noexcept {
  switch (type) {
    case DynamicEventType::kprobe:
      return "kprobe";
    case DynamicEventType::kretprobe:
      return "kretprobe";
    case DynamicEventType::uprobe:
      return "uprobe";
    case DynamicEventType::uretprobe:
      return "uretprobe";
    case DynamicEventType::fprobe:
      return "fprobe";
    case DynamicEventType::tprobe:
      return "tprobe";
    case DynamicEventType::eprobe:
      return "eprobe";
    case DynamicEventType::synthetic:
      return "synthetic";
  }
  return "";
}

}  // namespace fathom
