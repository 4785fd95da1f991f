#include "print_expression.hpp"

#include "type_size.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace fathom::rawtrace {

namespace {

struct BinaryMark {
  std::string_view mark;
  Op op;
  int strength;
};
constexpr std::array kBinaryMarks = {BinaryMark{"||", Op::logical_or, 1},    BinaryMark{"&&", Op::logical_and, 2},
                                     BinaryMark{"|", Op::bit_or, 3},         BinaryMark{"^", Op::bit_xor, 4},
                                     BinaryMark{"&", Op::bit_and, 5},        BinaryMark{"==", Op::equal, 6},
                                     BinaryMark{"!=", Op::not_equal, 6},     BinaryMark{"<", Op::less, 7},
                                     BinaryMark{">", Op::greater, 7},        BinaryMark{"<=", Op::less_equal, 7},
                                     BinaryMark{">=", Op::greater_equal, 7}, BinaryMark{"<<", Op::shift_left, 8},
                                     BinaryMark{">>", Op::shift_right, 8},   BinaryMark{"+", Op::add, 9},
                                     BinaryMark{"-", Op::subtract, 9},       BinaryMark{"*", Op::multiply, 10},
                                     BinaryMark{"/", Op::divide, 10},        BinaryMark{"%", Op::modulo, 10}};

constexpr bool is_comparison(Op op) noexcept {
  return op >= Op::less && op <= Op::logical_or;
}
constexpr bool is_shift(Op op) noexcept {
  return op == Op::shift_left || op == Op::shift_right;
}

struct ScalarName {
  std::string_view name;
  std::uint8_t size;
  bool is_signed;
};
// Those that stand in casts, beside those that fields have.
constexpr std::array kScalars = {
    ScalarName{"gfp_t", 4, false},     ScalarName{"__kernel_rwf_t", 4, true}, ScalarName{"uint", 4, false},
    ScalarName{"bool", 1, false},      ScalarName{"dev_t", 4, false},         ScalarName{"sector_t", 8, false},
    ScalarName{"blk_opf_t", 4, false}, ScalarName{"umode_t", 2, false},       ScalarName{"u_int32_t", 4, false}};

constexpr std::array<std::string_view, 12> kTypeWords = {"const", "volatile", "unsigned", "signed", "char",  "short",
                                                         "int",   "long",     "void",     "struct", "union", "enum"};

bool is_type_word(std::string_view name) noexcept {
  return std::ranges::find(kTypeWords, name) != kTypeWords.end();
}

const ScalarName* find_scalar(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(kScalars, name, &ScalarName::name);
  return found == kScalars.end() ? nullptr : found;
}

struct Enumerator {
  std::string_view name;
  std::uint32_t value;
};
// Enumerators that a format names although the kernel puts numbers in place of most (TRACE_DEFINE_ENUM): those of
// include/linux/hrtimer.h, the same since Linux 4.16.
constexpr std::array kEnumerators = {
    Enumerator{"HRTIMER_MODE_ABS", 0},
    Enumerator{"HRTIMER_MODE_REL", 1},
    Enumerator{"HRTIMER_MODE_ABS_PINNED", 2},
    Enumerator{"HRTIMER_MODE_REL_PINNED", 3},
    Enumerator{"HRTIMER_MODE_ABS_SOFT", 4},
    Enumerator{"HRTIMER_MODE_REL_SOFT", 5},
    Enumerator{"HRTIMER_MODE_ABS_PINNED_SOFT", 6},
    Enumerator{"HRTIMER_MODE_REL_PINNED_SOFT", 7},
    Enumerator{"HRTIMER_MODE_ABS_HARD", 8},
    Enumerator{"HRTIMER_MODE_REL_HARD", 9},
    Enumerator{"HRTIMER_MODE_ABS_PINNED_HARD", 10},
    Enumerator{"HRTIMER_MODE_REL_PINNED_HARD", 11},
};

bool is_known_type(std::string_view name) noexcept {
  return find_scalar(name) != nullptr || type_size(name, 8) != 0;
}

}  // namespace

