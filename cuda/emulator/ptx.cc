// The parser of PTX: see ptx.h. Called once for each module, and once more for each function that is launched.
#include "ptx.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace flambeau::emulator {
namespace {

struct TypeName {
  std::string_view name;
  Type type;
};
constexpr TypeName kTypes[] = {
    {"pred", Type::pred}, {"b8", Type::u8},   {"b16", Type::u16},     {"b32", Type::u32},      {"b64", Type::u64},
    {"u8", Type::u8},     {"u16", Type::u16}, {"u32", Type::u32},     {"u64", Type::u64},      {"s8", Type::s8},
    {"s16", Type::s16},   {"s32", Type::s32}, {"s64", Type::s64},     {"f16", Type::f16},      {"bf16", Type::bf16},
    {"f32", Type::f32},   {"f64", Type::f64}, {"f16x2", Type::f16x2}, {"bf16x2", Type::bf16x2}};

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '%' || c == '.';
}

/** Reads tokens one after another. */
struct Lexer {
  std::string_view text;
  size_t at = 0;
  uint32_t line = 1;

  void skip_to(size_t end) {
    line += static_cast<uint32_t>(std::count(text.data() + at, text.data() + end, '\n'));
    at = end;
  }
  /** Skips blanks and comments; false at the end. */
  bool find() {
    for (; at < text.size(); at++) {
      const char c = text[at];
      if (c == '\n') {
        line++;
      } else if (c == '/' && text.substr(at, 2) == "//") {
        at = std::min(text.find('\n', at), text.size()) - 1;
      } else if (c == '/' && text.substr(at, 2) == "/*") {
        skip_to(std::min(text.find("*/", at), text.size() - 2) + 1);
      } else if (std::isspace(static_cast<unsigned char>(c)) == 0 && c != '\0') {
        return true;
      }
    }
    return false;
  }
  /** The token that find() found. */
  Token take() {
    const size_t begin = at++;
    const char c = text[begin];
    if (c == '"') {
      at = std::min(text.find('"', at), text.size() - 1) + 1;
    } else if (is_word(c)) {
      while (at < text.size() && is_word(text[at])) at++;
    }
    return {text.substr(begin, at - begin), line};
  }
};

/** The place behind a balanced `{ … }`, given the one behind its opening brace. Most of a module's text is passed here.
 */
size_t behind_braces(std::string_view text, size_t at) {
  static const std::array<bool, 256> stops = [] {
    std::array<bool, 256> table = {};
    for (const char c : {'{', '}', '/', '"'}) table[static_cast<unsigned char>(c)] = true;
    return table;
  }();
  for (int depth = 1; depth > 0; at++) {
    while (at < text.size() && !stops[static_cast<unsigned char>(text[at])]) at++;
    if (at >= text.size()) throw PtxError("PTX: a brace is not closed");
    const char c = text[at];
    if (c == '{') {
      depth++;
    } else if (c == '}') {
      depth--;
    } else if (c == '"') {
      at = std::min(text.find('"', at + 1), text.size());
    } else if (text.substr(at, 2) == "//") {
      at = std::min(text.find('\n', at), text.size());
    } else if (text.substr(at, 2) == "/*") {
      at = std::min(text.find("*/", at + 2), text.size());
    }
  }
  return at;
}

/** Skips a balanced `{ … }`; the cursor is behind the opening brace, and ends behind the closing one. */
size_t skip_braces(Cursor& cursor) {
  for (int depth = 1;;) {
    if (cursor.done()) throw PtxError("PTX: a brace is not closed");
    const size_t at = cursor.position();
    const std::string_view word = cursor.next();
    if (word == "{") depth++;
    if (word == "}" && --depth == 0) return at;
  }
}

std::unique_ptr<Function> read_function(std::string_view text, size_t begin, size_t end, uint32_t line) {
  auto made = std::make_unique<Function>();
  Function& f = *made;
  for (Lexer lexer{text.substr(0, end), begin, line}; lexer.find();) f.tokens.push_back(lexer.take());
  Cursor cursor(f.tokens, 0, f.tokens.size());
  f.entry = cursor.next() == ".entry";
  if (cursor.peek() == "(") f.results = cursor.declarations(Space::param);
  f.name = cursor.next();
  if (cursor.peek() == "(") f.parameters = cursor.declarations(Space::param);
  while (!cursor.done() && cursor.peek() != "{" && cursor.peek() != ";") {
    if (cursor.next() != ".maxntid") continue;
    uint64_t threads = integer_of(cursor.next());
    while (cursor.accept(",")) threads *= integer_of(cursor.next());
    f.max_threads = static_cast<uint32_t>(threads);
  }
  if (cursor.next() == "{") {
    f.begin = cursor.position();
    f.end = skip_braces(cursor);
  }
  return made;
}

}  // namespace

