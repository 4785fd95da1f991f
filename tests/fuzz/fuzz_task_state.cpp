#include <fathom/base/error.hpp>
#include <fathom/sched/task_state_decoder.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// Letters of any kind, and a format of sched_switch with any list of letters: what one kernel reports decodes to what
// was meant, and what is printed of it has the same state where the encoding has no fault.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fathom;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto prev = parse_prev_state(text);
  if (prev && prev->preempted != text.ends_with('+'))
    std::abort();

  const auto format = EventFormat::parse("sched", text);
  if (!format || format->name() != "sched_switch")
    return 0;
  const TaskStateDecoder states({.sched_switch = &*format, .release = text.substr(0, 8)});
  for (std::uint32_t bits = 0; bits < 0x10000; bits += 0x33) {
    const RawTaskState raw{bits};
    if (states.names(raw).empty())
      std::abort();
    const auto reported = states.reported(raw);
    if (!reported)
      continue;
    if (states.letters(*reported).empty())
      std::abort();
    const auto decoded = states.decode(*reported);
    if (decoded && !decoded->preempted && decoded->state != states.state(raw))
      std::abort();
  }
  return 0;
}
