#include <fathom/tracefs/snapshot.hpp>
#include <fathom/tracefs/trace_files.hpp>

#include <array>
#include <utility>

namespace fathom {

Snapshot::Snapshot(std::shared_ptr<TraceFiles> files, std::string path)
    : files_(std::move(files)), path_(std::move(path)) {}

// # tracer: nop
// #
// # * Snapshot is freed *
bool Snapshot::allocated() const {
  // Only an empty snapshot speaks about itself, and does so at the beginning.
  std::array<char, 4096> head{};
  const auto stream = files_->open_stream(path_, false);
  const std::size_t size = stream->read(head).value_or(0);
  return std::string_view(head.data(), size).find("* Snapshot is freed *") == std::string_view::npos;
}

void Snapshot::allocate() {
  // To take one is the only way to get the memory.
  take();
  clear();
}

void Snapshot::take() {
  files_->write(path_, "1\n");
}
void Snapshot::clear() {
  files_->write(path_, "2\n");
}
void Snapshot::release() {
  files_->write(path_, "0\n");
}

std::string Snapshot::read() const {
  return files_->read(path_);
}

}  // namespace fathom
