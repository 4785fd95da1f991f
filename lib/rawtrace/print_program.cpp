#include "print_program.hpp"

namespace fathom::rawtrace {

std::optional<std::uint64_t> calculate(Op op, std::uint64_t left, std::uint64_t right, std::uint8_t size,
                                       bool is_signed) noexcept {
  const auto signed_left = static_cast<std::int64_t>(left);
  const auto signed_right = static_cast<std::int64_t>(right);
  const unsigned bits = size * 8U;
  switch (op) {
    case Op::add:
      return fit(left + right, size, is_signed);
    case Op::subtract:
      return fit(left - right, size, is_signed);
    case Op::multiply:
      return fit(left * right, size, is_signed);
    case Op::divide:
      if (right == 0)
        return std::nullopt;
      if (!is_signed)
        return left / right;
      return signed_right == -1 ? fit(0 - left, size, true) : static_cast<std::uint64_t>(signed_left / signed_right);
    case Op::modulo:
      if (right == 0)
        return std::nullopt;
      if (!is_signed)
        return left % right;
      return signed_right == -1 ? 0 : static_cast<std::uint64_t>(signed_left % signed_right);
    case Op::shift_left:
      return right < bits ? fit(left << right, size, is_signed) : 0;
    case Op::shift_right:
      if (right >= bits)
        return is_signed && signed_left < 0 ? ~std::uint64_t{0} : 0;
      return is_signed ? static_cast<std::uint64_t>(signed_left >> right) : left >> right;
    case Op::bit_and:
      return left & right;
    case Op::bit_or:
      return left | right;
    case Op::bit_xor:
      return fit(left ^ right, size, is_signed);
    case Op::less:
      return is_signed ? signed_left < signed_right : left < right;
    case Op::greater:
      return is_signed ? signed_left > signed_right : left > right;
    case Op::less_equal:
      return is_signed ? signed_left <= signed_right : left <= right;
    case Op::greater_equal:
      return is_signed ? signed_left >= signed_right : left >= right;
    case Op::equal:
      return left == right;
    case Op::not_equal:
      return left != right;
    default:
      return std::nullopt;
  }
}

}  // namespace fathom::rawtrace
