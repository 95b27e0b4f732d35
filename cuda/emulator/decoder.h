// The decoder's inside, shared by the families of instructions: decode.cc walks statements, operands.cc knows names,
// ops_*.cc turn each statement into instructions by looking up operands and choosing a handler.
#pragma once
#include <map>
#include <optional>

#include "machine.h"

namespace flambeau::emulator {

inline uint32_t round_up(uint32_t n, uint32_t align) { return (n + align - 1) / align * align; }

/** A name in a function: a register, or a variable's address. */
struct Symbol {
  bool is_register = false;
  bool dynamic = false;  // in the dynamic shared memory, whose start is known only at the end
  Space space = Space::generic;
  uint32_t slot = 0;
  uint64_t address = 0;
};

class Decoder {
 public:
  Decoder(Ptx& ptx, const Places& places, Program& program) : ptx_(ptx), places_(places), program_(program) {}
  void kernel(const Function& entry);

  /** The register of a source; numbers become constants of the type. */
  uint32_t source(const Operand& o, Type type);
  /** A predicate as source, with `!` carried out. */
  uint32_t predicate(const Operand& o);
  uint32_t destination(const Operand& o);
  /** The second register of `%p|%q`; kNone without. */
  uint32_t second(const Operand& o);
  uint32_t constant(uint64_t bits);
  uint32_t temporary() { return program_.registers++; }
  /** Fills in the address of a memory instruction. */
  void address(const Operand& o, Instruction& in);
  Instruction& emit(Handler handler, uint32_t dst = kNone, std::initializer_list<uint32_t> sources = {});
  Instruction& emit(Instruction in);
  /** The register that add.cc writes and addc reads. */
  uint32_t carry_flag() {
    if (carry_flag_ == kNone) carry_flag_ = temporary();
    return carry_flag_;
  }
  uint32_t new_site() { return program_.sites++; }
  [[noreturn]] void unsupported(const Statement& s, const char* what = "this instruction is not supported") const;
  Program& program() { return program_; }

 private:
  struct Fix {
    size_t instruction;
    std::string label;
  };
  struct Frame {  // one function on its way into the program
    std::map<std::string, uint32_t, std::less<>> labels;
    std::map<std::string, std::vector<std::string>, std::less<>> targets;  // .branchtargets
    std::vector<Fix> branches, tables;
    std::vector<size_t> returns;
    bool entry = false;
  };
  struct Scope {
    std::unordered_map<std::string, Symbol> symbols;
    struct Registers {
      uint32_t first, count;
    };
    std::unordered_map<std::string, Registers> registers;  // `%r<20>`
  };
  std::optional<Symbol> find(std::string_view name);
  Symbol lookup(std::string_view name);
  std::optional<uint32_t> special(std::string_view name);
  void body(const Function& f, Frame& frame);
  void directive(Cursor& cursor, std::string_view word, Frame& frame, std::string_view label);
  void instruction(const Statement& s, Frame& frame);
  void call(const Statement& s);
  void declare_local(const Declaration& d);

  Ptx& ptx_;
  const Places& places_;
  Program& program_;
  std::vector<Scope> scopes_;
  std::map<uint64_t, uint32_t> constants_;
  std::unordered_map<std::string, uint32_t> special_slots_;
  Statement now_;
  uint32_t guard_ = kNone;
  uint32_t carry_flag_ = kNone;
  int depth_ = 0;
};

// Each family emits a statement's instructions, or returns false if the opcode is none of its own.
bool decode_integer(Decoder& d, const Statement& s, Type type);
bool decode_bits(Decoder& d, const Statement& s, Type type);
bool decode_float(Decoder& d, const Statement& s, Type type);
bool decode_compare(Decoder& d, const Statement& s, Type type);
bool decode_convert(Decoder& d, const Statement& s, Type type);
bool decode_memory(Decoder& d, const Statement& s, Type type);
bool decode_warp(Decoder& d, const Statement& s, Type type);

/** Makes a handler of a function of one lane's values: lanewise<R, A, B>([](A a, B b) { return r; }). */
template <class F, class R, class... A>
struct Lanewise {
  template <size_t... I>
  static void apply(Warp& w, const Instruction& in, uint32_t mask, std::index_sequence<I...>) {
    each_lane(mask, [&](uint32_t lane) { w.set<R>(in.dst, lane, static_cast<R>(F{}(w.get<A>(in.src[I], lane)...))); });
  }
  static void run(Warp& w, const Instruction& in, uint32_t mask) {
    apply(w, in, mask, std::index_sequence_for<A...>{});
  }
};
template <class R, class... A, class F>
Handler lanewise(F) {
  return &Lanewise<F, R, A...>::run;
}

/** Calls f.operator()<T>() for the C++ type of an integer type; false for others. */
template <class F>
bool with_integer(Type type, F&& f) {
  switch (type) {
    case Type::u8: f.template operator()<uint8_t>(); return true;
    case Type::u16: f.template operator()<uint16_t>(); return true;
    case Type::u32: f.template operator()<uint32_t>(); return true;
    case Type::u64: f.template operator()<uint64_t>(); return true;
    case Type::s8: f.template operator()<int8_t>(); return true;
    case Type::s16: f.template operator()<int16_t>(); return true;
    case Type::s32: f.template operator()<int32_t>(); return true;
    case Type::s64: f.template operator()<int64_t>(); return true;
    default: return false;
  }
}

}  // namespace flambeau::emulator
