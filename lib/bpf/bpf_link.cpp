#include "error_cause.hpp"
#include "handles.hpp"
#include "libbpf_print.hpp"
#include "link_access.hpp"
#include "link_info.hpp"
#include "link_update.hpp"
#include "pins.hpp"
#include "struct_ops_fill.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/struct_ops.hpp>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <cerrno>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace fathom {

using detail::LinkState;

namespace detail {

LinkState::~LinkState() {
  const bpf::PrintScope quiet;
  if (detach && owner.is_current()) {
    try {
      detach();
    } catch (const std::exception&) {
      // A destructor has nobody to tell; BpfLink::detach() does.
    }
  }
}

}  // namespace detail

namespace {

// The kernel's link; throws for an attachment that has none, and for no link at all.
int link_fd(const std::unique_ptr<LinkState>& state, const char* operation) {
  if (state && state->fd && !state->detach)
    return state->fd.get();
  throw BpfError({.errno_value = state ? EOPNOTSUPP : EBADF,
                  .operation = operation,
                  .name = state ? state->what : std::string("a link that is none"),
                  .cause = state ? BpfCause::unsupported : BpfCause::other,
                  .hint = state ? "this attachment is no link to the kernel" : ""});
}

std::unique_ptr<LinkState> make_state(const BpfProgram& program) {
  auto state = std::make_unique<LinkState>();
  state->keeps = ProgramAccess::handle(program);
  state->what = program.name();
  state->program_type = program.type();
  return state;
}

std::unique_ptr<LinkState> make_state(const BpfMap& map) {
  auto state = std::make_unique<LinkState>();
  state->keeps = MapAccess::handle(map);
  state->what = map.name();
  return state;
}

// What is destroyed without having been told to detach is a forked child's copy: its memory is freed, and what libbpf
// does not give out, descriptors of probes, is closed by the child's end.
class LibbpfLink {
 public:
  explicit LibbpfLink(bpf_link* link) noexcept : link_(link) {}
  ~LibbpfLink() {
    if (link_ == nullptr)
      return;
    bpf_link__disconnect(link_);
    bpf_link__destroy(link_);
  }
  LibbpfLink(const LibbpfLink&) = delete;
  LibbpfLink& operator=(const LibbpfLink&) = delete;

  void detach() noexcept { bpf_link__destroy(std::exchange(link_, nullptr)); }

 private:
  bpf_link* link_;
};

std::function<void()> detacher_of(bpf_link* link) {
  return [held = std::make_shared<LibbpfLink>(link)] { held->detach(); };
}

// Instead of what was attached, which may go: a link that the kernel updates is a descriptor, and needs nothing of it.
void keep_instead(LinkState& state, std::shared_ptr<const void> keeps, const std::string& what) {
  state.keeps = std::move(keeps);
  state.what = what;
}

}  // namespace

BpfLink LinkAccess::from_fd(UniqueFd fd, const BpfProgram& program) {
  auto state = make_state(program);
  state->fd = std::move(fd);
  return BpfLink(std::move(state));
}

BpfLink LinkAccess::from_fd(UniqueFd fd, const BpfMap& map) {
  auto state = make_state(map);
  state->fd = std::move(fd);
  return BpfLink(std::move(state));
}

BpfLink LinkAccess::from_detacher(std::function<void()> detach, const BpfProgram& program) {
  auto state = make_state(program);
  state->detach = std::move(detach);
  return BpfLink(std::move(state));
}

BpfLink LinkAccess::from_libbpf(bpf_link* link, const BpfProgram& program) {
  return from_detacher(detacher_of(link), program);
}

BpfLink LinkAccess::from_libbpf(bpf_link* link, const BpfMap& map) {
  auto state = make_state(map);
  state->detach = detacher_of(link);
  return BpfLink(std::move(state));
}

BpfLink::BpfLink() noexcept = default;
BpfLink::BpfLink(std::unique_ptr<LinkState> state) noexcept : state_(std::move(state)) {}
BpfLink::BpfLink(BpfLink&& other) noexcept = default;
BpfLink& BpfLink::operator=(BpfLink&& other) noexcept = default;
BpfLink::~BpfLink() = default;

