#include "saturate.hpp"

#include <fathom/graph/call.hpp>

namespace fathom {

std::string_view to_string(CallMark mark) noexcept {
  switch (mark) {
    case CallMark::no_entry:
      return "no_entry";
    case CallMark::no_exit:
      return "no_exit";
    case CallMark::children_lost:
      return "children_lost";
    case CallMark::mismatched:
      return "mismatched";
    case CallMark::parents_unknown:
      return "parents_unknown";
    case CallMark::interrupted_exit:
      return "interrupted_exit";
  }
  return {};
}

std::optional<Duration> Call::duration() const noexcept {
  if (!node().has_duration())
    return std::nullopt;
  return node().duration;
}

Duration Call::children_time() const noexcept {
  Duration sum{0};
  for (detail::CallIndex i = node().first_child; i != detail::kNoCall; i = store_->nodes[i].next_sibling) {
    const detail::CallNode& child = store_->nodes[i];
    if (child.has_duration())
      sum = detail::add(sum, child.duration);
  }
  return sum;
}

std::optional<Duration> Call::self_time() const noexcept {
  if (!node().has_duration())
    return std::nullopt;
  return detail::subtract(node().duration, children_time());
}

std::optional<std::uint32_t> Call::cpu() const noexcept {
  if (node().cpu == detail::kUnknownCpu)
    return std::nullopt;
  return node().cpu;
}

std::optional<Call> Call::parent() const noexcept {
  if (node().is_root())
    return std::nullopt;
  return Call{*store_, node().parent};
}

CallChildren Call::children() const noexcept {
  return {*store_, node().first_child};
}

CallsPreorder Call::preorder() const noexcept {
  return {*store_, index_, index_};
}

std::size_t Call::tree_index() const noexcept {
  detail::CallIndex i = index_;
  while (!store_->nodes[i].is_root())
    i = store_->nodes[i].parent;
  return store_->nodes[i].parent;
}

std::string_view Call::args() const noexcept {
  const detail::CallDetail* detail = store_->detail(index_);
  return detail == nullptr ? std::string_view{} : store_->texts[detail->args].name;
}

std::string_view Call::caller() const noexcept {
  const detail::CallDetail* detail = store_->detail(index_);
  return detail == nullptr ? std::string_view{} : store_->texts[detail->caller].name;
}

std::optional<std::uint64_t> Call::retval() const noexcept {
  const detail::CallDetail* detail = store_->detail(index_);
  return detail == nullptr ? std::nullopt : detail->retval;
}

std::optional<std::uint64_t> Call::overruns() const noexcept {
  const detail::CallDetail* detail = store_->detail(index_);
  return detail == nullptr ? std::nullopt : detail->overruns;
}

CallsPreorder::Iterator& CallsPreorder::Iterator::operator++() noexcept {
  const detail::CallStore& store = *call_.store_;
  detail::CallIndex at = call_.index_;
  detail::CallIndex next = store.nodes[at].first_child;
  while (next == detail::kNoCall && at != top_) {
    next = store.nodes[at].next_sibling;
    if (next == detail::kNoCall) {
      if (store.nodes[at].is_root())
        break;
      at = store.nodes[at].parent;
    }
  }
  call_.index_ = next;
  return *this;
}

}  // namespace fathom
