// The decoder's inside, shared by the families of instructions: decode.cc walks statements, operands.cc knows names,
// ops_*.cc turn each statement into instructions by looking up operands and choosing a handler.
#pragma once
#include <map>
#include <optional>

#include "levels.h"
#include "machine.h"

namespace flambeau::emulator {

inline uint32_t round_up(uint32_t n, uint32_t align) { return (n + align - 1) / align * align; }

/** A name in a function: a register, or a variable's address. */
struct Symbol {
  bool is_register = false;
  bool wide = false;     // a register of 64 bits
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
  /** The destination of a value that may be narrower than its register: widen() brings it there afterwards. */
  uint32_t result(const Operand& o, Type type);
  void widen(const Operand& o, Type type, uint32_t from);
  /** The second register of `%p|%q`; kNone without. */
  uint32_t second(const Operand& o);
  uint32_t constant(uint64_t bits, Type type = Type::u32);
  uint32_t temporary() { return program_.registers++; }
  /** The offset in the kernel's parameters, if that is what the address says; else one beyond all of them. */
  uint64_t parameter(const Operand& o);
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
      bool wide;
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
  std::map<std::pair<uint64_t, bool>, uint32_t> constants_;  // by their bits, and whether they are wide
  std::unordered_map<std::string, uint32_t> special_slots_;
  Statement now_;
  uint32_t guard_ = kNone;
  uint32_t carry_flag_ = kNone;
  int depth_ = 0;
};

namespace FLAMBEAU_LEVEL {

/** Predicates, in registers of their own. */
using Flag = uint32_t;

/** Writes f(lane) in the lanes of the mask. With many of them, all are computed: that is a loop without branches. */
template <class R, class F>
FLAMBEAU_INLINE void write_lanes(Register& to, uint32_t mask, F&& f) {
  constexpr int kFew = 8;
  if (mask == kAllLanes) {
    FLAMBEAU_LANES_APART
    for (uint32_t lane = 0; lane < kLanes; lane++) to.set<R>(lane, f(lane));
  } else if (std::popcount(mask) < kFew) {
    each_lane(mask, [&](uint32_t lane) { to.set<R>(lane, f(lane)); });
  } else {
    FLAMBEAU_LANES_APART
    for (uint32_t lane = 0; lane < kLanes; lane++) to.set_where<R>(lane, f(lane), (mask >> lane & 1) != 0);
  }
}

/** Makes a handler of a function of one lane's values: lanewise<R, A, B>([](A a, B b) { return r; }). */
template <class F, class R, class... A>
struct Lanewise {
  template <size_t... I>
  static void apply(Warp& w, const Instruction& in, uint32_t mask, std::index_sequence<I...>) {
    const Register* from[] = {&w.at(in.src[I])...};
    write_lanes<R>(w.at(in.dst), mask,
                   [&](uint32_t lane) { return static_cast<R>(F{}(from[I]->template get<A>(lane)...)); });
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

}  // namespace FLAMBEAU_LEVEL
}  // namespace flambeau::emulator
