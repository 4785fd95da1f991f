#include "btf_data.hpp"

#include <fathom/btf/btf.hpp>

namespace fathom {

BtfNamed::BtfNamed(const detail::BtfData& data, std::string_view name) : first_(&data, name, data.first_named(name)) {}

BtfType BtfNamed::Iterator::operator*() const {
  return data_->type(id_);
}

BtfNamed::Iterator& BtfNamed::Iterator::operator++() {
  id_ = data_->next_named(id_, name_);
  return *this;
}

Btf Btf::parse(std::span<const std::byte> bytes) {
  return Btf(detail::parse_btf(bytes, nullptr, {}));
}

Btf Btf::parse(std::span<const std::byte> bytes, const Btf& base) {
  return Btf(detail::parse_btf(bytes, base.data_, {}));
}

std::uint32_t Btf::id_count() const noexcept {
  return data_->id_count();
}

std::uint32_t Btf::first_own_id() const noexcept {
  return data_->first_own_id();
}

std::optional<BtfType> Btf::type(std::uint32_t id) const& noexcept {
  if (id >= data_->id_count())
    return std::nullopt;
  return data_->type(id);
}

BtfType Btf::TypeOfId::operator()(std::uint32_t id) const noexcept {
  return data->type(id);
}

std::optional<BtfType> Btf::find(BtfKind kind, std::string_view name) const& {
  for (const BtfType type : named(name)) {
    if (type.kind() == kind)
      return type;
  }
  return std::nullopt;
}

BtfNamed Btf::named(std::string_view name) const& {
  return {*data_, name};
}

std::uint8_t Btf::pointer_size() const noexcept {
  return data_->pointer_size();
}

bool Btf::was_foreign_endian() const noexcept {
  return data_->foreign_endian();
}

}  // namespace fathom
