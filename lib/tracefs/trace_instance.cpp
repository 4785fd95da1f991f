#include "buffer_size.hpp"
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

void make_instance(TraceFiles& files, const std::string& name) {
  if (!files.exists(kInstances))
    throw UnsupportedError("instances", files.full_path(kInstances), "Linux 3.10 and CONFIG_TRACING bring them");
  files.make_directory(directory_of(name));
}

// Of the top level.
std::string read_buffer_size(TraceFiles& files) {
  return files.exists("buffer_size_kb") ? files.read("buffer_size_kb") : std::string{};
}

// The kernel would do the first two itself, but not while a reader holds the tracer: then this says so.
void remove_instance(const std::shared_ptr<TraceFiles>& files, const std::string& name) {
  TraceArray array(files, directory_of(name) + '/');
  array.set_tracing_on(false);
  if (array.current_tracer() != Tracer::nop)
    tracefs::while_busy([&] { array.set_current_tracer(Tracer::nop); });
  tracefs::while_busy([&] { files->remove_directory(directory_of(name)); });
}

// 7 (expanded: 1408): the top level's buffer is as small as at boot, and will be as large as it should be when it is
// first used. Linux 6.1 believes that to have happened as soon as a tracer or a size is set in an instance; the top
// level then keeps the small one.
void repair_boot_size(TraceFiles& files, const std::string& before) {
  const auto note = before.find(" (expanded");
  const auto wanted = tracefs::parse_buffer_size_kb(before);
  if (note != std::string::npos && wanted && tracefs::trimmed(files.read("buffer_size_kb")) == before.substr(0, note))
    files.write("buffer_size_kb", std::to_string(*wanted) + '\n');
}

}  // namespace

TraceInstance::TraceInstance(std::shared_ptr<TraceFiles> files, const std::string& proc)
    : TraceInstance(std::move(files), Identity{Owner::current(proc).unique_name()}) {}

TraceInstance::TraceInstance(std::shared_ptr<TraceFiles> files, Identity identity)
    : TraceArray(std::move(files), directory_of(identity.name) + '/'),
      name_(std::move(identity.name)),
      top_level_size_(read_buffer_size(*this->files())) {
  make_instance(*this->files(), name_);
}

TraceInstance::~TraceInstance() {
  try {
    remove();
  } catch (const std::exception&) {
    // There is nobody left to tell; remove_stale_instances() of a later run will find it.
  }
}

TraceInstance::TraceInstance(TraceInstance&& other) noexcept
    // The base takes its own part only.
    // NOLINTBEGIN(bugprone-use-after-move)
    : TraceArray(std::move(other)),
      name_(std::exchange(other.name_, {})),
      top_level_size_(std::move(other.top_level_size_)) {
  // NOLINTEND(bugprone-use-after-move)
}

TraceInstance& TraceInstance::operator=(TraceInstance&& other) noexcept {
  TraceInstance taken(std::move(other));
  std::swap(static_cast<TraceArray&>(*this), static_cast<TraceArray&>(taken));
  std::swap(name_, taken.name_);
  std::swap(top_level_size_, taken.top_level_size_);
  return *this;
}

void TraceInstance::remove() {
  if (name_.empty())
    return;
  remove_instance(files(), name_);
  name_.clear();
  if (!top_level_size_.empty())
    repair_boot_size(*files(), top_level_size_);
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
