#include "error_cause.hpp"
#include "handles.hpp"
#include "object_file.hpp"
#include "pins.hpp"

#include <fathom/bpf/bpf_program.hpp>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fathom {

using detail::ProgramHandle;

namespace {

std::string hexadecimal(const unsigned char (&bytes)[BPF_TAG_SIZE]) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xF];
  }
  return text;
}

bpf_prog_info raw_info(int fd, const ProgramHandle& program, std::vector<std::uint32_t>* map_ids) {
  bpf_prog_info info{};
  if (map_ids != nullptr) {
    info.nr_map_ids = static_cast<__u32>(map_ids->size());
    info.map_ids = reinterpret_cast<std::uintptr_t>(map_ids->data());
  }
  __u32 size = sizeof(info);
  if (::bpf_obj_get_info_by_fd(fd, &info, &size) != 0) {
    const int error = errno;
    throw bpf::failed(error, "ask the kernel about", program.object ? program.object->name : "", program.name);
  }
  return info;
}

std::shared_ptr<const ProgramHandle> adopt(UniqueFd fd) {
  auto handle = std::make_shared<ProgramHandle>();
  handle->fd = fd.get();
  const bpf_prog_info info = raw_info(fd.get(), *handle, nullptr);
  handle->own_fd = std::move(fd);
  handle->name = info.name;
  handle->type = static_cast<BpfProgramType>(info.type);
  return handle;
}

}  // namespace

BpfProgram ProgramAccess::make(std::shared_ptr<const detail::LoadedObject> object, const bpf_program* program) {
  auto handle = std::make_shared<ProgramHandle>();
  handle->program = program;
  handle->name = bpf_program__name(program);
  handle->section = bpf_program__section_name(program);
  handle->type = static_cast<BpfProgramType>(bpf_program__type(program));
  handle->expected_attach_type = static_cast<BpfAttachType>(bpf_program__expected_attach_type(program));
  handle->fd = bpf_program__fd(program);
  handle->object = std::move(object);
  return BpfProgram(std::move(handle));
}

BpfProgram::BpfProgram(const BpfProgram& program, bool fits, const char* kind) : handle_(program.handle_) {
  if (fits)
    return;
  std::string is = "it is of type " + std::string(to_string(type()));
  if (!section().empty())
    is += ", in the section '" + section() + '\'';
  throw bpf::bad_object(EINVAL, std::string("use as ") + kind, object_name(), name(), std::move(is));
}

BpfProgram BpfProgram::open_pinned(const std::string& path) {
  return BpfProgram(adopt(bpf::open_pinned(path, bpf::PinKind::program)));
}

BpfProgram BpfProgram::from_id(std::uint32_t id) {
  UniqueFd fd(::bpf_prog_get_fd_by_id(id));
  if (const int error = fd ? 0 : errno; error != 0)
    throw bpf::failed(error, "open the program of id", std::to_string(id), {}, bpf::Right::system_admin);
  return BpfProgram(adopt(std::move(fd)));
}

const std::string& BpfProgram::name() const noexcept {
  return handle_->name;
}
const std::string& BpfProgram::section() const noexcept {
  return handle_->section;
}
const std::string& BpfProgram::attach_target() const noexcept {
  static const std::string none;
  return handle_->object ? handle_->object->notes.find(handle_->program)->second.attach_target : none;
}
const std::string& BpfProgram::verifier_log() const noexcept {
  static const std::string none;
  return handle_->object ? handle_->object->notes.find(handle_->program)->second.verifier_log : none;
}
BpfProgramType BpfProgram::type() const noexcept {
  return handle_->type;
}
BpfAttachType BpfProgram::expected_attach_type() const noexcept {
  return handle_->expected_attach_type;
}
const std::string& BpfProgram::object_name() const noexcept {
  static const std::string none;
  return handle_->object ? handle_->object->name : none;
}
int BpfProgram::native_handle() const noexcept {
  return handle_->fd;
}

BpfProgramInfo BpfProgram::info() const {
  std::vector<std::uint32_t> map_ids(raw_info(handle_->fd, *handle_, nullptr).nr_map_ids);
  const bpf_prog_info raw = raw_info(handle_->fd, *handle_, &map_ids);
  return {.id = raw.id,
          .type = static_cast<BpfProgramType>(raw.type),
          .name = raw.name,
          .tag = hexadecimal(raw.tag),
          .xlated_size = raw.xlated_prog_len,
          .jited_size = raw.jited_prog_len,
          .verified_instructions = raw.verified_insns,
          .map_ids = std::move(map_ids),
          .run_count = raw.run_cnt,
          .run_time = std::chrono::nanoseconds(raw.run_time_ns),
          .recursion_misses = raw.recursion_misses};
}

void BpfProgram::pin(const std::string& path) const {
  bpf::pin(handle_->fd, path, object_name(), name());
}

void BpfProgram::unpin(const std::string& path) const {
  bpf::unpin(path, object_name(), name());
}

}  // namespace fathom
