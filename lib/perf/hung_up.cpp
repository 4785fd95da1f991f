#include "hung_up.hpp"

#include <poll.h>

namespace fathom::perf {

bool hung_up(int event) {
  pollfd asked{.fd = event, .events = 0, .revents = 0};
  return ::poll(&asked, 1, 0) == 1 && (asked.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace fathom::perf