BpfLink BpfLink::open_pinned(const std::string& path) {
  auto state = std::make_unique<LinkState>();
  state->fd = bpf::open_pinned(path, bpf::PinKind::link);
  state->pin_paths.push_back(path);
  state->what = "the link at " + path;
  return BpfLink(std::move(state));
}

BpfLink BpfLink::from_id(std::uint32_t id) {
  auto state = std::make_unique<LinkState>();
  state->fd = UniqueFd(::bpf_link_get_fd_by_id(id));
  if (const int error = state->fd ? 0 : errno; error != 0)
    throw bpf::failed(error, "open the link of id", std::to_string(id), {}, bpf::Right::system_admin);
  state->what = "the link of id " + std::to_string(id);
  return BpfLink(std::move(state));
}

int BpfLink::native_handle() const noexcept {
  return state_ && !state_->detach ? state_->fd.get() : -1;
}

BpfLinkInfo BpfLink::info() const {
  const int fd = link_fd(state_, "ask the kernel about the link of");
  return bpf::read_link_info(fd, state_->what);
}

void BpfLink::pin(const std::string& path) {
  const int fd = link_fd(state_, "pin the link of");
  bpf::pin(fd, path, {}, state_->what);
  state_->pin_paths.push_back(path);
}

void BpfLink::unpin() {
  if (!state_ || state_->pin_paths.empty())
    throw bpf::failed(ENOENT, "unpin the link of", {}, state_ ? state_->what : std::string());
  bpf::unpin(state_->pin_paths.back(), {}, state_->what);
  state_->pin_paths.pop_back();
}

const std::string& BpfLink::pin_path() const noexcept {
  static const std::string none;
  return state_ && !state_->pin_paths.empty() ? state_->pin_paths.back() : none;
}

void BpfLink::update(const BpfProgram& program) {
  const int fd = link_fd(state_, "update the link of");
  bpf::check_update(*state_, program);
  if (::bpf_link_update(fd, program.native_handle(), nullptr) != 0) {
    const int error = errno;
    throw bpf::update_error(error, *state_, program);
  }
  keep_instead(*state_, ProgramAccess::handle(program), program.name());
}

void BpfLink::update(const BpfProgram& program, const BpfProgram& expected) {
  const int fd = link_fd(state_, "update the link of");
  bpf::check_update(*state_, program);
  bpf_link_update_opts options{};
  options.sz = sizeof(options);
  options.flags = BPF_F_REPLACE;
  options.old_prog_fd = static_cast<__u32>(expected.native_handle());
  if (::bpf_link_update(fd, program.native_handle(), &options) != 0) {
    const int error = errno;
    throw bpf::update_error(error, *state_, program, expected);
  }
  keep_instead(*state_, ProgramAccess::handle(program), program.name());
}

void BpfLink::update(const StructOps& table) {
  const int fd = link_fd(state_, "update the link of");
  bpf::fill_struct_ops(table);
  if (::bpf_link_update(fd, table.native_handle(), nullptr) != 0) {
    const int error = errno;
    throw bpf::update_error(error, *state_, table);
  }
  keep_instead(*state_, MapAccess::handle(table), table.name());
}

void BpfLink::detach() {
  if (!state_)
    return;
  if (state_->detach) {
    state_->detach();
    state_->detach = nullptr;
    state_.reset();
    return;
  }
  // Links of the tracing kinds cannot be told to detach: they end with their last holder.
  if (::bpf_link_detach(state_->fd.get()) != 0) {
    if (const int error = errno; error != EOPNOTSUPP)
      throw bpf::failed(error, "detach the link of", {}, state_->what);
  }
  for (; !state_->pin_paths.empty(); state_->pin_paths.pop_back()) {
    try {
      bpf::unpin(state_->pin_paths.back(), {}, state_->what);
    } catch (const BpfError& error) {
      if (error.code() != std::errc::no_such_file_or_directory)  // somebody else has removed it
        throw;
    }
  }
  state_.reset();
}

}  // namespace fathom