Type type_named(std::string_view name) {
  for (const TypeName& t : kTypes)
    if (t.name == name) return t.type;
  return Type::none;
}

uint32_t bytes_of(Type type) {
  constexpr std::array<uint8_t, 16> kBytes = {0, 1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8, 4, 4};
  return kBytes[static_cast<size_t>(type)];
}
bool is_float(Type type) { return type >= Type::f16; }
bool is_signed(Type type) { return type >= Type::s8 && type <= Type::s64; }

bool Statement::has(std::string_view part) const { return std::find(parts.begin(), parts.end(), part) != parts.end(); }

std::string Ptx::line(uint32_t number) const {
  size_t at = 0;
  for (uint32_t i = 1; i < number && at != std::string::npos; i++) at = text.find('\n', at) + 1;
  std::string s(text.substr(at, text.find('\n', at) - at));
  const auto blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  s.erase(s.begin(), std::find_if_not(s.begin(), s.end(), blank));
  s.erase(std::find_if_not(s.rbegin(), s.rend(), blank).base(), s.end());
  return s;
}

uint64_t integer_of(std::string_view text) {
  std::string digits(text);
  while (!digits.empty() && (digits.back() == 'U' || digits.back() == 'u')) digits.pop_back();
  size_t used = 0;
  uint64_t value = 0;
  try {
    const bool binary = digits.size() > 2 && digits[0] == '0' && (digits[1] == 'b' || digits[1] == 'B');
    value = binary ? std::stoull(digits.substr(2), &used, 2) : std::stoull(digits, &used, 0);
    if (binary) used += 2;
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != digits.size()) throw PtxError("PTX: not a whole number: " + std::string(text));
  return value;
}

const Function* Ptx::function(std::string_view name) {
  const auto at = sections_.find(name);
  if (at == sections_.end()) return nullptr;
  Section& section = at->second;
  if (section.function == nullptr) section.function = read_function(text, section.begin, section.end, section.line);
  return section.function.get();
}
void Ptx::forget(std::string_view name) {
  if (const auto at = sections_.find(name); at != sections_.end()) at->second.function = nullptr;
}

void parse(std::string_view text, Ptx& into) {
  into.text = text;
  for (Lexer lexer{text}; lexer.find();) {
    const size_t begin = lexer.at;
    const Token token = lexer.take();
    if (token.text != ".func" && token.text != ".entry") {
      into.tokens.push_back(token);
      continue;
    }
    // .func (results) name (parameters) .directives { … }: a declaration ends with a semicolon instead.
    std::string_view name;
    Ptx::Section section{begin, 0, token.line, false, nullptr};
    for (int depth = 0; section.end == 0;) {
      if (!lexer.find()) throw PtxError("PTX: the text ends too soon");
      const std::string_view word = lexer.take().text;
      if (word == "(" || word == ")") {
        depth += word == "(" ? 1 : -1;
      } else if (depth == 0 && word == "{") {
        lexer.skip_to(behind_braces(text, lexer.at));
        section.has_body = true;
        section.end = lexer.at;
      } else if (depth == 0 && word == ";") {
        section.end = lexer.at;
      } else if (depth == 0 && name.empty()) {
        name = word;
      }
    }
    if (Ptx::Section& known = into.sections_[name]; !known.has_body) known = std::move(section);
  }
  Cursor cursor(into.tokens, 0, into.tokens.size());
  while (!cursor.done()) {
    const std::string_view word = cursor.next();
    if (word == ".version") {
      cursor.next();
    } else if (word == ".target") {
      const std::string_view name = cursor.next();
      if (name.starts_with("sm_")) into.target = std::atoi(std::string(name.substr(3)).c_str());
      while (cursor.accept(",")) cursor.next();
    } else if (word == ".address_size") {
      if (cursor.next() != "64") throw PtxError("PTX: only 64-bit addresses are supported");
    } else if (word == ".file" || word == ".loc") {
      const uint32_t line = into.tokens[cursor.position() - 1].line;
      while (!cursor.done() && cursor.line() == line) cursor.next();
    } else if (word == ".section") {
      while (!cursor.done() && cursor.next() != "{") continue;
      skip_braces(cursor);
    } else if (word == ".global" || word == ".const" || word == ".shared") {
      const Space space = word == ".global" ? Space::global : word == ".const" ? Space::constant : Space::shared;
      into.variables.push_back(cursor.declaration(space));
      cursor.skip_statement();
    } else if (word == ".alias" || word == ".pragma") {
      cursor.skip_statement();
    } else if (word != ".visible" && word != ".weak" && word != ".extern" && word != ".common" && word != ";") {
      throw PtxError("PTX line " + std::to_string(into.tokens[cursor.position() - 1].line) + ": unexpected " +
                     std::string(word));
    }
  }
}