std::uint32_t PrintExpressions::add(Node node) {
  if (program_->nodes.size() >= kMaxNodes || node.cost > kMaxCost || node.depth > kMaxDepth) {
    failed_ = true;
    node = Node{};
    node.value = static_cast<std::uint64_t>(PrintGap::bad_syntax);
  }
  program_->nodes.push_back(node);
  return static_cast<std::uint32_t>(program_->nodes.size() - 1);
}

std::uint32_t PrintExpressions::unknown(PrintGap gap) {
  Node node;
  node.value = static_cast<std::uint64_t>(gap);
  return add(node);
}

std::uint32_t PrintExpressions::constant(std::uint64_t value, std::uint8_t size, bool is_signed) {
  Node node;
  node.op = Op::constant;
  node.kind = NodeKind::number;
  node.size = size;
  node.is_signed = is_signed;
  node.value = value;
  return add(node);
}

void PrintExpressions::expect(std::string_view mark) {
  if (!lexer_.accept(mark))
    failed_ = true;
}

std::optional<std::string> PrintExpressions::take_texts() {
  if (lexer_.peek().kind != Token::Kind::string)
    return std::nullopt;
  std::string text;
  while (lexer_.peek().kind == Token::Kind::string)
    append_unescaped(text, lexer_.take().text);
  return text;
}

std::optional<std::uint32_t> PrintExpressions::take_argument() {
  if (!lexer_.accept(","))
    return std::nullopt;
  failed_ = false;
  nesting_ = 0;
  locals_.clear();
  const std::size_t nodes = program_->nodes.size();
  std::uint32_t node = expression();
  const Token& next = lexer_.peek();
  if (!failed_ && (next.is(",") || next.kind == Token::Kind::end))
    return node;
  program_->nodes.resize(nodes);
  skip_argument();
  return unknown(PrintGap::bad_syntax);
}

// Up to the next comma that stands outside of all brackets.
void PrintExpressions::skip_argument() {
  int open = 0;
  while (lexer_.peek().kind != Token::Kind::end) {
    const Token& token = lexer_.peek();
    if (open <= 0 && token.is(","))
      return;
    if (token.is("(") || token.is("{") || token.is("["))
      ++open;
    else if (token.is(")") || token.is("}") || token.is("]"))
      --open;
    lexer_.take();
  }
}

// Behind the bracket that closes what was opened already.
void PrintExpressions::skip_to(std::string_view end) {
  int open = 1;
  while (lexer_.peek().kind != Token::Kind::end) {
    const Token token = lexer_.take();
    if (token.is("(") || token.is("{") || token.is("["))
      ++open;
    else if ((token.is(")") || token.is("}") || token.is("]")) && --open == 0) {
      failed_ = failed_ || !token.is(end);
      return;
    }
  }
  failed_ = true;
}

std::uint32_t PrintExpressions::conditional() {
  if (++nesting_ > kMaxNesting)
    failed_ = true;
  if (failed_) {
    --nesting_;
    return unknown(PrintGap::bad_syntax);
  }
  const std::uint32_t condition = binary(1);
  if (!lexer_.accept("?")) {
    --nesting_;
    return condition;
  }
  const std::uint32_t yes = expression();
  expect(":");
  const std::uint32_t no = conditional();
  --nesting_;
  if (failed_)
    return condition;
  if (at(condition).op == Op::constant)
    return at(condition).value != 0 ? yes : no;
  if (at(condition).kind == NodeKind::unknown)
    return condition;
  Node node;
  node.op = Op::conditional;
  node.a = condition;
  node.b = yes;
  node.c = no;
  const Node& left = at(yes);
  const Node& right = at(no);
  node.cost = 1 + at(condition).cost + left.cost + right.cost;
  node.depth = static_cast<std::uint16_t>(1 + std::max({at(condition).depth, left.depth, right.depth}));
  if (left.kind == NodeKind::unknown && right.kind == NodeKind::unknown)
    return yes;
  const Node& known = left.kind == NodeKind::unknown ? right : left;
  const Node& other = right.kind == NodeKind::unknown ? left : right;
  node.kind = known.kind == other.kind ? known.kind : NodeKind::text;
  node.size = std::max({known.size, other.size, std::uint8_t{4}});
  node.is_signed = known.size == other.size ? known.is_signed && other.is_signed
                                            : (known.size > other.size ? known : other).is_signed;
  if (node.kind == NodeKind::bytes)
    node.size = known.size;
  return add(node);
}

