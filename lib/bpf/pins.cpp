#include "pins.hpp"

#include "error_cause.hpp"
#include "object_file.hpp"

#include <fathom/bpf/bpf_error.hpp>

#include <bpf/bpf.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

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
    failure.hint = "the mode of a folder on the way forbids it to this user";
  return BpfError(std::move(failure));
}

const char* to_string(PinKind kind) {
  switch (kind) {
    case PinKind::program:
      return "a program";
    case PinKind::map:
      return "a map";
    case PinKind::link:
      break;
  }
  return "a link";
}

// Of the descriptor that the path is the link of in /proc: kernel/bpf/syscall.c names its files bpf-prog, bpf-map and
// bpf_link, or bpf-link.
std::optional<PinKind> kind_of(const std::string& path) {
  std::error_code error;
  const std::string file = std::filesystem::read_symlink(path, error).string();
  if (file.find("bpf-prog") != std::string::npos)
    return PinKind::program;
  if (file.find("bpf-map") != std::string::npos)
    return PinKind::map;
  if (file.find("bpf_link") != std::string::npos || file.find("bpf-link") != std::string::npos)
    return PinKind::link;
  return std::nullopt;
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

// EACCES of BPF_OBJ_GET is said of a file that is no pin, and of one that this user may not read and write
// (kernel/bpf/inode.c, bpf_obj_do_get).
BpfError open_pin_error(int error, const std::string& path) {
  BpfFailure failure{
      .errno_value = error, .operation = "open the pin", .object = path, .cause = cause_of(error, false)};
  struct statfs status{};
  if (error == EACCES && ::statfs(path.c_str(), &status) == 0 && status.f_type != BPF_FS_MAGIC) {
    failure.cause = BpfCause::bad_object;
    failure.hint = "it is not in a bpf file system";
  } else if (error == EACCES) {
    failure.hint =
        "its mode, or that of a folder on the way, forbids it to this user; or it is a folder or an iterator";
  } else if (failure.cause == BpfCause::denied) {
    failure.hint = denied_hint(Right::bpf);
  }
  return BpfError(std::move(failure));
}

UniqueFd open_pinned(const std::string& path, PinKind wanted, const std::string& descriptors) {
  UniqueFd fd(::bpf_obj_get(path.c_str()));
  if (const int error = fd ? 0 : errno; error != 0)
    throw open_pin_error(error, path);
  if (const auto kind = kind_of(descriptors + '/' + std::to_string(fd.get())); kind && *kind != wanted)
    throw bad_object(EINVAL, "open the pin", {}, path,
                     std::string("it holds ") + to_string(*kind) + ", not " + to_string(wanted));
  return fd;
}

}  // namespace fathom::bpf
