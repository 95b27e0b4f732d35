// The text of PTX as data: tokens, declarations, functions and statements. Knows the grammar and no instruction.
// Used by decode.cc, which turns a function into a program, and by modules.cc, which places the variables. A module may
// be tens of megabytes: at first it is only looked through, and a function is cut into tokens when it is wanted.
#pragma once
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace flambeau::emulator {

/** The text is not PTX, or PTX that the emulator does not know. */
struct PtxError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/** Types of PTX; untyped bits (.b32) count as unsigned. */
enum class Type : uint8_t { none, pred, u8, u16, u32, u64, s8, s16, s32, s64, f16, bf16, f32, f64, f16x2, bf16x2 };
Type type_named(std::string_view name);  // without the dot; none if it is not a type
uint32_t bytes_of(Type type);
bool is_float(Type type);
bool is_signed(Type type);

/** State spaces. `generic` addresses say by their value which space they are in. */
enum class Space : uint8_t { generic, global, shared, local, param, constant };

struct Token {
  std::string_view text;
  uint32_t line;
};

/** A variable or a parameter. */
struct Declaration {
  std::string name;
  Space space = Space::generic;
  Type type = Type::none;
  uint32_t align = 1;
  uint32_t bytes = 0;
  bool unsized = false;  // `extern .shared x[]`: the dynamic shared memory
  size_t initial = 0;    // tokens of the initial value: [initial, initial_end)
  size_t initial_end = 0;
};

struct Function {
  std::string name;
  bool entry = false;
  uint32_t max_threads = 1024;
  std::vector<Declaration> results, parameters;
  std::vector<Token> tokens;
  size_t begin = 0, end = 0;  // tokens of the body, without the braces; empty for a mere declaration
};

/** The parsed file. All of it points into `text`, which belongs to whoever called parse(). */
struct Ptx {
  std::string_view text;
  std::vector<Token> tokens;  // of what is outside functions
  std::vector<Declaration> variables;
  int target = 0;  // 80 for sm_80

  Ptx() = default;
  Ptx(const Ptx&) = delete;
  Ptx& operator=(const Ptx&) = delete;
  /** Reads a function that was not read yet; null if there is none of this name. */
  const Function* function(std::string_view name);
  /** Frees the tokens of a function that is not needed again soon. */
  void forget(std::string_view name);
  /** The text of a line, without blanks around it: for messages. */
  std::string line(uint32_t number) const;

 private:
  friend void parse(std::string_view text, Ptx& into);
  struct Section {  // where a function is
    size_t begin = 0, end = 0;
    uint32_t line = 0;
    bool has_body = false;
    std::unique_ptr<Function> function;
  };
  std::unordered_map<std::string_view, Section> sections_;
};

/** One operand of an instruction, as written. */
struct Operand {
  enum class Kind : uint8_t { name, number, address, list } kind = Kind::name;
  std::string_view name;  // register, variable, label; of an address, its base (empty if it is a number)
  bool negated = false;   // !%p
  std::string_view pair;  // the second destination in `%p|%q`
  std::string_view number;
  bool minus = false;
  int64_t offset = 0;             // of an address, or of `variable+4`
  std::vector<Operand> elements;  // {a, b} and (a, b)
};

struct Statement {
  std::string_view guard;  // @%p
  bool guard_negated = false;
  std::string_view opcode;              // "ld.global.f32"
  std::vector<std::string_view> parts;  // "ld", "global", "f32"
  std::vector<Operand> operands;
  uint32_t line = 0;
  bool has(std::string_view part) const;
};

/** Finds the functions and reads the variables; `text` must outlive `into`. */
void parse(std::string_view text, Ptx& into);

/** Reads along the tokens of a body. */
class Cursor {
 public:
  Cursor(const std::vector<Token>& tokens, size_t begin, size_t end) : tokens_(tokens), at_(begin), end_(end) {}
  bool done() const { return at_ >= end_; }
  std::string_view peek(size_t ahead = 0) const {
    return at_ + ahead < end_ ? tokens_[at_ + ahead].text : std::string_view();
  }
  std::string_view next();
  bool accept(std::string_view text);
  void expect(std::string_view text);
  /** Skips to behind the next `;`. */
  void skip_statement();
  uint32_t line() const { return at_ < end_ ? tokens_[at_].line : 0; }
  size_t position() const { return at_; }
  void move(size_t position) { at_ = position; }

  Statement statement();
  /** `.align 4 .b8 name[16]`, from behind the word that names the space. */
  Declaration declaration(Space space);
  std::vector<Declaration> declarations(Space space);  // in parentheses

 private:
  Operand operand();
  const std::vector<Token>& tokens_;
  size_t at_, end_;
};

/** The value of an integer as PTX writes it: 12, 0x1F, 017, 0b11, with or without U. */
uint64_t integer_of(std::string_view text);

}  // namespace flambeau::emulator