// Each operator takes what binds stronger to its right.
std::uint32_t PrintExpressions::binary(int lowest) {
  std::uint32_t left = unary();
  while (!failed_) {
    const Token& token = lexer_.peek();
    const auto* const mark = std::ranges::find_if(kBinaryMarks, [&](const BinaryMark& candidate) {
      return candidate.strength >= lowest && token.is(candidate.mark);
    });
    if (mark == kBinaryMarks.end())
      break;
    lexer_.take();
    const std::uint32_t right = binary(mark->strength + 1);
    if (failed_)
      break;
    left = binary_node(mark->op, left, right);
  }
  return left;
}

// The usual conversions of C: both become the wider type, at least an int.
std::uint32_t PrintExpressions::binary_node(Op op, std::uint32_t left, std::uint32_t right) {
  const Node a = at(left);
  const Node b = at(right);
  if (a.kind == NodeKind::unknown)
    return left;
  if (b.kind == NodeKind::unknown)
    return right;
  if (a.kind != NodeKind::number || b.kind != NodeKind::number)
    return unknown(PrintGap::unknown_type);
  const auto promoted_signed = [](const Node& node) { return node.size < 4 || node.is_signed; };
  const auto promoted_size = [](const Node& node) { return std::max(node.size, std::uint8_t{4}); };
  Node node;
  node.op = op;
  node.kind = NodeKind::number;
  node.a = left;
  node.b = right;
  node.cost = 1 + a.cost + b.cost;
  node.depth = static_cast<std::uint16_t>(1 + std::max(a.depth, b.depth));
  node.size = promoted_size(a);
  node.is_signed = promoted_signed(a);
  if (!is_shift(op)) {
    node.size = std::max(promoted_size(a), promoted_size(b));
    node.is_signed =
        (promoted_size(a) < node.size || promoted_signed(a)) && (promoted_size(b) < node.size || promoted_signed(b));
  }
  if (a.op == Op::constant && b.op == Op::constant) {
    const std::uint64_t x = fit(a.value, node.size, node.is_signed);
    const std::uint64_t y = is_shift(op) ? b.value : fit(b.value, node.size, node.is_signed);
    std::optional<std::uint64_t> value;
    if (op == Op::logical_and)
      value = x != 0 && y != 0;
    else if (op == Op::logical_or)
      value = x != 0 || y != 0;
    else
      value = calculate(op, x, y, node.size, node.is_signed);
    if (value)
      return is_comparison(op) ? constant(*value, 4, true) : constant(*value, node.size, node.is_signed);
  }
  // The operands are converted to this type; the result of a comparison, 0 or 1, is in all of them.
  return add(node);
}

std::uint32_t PrintExpressions::unary() {
  constexpr std::array<std::pair<std::string_view, Op>, 3> kMarks = {
      {{"-", Op::negate}, {"~", Op::complement}, {"!", Op::logical_not}}};
  if (++nesting_ > kMaxNesting) {
    failed_ = true;
    --nesting_;
    return unknown(PrintGap::bad_syntax);
  }
  const Token& token = lexer_.peek();
  std::uint32_t result = 0;
  const auto* const mark =
      std::ranges::find_if(kMarks, [&](const auto& candidate) { return token.is(candidate.first); });
  if (mark != kMarks.end()) {
    lexer_.take();
    const std::uint32_t operand = unary();
    Node node = at(operand);
    result = operand;
    if (node.kind == NodeKind::number) {
      node.size = std::max(node.size, std::uint8_t{4});
      node.is_signed = at(operand).size < 4 || node.is_signed;
      if (mark->second == Op::logical_not) {
        node.size = 4;
        node.is_signed = true;
      }
      if (node.op == Op::constant) {
        const std::uint64_t value = mark->second == Op::negate       ? 0 - node.value
                                    : mark->second == Op::complement ? ~node.value
                                                                     : std::uint64_t{node.value == 0};
        result = constant(fit(value, node.size, node.is_signed), node.size, node.is_signed);
      } else {
        node.op = mark->second;
        node.a = operand;
        ++node.cost;
        ++node.depth;
        result = add(node);
      }
    } else if (node.kind != NodeKind::unknown) {
      result = unknown(PrintGap::unknown_type);
    }
  } else if (lexer_.accept("+")) {
    result = unary();
  } else if (lexer_.accept("*")) {
    result = dereference(unary());
  } else if (lexer_.accept("&")) {
    // The address of a field: its bytes.
    const std::uint32_t operand = unary();
    const Node node = at(operand);
    result = operand;
    if (node.op == Op::field) {
      Node bytes = node;
      bytes.op = Op::fixed;
      bytes.kind = NodeKind::bytes;
      bytes.value = node.size;
      result = add(bytes);
    } else if (node.kind == NodeKind::number) {
      result = unknown(PrintGap::unknown_type);
    }
  } else {
    result = postfix();
  }
  --nesting_;
  return result;
}

