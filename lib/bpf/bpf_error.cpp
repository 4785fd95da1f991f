#include "error_cause.hpp"

#include <fathom/bpf/bpf_error.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fathom {

namespace {

std::string action_of(const BpfFailure& failure) {
  std::string action = failure.operation;
  if (!failure.name.empty()) {
    action += ' ' + failure.name;
    if (!failure.object.empty())
      action += " of " + failure.object;
  }
  if (!failure.target.empty())
    action += " to " + failure.target;
  return action;
}

// The object's, where it alone is meant: with a program, map or variable it is a part of the action.
std::string path_of(const BpfFailure& failure) {
  return failure.name.empty() ? failure.object : std::string();
}

// One line: the reasons of the summary, which are its last lines, without source and instruction.
std::string hint_of(const BpfFailure& failure, std::string_view summary) {
  std::string hint;
  while (!summary.empty()) {
    const std::size_t end = std::min(summary.find('\n'), summary.size());
    const std::string_view line = summary.substr(0, end);
    summary.remove_prefix(std::min(end + 1, summary.size()));
    const bool context = line.starts_with("; ") || (line[0] >= '0' && line[0] <= '9');
    if (!context || (hint.empty() && summary.empty())) {
      hint += hint.empty() ? "" : "; ";
      hint += line;
    }
  }
  if (!hint.empty() && !failure.hint.empty())
    hint += "; ";
  return hint + failure.hint;
}

}  // namespace

std::string_view to_string(BpfCause cause) noexcept {
  switch (cause) {
    case BpfCause::unsupported:
      return "unsupported";
    case BpfCause::denied:
      return "denied";
    case BpfCause::verifier:
      return "verifier";
    case BpfCause::no_such_function:
      return "no_such_function";
    case BpfCause::bad_attach_target:
      return "bad_attach_target";
    case BpfCause::bad_object:
      return "bad_object";
    case BpfCause::resource:
      return "resource";
    case BpfCause::other:
      break;
  }
  return "other";
}

struct BpfError::Detail {
  BpfFailure failure;
  std::string summary;
};

BpfError::BpfError(std::shared_ptr<const Detail> detail)
    : Error(bpf::portable_errno(detail->failure.errno_value), action_of(detail->failure), path_of(detail->failure),
            hint_of(detail->failure, detail->summary)),
      detail_(std::move(detail)) {}

BpfError::BpfError(BpfFailure failure)
    : BpfError([&] {
        std::string summary = summarize_verifier_log(failure.log);
        return std::make_shared<const Detail>(Detail{std::move(failure), std::move(summary)});
      }()) {}

BpfCause BpfError::cause() const noexcept {
  return detail_->failure.cause;
}
const std::string& BpfError::operation() const noexcept {
  return detail_->failure.operation;
}
const std::string& BpfError::object() const noexcept {
  return detail_->failure.object;
}
const std::string& BpfError::name() const noexcept {
  return detail_->failure.name;
}
const std::string& BpfError::target() const noexcept {
  return detail_->failure.target;
}
const std::string& BpfError::log() const noexcept {
  return detail_->failure.log;
}
const std::string& BpfError::summary() const noexcept {
  return detail_->summary;
}
const std::string& BpfError::messages() const noexcept {
  return detail_->failure.messages;
}

}  // namespace fathom
