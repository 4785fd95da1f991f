#include "thread_watch.hpp"

#include "dummy_event.hpp"

namespace fathom::perf {

namespace {

constexpr std::string_view kWhat = "the event of a thread's end";

}  // namespace

ThreadWatch::ThreadWatch(int tid, const std::string& proc)
    : tid_(tid), fd_(open_dummy({.pid = tid}, {.what = kWhat, .proc = proc})), ring_(fd_.get(), 1, kWhat) {}

}  // namespace fathom::perf