std::uint32_t PrintExpressions::dereference(std::uint32_t pointer) {
  const std::uint32_t zero = constant(0, 4, true);
  if (!is_bytes(pointer))
    return at(pointer).kind == NodeKind::unknown ? pointer : unknown(PrintGap::unknown_type);
  Node node = at(pointer);
  node.op = Op::element;
  node.kind = NodeKind::number;
  node.a = pointer;
  node.b = zero;
  node.cost += 2;
  ++node.depth;
  return add(node);
}

std::uint32_t PrintExpressions::postfix() {
  std::uint32_t node = primary();
  while (!failed_) {
    if (lexer_.accept("[")) {
      const std::uint32_t index = expression();
      expect("]");
      if (failed_)
        break;
      if (at(node).kind == NodeKind::unknown)
        continue;
      if (!is_bytes(node) || at(index).kind != NodeKind::number) {
        node = unknown(PrintGap::unknown_type);
        continue;
      }
      Node element = at(node);
      element.op = Op::element;
      element.kind = NodeKind::number;
      element.a = node;
      element.b = index;
      element.cost += 1 + at(index).cost;
      element.depth = static_cast<std::uint16_t>(1 + std::max(element.depth, at(index).depth));
      node = add(element);
    } else if (lexer_.accept("->") || lexer_.accept(".")) {
      node = member(node);
    } else {
      break;
    }
  }
  return node;
}

std::uint32_t PrintExpressions::member(std::uint32_t base) {
  const Token name = lexer_.take();
  if (name.kind != Token::Kind::name) {
    failed_ = true;
    return base;
  }
  if (at(base).op != Op::record)
    return at(base).kind == NodeKind::unknown ? base : unknown(PrintGap::unknown_type);
  if (base + 1 == program_->nodes.size())
    program_->nodes.pop_back();  // REC was for this alone
  const EventField* const field = format_->find(name.text);
  return field == nullptr ? unknown(PrintGap::unknown_name) : field_node(*field);
}

std::uint32_t PrintExpressions::field_node(const EventField& field) {
  const bool number =
      field.kind == FieldKind::value && (field.size == 1 || field.size == 2 || field.size == 4 || field.size == 8);
  if (!number)
    return bytes_of(field);
  Node node;
  node.op = Op::field;
  node.kind = NodeKind::number;
  node.size = static_cast<std::uint8_t>(field.size);
  node.is_signed = field.is_signed;
  node.a = field.offset;
  return add(node);
}

std::uint32_t PrintExpressions::bytes_of(const EventField& field) {
  Node node;
  node.kind = NodeKind::bytes;
  node.op = field.kind == FieldKind::data_loc  ? Op::data_loc
            : field.kind == FieldKind::rel_loc ? Op::rel_loc
                                               : Op::fixed;
  node.size = static_cast<std::uint8_t>(field.element_size <= 8 ? field.element_size : 0);
  node.is_signed = field.is_signed;
  node.a = field.offset;
  node.value = field.kind == FieldKind::open_array ? 0 : field.size;
  return add(node);
}