std::string_view Cursor::next() {
  if (done()) throw PtxError("PTX: the text ends too soon");
  return tokens_[at_++].text;
}
bool Cursor::accept(std::string_view text) {
  if (peek() != text) return false;
  at_++;
  return true;
}
void Cursor::expect(std::string_view text) {
  const uint32_t at = line();
  const std::string_view found = next();
  if (found != text) {
    throw PtxError("PTX line " + std::to_string(at) + ": expected " + std::string(text) + ", found " +
                   std::string(found));
  }
}
void Cursor::skip_statement() {
  while (!done() && next() != ";") continue;
}

Declaration Cursor::declaration(Space space) {
  Declaration d;
  d.space = space;
  uint32_t align = 0, lanes = 1;
  while (peek().starts_with(".")) {
    const std::string_view word = next();
    if (word == ".align") {
      align = static_cast<uint32_t>(integer_of(next()));
    } else if (word == ".v2" || word == ".v4") {
      lanes = word == ".v2" ? 2 : 4;
    } else if (const Type type = type_named(word.substr(1)); type != Type::none && d.type == Type::none) {
      d.type = type;
    }  // the rest (.ptr .global, .attribute) says nothing that matters here
  }
  d.name = next();
  uint64_t count = 1;
  while (accept("[")) {
    if (accept("]")) {
      d.unsized = true;
    } else {
      count *= integer_of(next());
      expect("]");
    }
  }
  const uint32_t each = bytes_of(d.type) * lanes;
  d.align = align != 0 ? align : std::max(each, 1u);
  if (accept("=")) {
    d.initial = at_;
    while (peek() != ";" && !done()) next();
    d.initial_end = at_;
    if (d.unsized) {
      count = 1 + static_cast<uint64_t>(std::count_if(tokens_.begin() + static_cast<ptrdiff_t>(d.initial),
                                                      tokens_.begin() + static_cast<ptrdiff_t>(d.initial_end),
                                                      [](const Token& t) { return t.text == ","; }));
      d.unsized = false;
    }
  }
  d.bytes = d.unsized ? 0 : static_cast<uint32_t>(each * count);
  return d;
}

std::vector<Declaration> Cursor::declarations(Space space) {
  std::vector<Declaration> list;
  expect("(");
  while (!accept(")")) {
    next();  // .param or .reg
    list.push_back(declaration(space));
    accept(",");
  }
  return list;
}

Operand Cursor::operand() {
  Operand o;
  if (peek() == "{" || peek() == "(") {
    const std::string_view close = next() == "{" ? "}" : ")";
    o.kind = Operand::Kind::list;
    while (!accept(close)) {
      o.elements.push_back(operand());
      accept(",");
    }
    return o;
  }
  const bool address = accept("[");
  if (accept("!")) o.negated = true;
  if (accept("-")) o.minus = true;
  const std::string_view word = next();
  if (std::isdigit(static_cast<unsigned char>(word[0]))) {
    o.kind = Operand::Kind::number;
    o.number = word;
  } else {
    o.name = word;
  }
  if (accept("+")) {
    const bool minus = accept("-");
    const auto value = static_cast<int64_t>(integer_of(next()));
    o.offset = minus ? -value : value;
  } else if (address && accept("-")) {
    o.offset = -static_cast<int64_t>(integer_of(next()));
  }
  if (accept("|")) o.pair = next();
  if (address) {
    if (o.kind == Operand::Kind::number) o.offset = static_cast<int64_t>(integer_of(o.number));
    o.kind = Operand::Kind::address;
    expect("]");
  }
  return o;
}

Statement Cursor::statement() {
  Statement s;
  s.line = line();
  if (accept("@")) {
    s.guard_negated = accept("!");
    s.guard = next();
  }
  s.opcode = next();
  for (size_t at = 0; at <= s.opcode.size();) {
    const size_t dot = std::min(s.opcode.find('.', at), s.opcode.size());
    // `shared::cta` is cut by the colons in two tokens more; they are joined with the part that they qualify.
    s.parts.push_back(s.opcode.substr(at, dot - at));
    at = dot + 1;
  }
  while (peek() == ":") {
    expect(":");
    expect(":");
    std::string_view rest = next();  // "cta.b32"
    size_t dot = std::min(rest.find('.'), rest.size());
    while (dot < rest.size()) {
      const size_t end = std::min(rest.find('.', dot + 1), rest.size());
      s.parts.push_back(rest.substr(dot + 1, end - dot - 1));
      dot = end;
    }
  }
  while (!accept(";")) {
    s.operands.push_back(operand());
    accept(",");
  }
  return s;
}

}  // namespace flambeau::emulator
