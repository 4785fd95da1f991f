#include "retry.hpp"

#include <fathom/base/error.hpp>
#include <fathom/tracefs/owner.hpp>
#include <fathom/tracefs/trace_instance.hpp>

#include <utility>

namespace fathom {

namespace {

constexpr std::string_view kInstances = "instances";

std::string directory_of(const std::string& name) {
  return std::string(kInstances) + '/' + name;
}

std::string make_instance(TraceFiles& files, const std::string& proc) {
  if (!files.exists(kInstances))
    throw UnsupportedError("instances", files.full_path(kInstances), "Linux 3.10 and CONFIG_TRACING bring them");
  std::string name = Owner::current(proc).unique_name();
  files.make_directory(directory_of(name));
  return name;
}

// The kernel would do the first two itself, but not while a reader holds the tracer: then this says so.
void remove_instance(const std::shared_ptr<TraceFiles>& files, const std::string& name) {
  TraceArray array(files, directory_of(name) + '/');
  array.set_tracing_on(false);
  tracefs::while_busy([&] { array.set_current_tracer(Tracer::nop); });
  tracefs::while_busy([&] { files->remove_directory(directory_of(name)); });
}

}  // namespace

TraceInstance::TraceInstance(std::shared_ptr<TraceFiles> files, const std::string& proc)
    : TraceInstance(files, Made{make_instance(*files, proc)}) {}

TraceInstance::TraceInstance(const std::shared_ptr<TraceFiles>& files, Made made)
    : TraceArray(files, directory_of(made.name) + '/'), name_(std::move(made.name)) {}

TraceInstance::~TraceInstance() {
  try {
    remove();
  } catch (const std::exception&) {
    // There is nobody left to tell; remove_stale_instances() of a later run will find it.
  }
}

TraceInstance::TraceInstance(TraceInstance&& other) noexcept
    : TraceArray(std::move(other)), name_(std::exchange(other.name_, {})) {}

TraceInstance& TraceInstance::operator=(TraceInstance&& other) noexcept {
  TraceInstance taken(std::move(other));
  std::swap(static_cast<TraceArray&>(*this), static_cast<TraceArray&>(taken));
  std::swap(name_, taken.name_);
  return *this;
}

void TraceInstance::remove() {
  if (name_.empty())
    return;
  remove_instance(files(), name_);
  name_.clear();
}

std::vector<std::string> remove_stale_instances(const std::shared_ptr<TraceFiles>& files, const std::string& proc) {
  std::vector<std::string> removed;
  if (!files->exists(kInstances))
    return removed;
  for (const std::string& name : files->list(kInstances)) {
    const auto owner = Owner::parse(name);
    if (!owner || owner->alive(proc))
      continue;
    try {
      remove_instance(files, name);
      removed.push_back(name);
    } catch (const Error&) {
      // Another run may be at it too, or a reader holds it: it is tried again next time.
    }
  }
  return removed;
}

}  // namespace fathom