std::uint32_t PrintExpressions::primary() {
  const Token& token = lexer_.peek();
  switch (token.kind) {
    case Token::Kind::number: {
      const Token number = lexer_.take();
      return constant(fit(number.value, number.size, number.is_signed), number.size, number.is_signed);
    }
    case Token::Kind::string: {
      Node node;
      node.op = Op::literal;
      node.kind = NodeKind::text;
      node.a = static_cast<std::uint32_t>(program_->texts.size());
      const auto text = take_texts();
      program_->texts += *text;
      node.b = static_cast<std::uint32_t>(text->size());
      return add(node);
    }
    case Token::Kind::name:
      return name_or_call();
    case Token::Kind::mark:
      if (lexer_.accept("("))
        return parenthesized();
      break;
    default:
      break;
  }
  failed_ = true;
  return unknown(PrintGap::bad_syntax);
}

std::uint32_t PrintExpressions::parenthesized() {
  if (lexer_.peek().is("{"))
    return statements();
  if (at_type()) {
    const Type type = take_type();
    expect(")");
    if (failed_)
      return unknown(PrintGap::bad_syntax);
    return cast(unary(), type);
  }
  const std::uint32_t inner = expression();
  expect(")");
  // `(some_type_t)x`: the name of a type that we do not know.
  const Token& next = lexer_.peek();
  const bool operand = next.kind == Token::Kind::name || next.kind == Token::Kind::number || next.is("(");
  if (!failed_ && at(inner).kind == NodeKind::unknown && at(inner).op == Op::unknown && operand) {
    unary();
    return unknown(PrintGap::unknown_type);
  }
  return inner;
}

// `({ int x = (REC->n); x < 9 ? x : 9; })`
std::uint32_t PrintExpressions::statements() {
  lexer_.take();
  std::uint32_t last = kNoNode;
  while (!failed_ && !lexer_.peek().is("}")) {
    if (lexer_.peek().is_name("static")) {
      skip_to("}");
      expect(")");
      return unknown(PrintGap::unknown_type);
    }
    if (at_type()) {
      const Type type = take_type();
      const Token name = lexer_.take();
      expect("=");
      if (failed_ || name.kind != Token::Kind::name) {
        failed_ = true;
        break;
      }
      const std::uint32_t value = cast(expression(), type);
      locals_.insert_or_assign(std::string(name.text), value);
    } else {
      last = expression();
    }
    expect(";");
  }
  expect("}");
  expect(")");
  failed_ = failed_ || last == kNoNode;
  return failed_ ? unknown(PrintGap::bad_syntax) : last;
}

bool PrintExpressions::at_type() const {
  const Token& token = lexer_.peek();
  if (token.kind != Token::Kind::name || locals_.contains(token.text))
    return false;
  return is_type_word(token.text) || is_known_type(token.text);
}

PrintExpressions::Type PrintExpressions::take_type() {
  Type type;
  std::string words;
  bool is_unsigned = false;
  bool known = true;
  while (lexer_.peek().kind == Token::Kind::name) {
    const std::string_view word = lexer_.take().text;
    if (word == "const" || word == "volatile" || word == "signed")
      continue;
    if (word == "struct" || word == "union" || word == "enum") {
      lexer_.take();
      known = word == "enum";
      words = "unsigned";
      is_unsigned = true;
      break;
    }
    if (word == "unsigned") {
      is_unsigned = true;
      if (words.empty())
        words = "int";
      continue;
    }
    // "long long int", "unsigned long": the last of the words for lengths counts.
    if (word == "int" && (words == "long" || words == "short"))
      continue;
    words = word;
    // A local's name follows a type's; only C's own words make a type of several.
    if (!is_type_word(word) || !is_type_word(lexer_.peek().text))
      break;
  }
  if (const ScalarName* const scalar = find_scalar(words)) {
    type.size = scalar->size;
    type.is_signed = scalar->is_signed;
  } else {
    type.size = static_cast<std::uint8_t>(known ? type_size(words, program_->long_size) : 0);
    const bool named_unsigned = words.starts_with('u') || words.starts_with("__u") || words.starts_with("__be") ||
                                words.starts_with("__le") || words == "size_t";
    type.is_signed = !is_unsigned && !named_unsigned;
  }
  while (lexer_.accept("*")) {
    type = {static_cast<std::uint8_t>(program_->long_size), false, true, type.pointer ? std::uint8_t{8} : type.size,
            type.is_signed};
    while (lexer_.peek().is_name("const"))
      lexer_.take();
  }
  return type;
}

