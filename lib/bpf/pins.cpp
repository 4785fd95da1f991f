#include "pins.hpp"

#include "error_cause.hpp"

#include <fathom/bpf/bpf_error.hpp>

#include <bpf/bpf.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

namespace fathom::bpf {

namespace {

BpfError pin_error(int error, const char* operation, std::string_view object, std::string_view name,
                   const std::string& path) {
  BpfFailure failure{.errno_value = error,
                     .operation = operation,
                     .object = std::string(object),
                     .name = std::string(name),
                     .target = path,
                     .cause = cause_of(error, false)};
  // The kernel says EPERM where the folder is of another file system (kernel/bpf/inode.c, bpf_obj_do_pin).
  if (error == EPERM)
    failure.hint = "the path must be in a bpf file system: mount -t bpf bpf /sys/fs/bpf";
  else if (failure.cause == BpfCause::denied)
    failure.hint = denied_hint();
  return BpfError(std::move(failure));
}

}  // namespace

void pin(int fd, const std::string& path, std::string_view object, std::string_view name) {
  if (::bpf_obj_pin(fd, path.c_str()) != 0)
    throw pin_error(errno, "pin", object, name, path);
}

void unpin(const std::string& path, std::string_view object, std::string_view name) {
  if (::unlink(path.c_str()) != 0)
    throw pin_error(errno, "unpin", object, name, path);
}

UniqueFd open_pinned(const std::string& path) {
  UniqueFd fd(::bpf_obj_get(path.c_str()));
  if (!fd)
    throw failed(errno, "open the pin", path);
  return fd;
}

}  // namespace fathom::bpf