std::uint32_t PrintExpressions::cast(std::uint32_t operand, const Type& type) {
  const Node from = at(operand);
  if (from.kind == NodeKind::unknown || from.kind == NodeKind::text)
    return operand;
  Node node = from;
  node.a = operand;
  ++node.cost;
  ++node.depth;
  if (from.kind == NodeKind::bytes) {
    if (!type.pointer)
      return unknown(PrintGap::unknown_type);
    if (type.target_size == 0)
      return operand;
    node.op = Op::resized;
    node.size = type.target_size;
    node.is_signed = type.target_signed;
    return add(node);
  }
  if (type.size == 0)
    return unknown(PrintGap::unknown_type);
  if (from.op == Op::constant)
    return constant(fit(from.value, type.size, type.is_signed), type.size, type.is_signed);
  node.op = Op::cast;
  node.size = type.size;
  node.is_signed = type.is_signed;
  return add(node);
}

std::uint32_t PrintExpressions::name_or_call() {
  const std::string_view name = lexer_.take().text;
  if (name == "REC") {
    Node node;
    node.op = Op::record;
    node.value = static_cast<std::uint64_t>(PrintGap::unknown_name);
    return add(node);
  }
  if (name == "sizeof")
    return size_of();
  if (lexer_.accept("("))
    return call(name);
  if (const auto local = locals_.find(name); local != locals_.end())
    return local->second;
  if (const auto* const found = std::ranges::find(kEnumerators, name, &Enumerator::name); found != kEnumerators.end())
    return constant(found->value, 4, false);
  return unknown(PrintGap::unknown_name);
}

std::uint32_t PrintExpressions::size_of() {
  expect("(");
  if (failed_)
    return unknown(PrintGap::bad_syntax);
  std::uint32_t size = 0;
  if (at_type()) {
    size = take_type().size;
    expect(")");
  } else {
    const std::uint32_t operand = expression();
    expect(")");
    const Node& node = at(operand);
    if (node.kind == NodeKind::number)
      size = node.size;
    else if (node.op == Op::fixed)
      size = static_cast<std::uint32_t>(node.value);
  }
  return size == 0 ? unknown(PrintGap::unknown_type)
                   : constant(size, static_cast<std::uint8_t>(program_->long_size), false);
}

std::uint32_t PrintExpressions::field_call(std::string_view name) {
  const EventField* const field = format_->find(name);
  return field == nullptr ? unknown(PrintGap::unknown_name) : bytes_of(*field);
}

std::uint32_t PrintExpressions::text_node(Op op, std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  Node node;
  node.op = op;
  node.kind = NodeKind::text;
  node.a = a;
  node.b = b;
  node.c = c;
  node.cost = 1 + at(a).cost;
  node.depth = static_cast<std::uint16_t>(1 + at(a).depth);
  return add(node);
}

std::uint32_t PrintExpressions::call(std::string_view name) {
  constexpr std::array<std::string_view, 8> kBytes = {
      "__get_str",          "__get_dynamic_array", "__get_sockaddr", "__get_rel_str", "__get_rel_dynamic_array",
      "__get_rel_sockaddr", "__get_buf",           "__get_rel_buf"};
  constexpr std::array<std::string_view, 2> kLengths = {"__get_dynamic_array_len", "__get_rel_dynamic_array_len"};
  constexpr std::array<std::string_view, 4> kMasks = {"__get_bitmask", "__get_cpumask", "__get_rel_bitmask",
                                                      "__get_rel_cpumask"};
  const auto in = [name](const auto& names) { return std::ranges::find(names, name) != names.end(); };
  if (name == "__print_flags" || name == "__print_flags_u64")
    return table_call(Op::flags);
  if (name == "__print_symbolic" || name == "__print_symbolic_u64" || name == "__print_symbolic64")
    return table_call(Op::symbolic);
  if (name == "__builtin_expect") {
    const std::uint32_t value = expression();
    expect(",");
    expression();
    expect(")");
    return value;
  }
  if (name == "__print_ns_to_secs" || name == "__print_ns_without_secs") {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    const Op op = name == "__print_ns_to_secs" ? Op::divide : Op::modulo;
    const std::uint32_t value = cast(expression(), {8, false, false, 0, false});
    expect(")");
    return binary_node(op, value, constant(kSecond, 8, false));
  }
  if (in(kBytes) || in(kLengths) || in(kMasks) || name == "__print_dynamic_array") {
    const Token field = lexer_.take();
    const std::uint32_t bytes = field_call(field.text);
    if (name == "__print_dynamic_array") {
      expect(",");
      const std::uint32_t size = expression();
      expect(")");
      if (failed_ || at(bytes).kind == NodeKind::unknown || at(size).op != Op::constant)
        return at(bytes).kind == NodeKind::unknown ? bytes : unknown(PrintGap::unknown_type);
      return text_node(Op::dynamic_array, bytes, 0, static_cast<std::uint32_t>(at(size).value));
    }
    expect(")");
    if (failed_ || at(bytes).kind == NodeKind::unknown || in(kBytes))
      return bytes;
    if (in(kMasks))
      return text_node(Op::bitmask, bytes, 0, 0);
    Node node = at(bytes);
    node.op = Op::length;
    node.kind = NodeKind::number;
    node.size = 4;
    node.is_signed = true;
    node.a = bytes;
    ++node.cost;
    ++node.depth;
    return add(node);
  }
  const bool hex = name == "__print_hex" || name == "__print_hex_str";
  if (hex || name == "__print_array") {
    const std::uint32_t bytes = expression();
    expect(",");
    const std::uint32_t count = expression();
    std::uint32_t size = count;
    if (!hex) {
      expect(",");
      size = expression();
    }
    expect(")");
    if (failed_)
      return bytes;
    for (const std::uint32_t node : {bytes, count, size}) {
      if (at(node).kind == NodeKind::unknown)
        return node;
    }
    if (!is_bytes(bytes) || at(count).kind != NodeKind::number || (!hex && at(size).op != Op::constant))
      return unknown(PrintGap::unknown_type);
    const Op op = !hex ? Op::array : name == "__print_hex" ? Op::hex : Op::hex_joined;
    const std::uint32_t node = text_node(op, bytes, count, hex ? 0 : static_cast<std::uint32_t>(at(size).value));
    program_->nodes[node].cost += at(count).cost;
    program_->nodes[node].depth = static_cast<std::uint16_t>(std::max<int>(at(node).depth, at(count).depth + 1));
    return node;
  }
  skip_to(")");
  return unknown(PrintGap::unknown_function);
}

// `__print_flags(REC->flags, "|", { 1, "A" }, { 2, "B" })`; __print_symbolic has no text between.
std::uint32_t PrintExpressions::table_call(Op op) {
  const std::uint32_t value = expression();
  std::uint32_t between = 0;
  if (op == Op::flags) {
    expect(",");
    between = expression();
  }
  auto table = take_table();
  if (failed_)
    return value;
  if (at(value).kind == NodeKind::unknown)
    return value;
  if (!table || at(value).kind != NodeKind::number || (op == Op::flags && at(between).op != Op::literal))
    return unknown(PrintGap::unknown_name);
  program_->tables.push_back(std::move(*table));
  return text_node(op, value, static_cast<std::uint32_t>(program_->tables.size() - 1), between);
}

// Empty where a value is no constant. An entry without a text ends the table: `{ -1, 0 }`, `{ 0, ((void *)0) }`, `{ }`.
std::optional<Table> PrintExpressions::take_table() {
  Table table;
  bool constant_values = true;
  bool ended = false;
  while (!failed_ && lexer_.accept(",")) {
    expect("{");
    if (lexer_.accept("}")) {
      ended = true;
      continue;
    }
    const std::size_t nodes = program_->nodes.size();
    const std::uint32_t value = expression();
    expect(",");
    const auto text = take_texts();
    if (!text)
      expression();
    expect("}");
    if (failed_)
      return std::nullopt;
    ended = ended || !text;
    if (!ended) {
      constant_values = constant_values && at(value).op == Op::constant;
      table.entries.push_back({at(value).value, static_cast<std::uint32_t>(program_->texts.size()),
                               static_cast<std::uint32_t>(text->size())});
      program_->texts += *text;
    }
    program_->nodes.resize(nodes);
    std::erase_if(locals_, [nodes](const auto& local) { return local.second >= nodes; });
  }
  expect(")");
  if (!constant_values)
    return std::nullopt;
  return table;
}

}  // namespace fathom::rawtrace
