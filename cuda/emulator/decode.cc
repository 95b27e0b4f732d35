// Turns a function into a program: names, scopes, labels, branches and calls. Functions are put in at the place of
// their call, so a program is one list of instructions. Calls of the runtime stand-in come by decode() below.
#include <algorithm>
#include <cstring>

#include "decoder.h"

namespace flambeau::emulator {
namespace {

constexpr std::string_view kSpecialNames[] = {
    "%tid.x",          "%tid.y",       "%tid.z",       "%ntid.x",      "%ntid.y",
    "%ntid.z",         "%ctaid.x",     "%ctaid.y",     "%ctaid.z",     "%nctaid.x",
    "%nctaid.y",       "%nctaid.z",    "%laneid",      "%warpid",      "%nwarpid",
    "%smid",           "%nsmid",       "%gridid",      "%lanemask_eq", "%lanemask_lt",
    "%lanemask_le",    "%lanemask_gt", "%lanemask_ge", "%clock",       "%dynamic_smem_size",
    "%total_smem_size"};
constexpr int kMaxDepth = 64;

uint32_t up(uint32_t n, uint32_t align) { return (n + align - 1) / align * align; }

void jump(Warp& w, const Instruction& in, uint32_t mask) {
  if (!w.jump(mask, in.target)) w.part(mask, in.target);
}

void jump_indexed(Warp& w, const Instruction& in, uint32_t mask) {
  const auto& table = w.program->tables[in.target];
  w.part(0, 0);
  each_lane(mask, [&](uint32_t lane) {
    const auto index = w.get<uint32_t>(in.src[0], lane);
    if (index >= table.size()) w.fail(in, lane, Fault::Kind::other, "brx.idx: the index is outside its table");
    w.lane_pc[lane] = table[index];
  });
}

void end_lanes(Warp& w, const Instruction&, uint32_t mask) {
  w.part(mask, 0);
  w.live &= ~mask;
  w.stalled = 0;  // who waited for these lanes may go on: it looks again
}

void trap(Warp& w, const Instruction& in, uint32_t mask) {
  w.fail(in, static_cast<uint32_t>(std::countr_zero(mask)), Fault::Kind::other, "trap (a failed assertion?)");
}

uint64_t bits_of_number(const Operand& o, Type type) {
  const std::string_view s = o.number;
  if (s.size() > 2 && s[0] == '0' && (s[1] == 'f' || s[1] == 'F' || s[1] == 'd' || s[1] == 'D')) {
    uint64_t bits = std::stoull(std::string(s.substr(2)), nullptr, 16);
    const bool single = s[1] == 'f' || s[1] == 'F';
    if (single && type == Type::f64) {
      float f;
      const auto low = static_cast<uint32_t>(bits);
      std::memcpy(&f, &low, sizeof f);
      const double wide = f;
      std::memcpy(&bits, &wide, sizeof bits);
    }
    if (o.minus) bits ^= single && type != Type::f64 ? uint64_t{1} << 31 : uint64_t{1} << 63;
    return bits;
  }
  if (s.find('.') != std::string_view::npos) {
    const double value = std::stod(std::string(s)) * (o.minus ? -1 : 1);
    uint64_t bits = 0;
    if (type == Type::f64) {
      std::memcpy(&bits, &value, sizeof value);
    } else {
      const auto f = static_cast<float>(value);
      std::memcpy(&bits, &f, sizeof f);
    }
    return bits;
  }
  const uint64_t value = integer_of(s);
  return o.minus ? 0 - value : value;
}

}  // namespace

void Decoder::unsupported(const Statement& s, const char* what) const {
  throw PtxError(std::string(what) + "; kernel " + program_.name + ", PTX line " + std::to_string(s.line) + ": " +
                 ptx_.line(s.line));
}

// ---- names ----

std::optional<uint32_t> Decoder::special(std::string_view name) {
  if (name == "%clock64" || name == "%globaltimer" || name == "%clock_hi") name = "%clock";
  const auto* at = std::find(std::begin(kSpecialNames), std::end(kSpecialNames), name);
  if (at == std::end(kSpecialNames)) return std::nullopt;
  const auto [entry, fresh] = special_slots_.try_emplace(std::string(name), 0);
  if (fresh) {
    entry->second = temporary();
    program_.specials.emplace_back(static_cast<Special>(at - std::begin(kSpecialNames)), entry->second);
  }
  return entry->second;
}

std::optional<Symbol> Decoder::find(std::string_view name) {
  const std::string whole(name);
  size_t digits = name.size();
  while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9') digits--;
  const bool numbered = digits < name.size() && name.size() - digits < 9;
  const std::string stem(name.substr(0, digits));
  for (size_t i = scopes_.size(); i-- > 0;) {
    if (const auto s = scopes_[i].symbols.find(whole); s != scopes_[i].symbols.end()) return s->second;
    if (!numbered) continue;
    const auto r = scopes_[i].registers.find(stem);
    if (r == scopes_[i].registers.end()) continue;
    const auto n = static_cast<uint32_t>(std::stoul(std::string(name.substr(digits))));
    if (n < r->second.count) return Symbol{.is_register = true, .slot = r->second.first + n};
  }
  if (const auto slot = special(name)) return Symbol{.is_register = true, .slot = *slot};
  return std::nullopt;
}

Symbol Decoder::lookup(std::string_view name) {
  if (const auto s = find(name)) return *s;
  // A variable of the module. Shared ones get their place when a kernel first uses them.
  for (const Declaration& d : ptx_.variables) {
    if (d.name != name) continue;
    Symbol s;
    s.space = d.space;
    if (d.space != Space::shared) {
      s.address = places_.at(d.name);
    } else if (d.unsized || d.bytes == 0) {
      s.dynamic = true;
      program_.dynamic_align = std::max(program_.dynamic_align, d.align);
    } else {
      s.address = up(program_.shared_bytes, d.align);
      program_.shared_bytes = static_cast<uint32_t>(s.address) + d.bytes;
    }
    scopes_.front().symbols[d.name] = s;
    return s;
  }
  throw PtxError("unknown name " + std::string(name) + "; kernel " + program_.name + ", PTX line " +
                 std::to_string(now_.line) + ": " + ptx_.line(now_.line));
}

uint32_t Decoder::constant(uint64_t bits) {
  const auto [entry, fresh] = constants_.try_emplace(bits, 0);
  if (fresh) {
    entry->second = temporary();
    program_.constants.push_back({entry->second, bits});
  }
  return entry->second;
}

uint32_t Decoder::source(const Operand& o, Type type) {
  if (o.kind == Operand::Kind::number) return constant(bits_of_number(o, type));
  if (o.kind != Operand::Kind::name) unsupported(now_, "an operand is not supported");
  if (o.name == "WARP_SZ") return constant(kLanes);
  if (o.negated) return predicate(o);
  const Symbol s = lookup(o.name);
  if (s.is_register) return s.slot;
  const uint64_t at = s.address + static_cast<uint64_t>(o.offset);
  if (!s.dynamic) return constant(at);
  const uint32_t slot = temporary();
  program_.dynamic_constants.push_back(program_.constants.size());
  program_.constants.push_back({slot, at});
  return slot;
}

uint32_t Decoder::predicate(const Operand& o) {
  if (!o.negated) return source(o, Type::pred);
  Operand plain = o;
  plain.negated = false;
  const uint32_t inverse = temporary();
  emit(lanewise<uint64_t, uint64_t>([](uint64_t v) { return (v & 1) ^ 1; }), inverse, {source(plain, Type::pred)});
  return inverse;
}

uint32_t Decoder::destination(const Operand& o) {
  if (o.name == "_") return temporary();
  const Symbol s = lookup(o.name);
  if (!s.is_register) unsupported(now_, "the destination is no register");
  return s.slot;
}
uint32_t Decoder::second(const Operand& o) {
  if (o.pair.empty() || o.pair == "_") return kNone;
  return lookup(o.pair).slot;
}

void Decoder::address(const Operand& o, Instruction& in) {
  in.offset = o.offset;
  in.site = new_site();
  if (o.name.empty()) {
    in.src[0] = constant(0);
    return;
  }
  const Symbol s = lookup(o.name);
  if (s.is_register) {
    in.src[0] = s.slot;
    return;
  }
  // Parameters of functions are kept in local memory; only those of the kernel are in the parameter space.
  if (in.space == Space::param || in.space == Space::generic) in.space = s.space;
  Operand base;
  base.name = o.name;
  in.src[0] = source(base, Type::u64);
}

Instruction& Decoder::emit(Instruction in) {
  in.guard = guard_;
  in.guard_negated = now_.guard_negated;
  in.line = now_.line;
  program_.code.push_back(in);
  return program_.code.back();
}
Instruction& Decoder::emit(Handler handler, uint32_t dst, std::initializer_list<uint32_t> sources) {
  if (handler == nullptr) unsupported(now_, "this instruction is not supported for its type");
  Instruction in;
  in.run = handler;
  in.dst = dst;
  std::copy(sources.begin(), sources.end(), in.src);
  return emit(in);
}

// ---- bodies ----

void Decoder::declare_local(const Declaration& d) {
  Symbol s;
  s.space = Space::local;
  s.address = up(program_.local_bytes, std::max(d.align, 1u));
  program_.local_bytes = static_cast<uint32_t>(s.address) + d.bytes;
  scopes_.back().symbols[d.name] = s;
}

void Decoder::directive(Cursor& cursor, std::string_view word, Frame& frame, std::string_view label) {
  if (word == ".reg") {
    while (type_named(cursor.peek().substr(1)) != Type::none || cursor.peek() == ".b128") cursor.next();
    do {
      const std::string name(cursor.next());
      uint32_t count = 1;
      if (cursor.accept("<")) {
        count = static_cast<uint32_t>(integer_of(cursor.next()));
        cursor.expect(">");
        scopes_.back().registers[name] = {program_.registers, count};
      } else {
        scopes_.back().symbols[name] = Symbol{.is_register = true, .slot = program_.registers};
      }
      program_.registers += count;
    } while (cursor.accept(","));
    cursor.expect(";");
  } else if (word == ".local" || word == ".param") {
    declare_local(cursor.declaration(Space::local));
    cursor.skip_statement();
  } else if (word == ".shared") {
    const Declaration d = cursor.declaration(Space::shared);
    Symbol s;
    s.space = Space::shared;
    s.address = up(program_.shared_bytes, d.align);
    program_.shared_bytes = static_cast<uint32_t>(s.address) + d.bytes;
    scopes_.back().symbols[d.name] = s;
    cursor.skip_statement();
  } else if (word == ".branchtargets") {
    auto& list = frame.targets[std::string(label)];
    do list.emplace_back(cursor.next());
    while (cursor.accept(","));
    cursor.expect(";");
  } else if (word == ".loc") {
    const uint32_t line = cursor.line();
    while (!cursor.done() && cursor.line() == line) cursor.next();
  } else {
    cursor.skip_statement();  // .pragma, .callprototype
  }
}

void Decoder::body(const Function& f, Frame& frame) {
  Cursor cursor(ptx_, f.begin, f.end);
  const size_t outer = scopes_.size();
  scopes_.emplace_back();
  while (!cursor.done()) {
    const std::string_view word = cursor.peek();
    if (word == "{") {
      cursor.next();
      scopes_.emplace_back();
    } else if (word == "}") {
      cursor.next();
      scopes_.pop_back();
    } else if (word[0] == '.') {
      cursor.next();
      directive(cursor, word, frame, "");
    } else if (cursor.peek(1) == ":" && cursor.peek(2) != ":") {
      cursor.next();
      cursor.next();
      if (cursor.peek().starts_with(".branchtargets") || cursor.peek().starts_with(".callprototype")) {
        directive(cursor, cursor.next(), frame, word);
      } else {
        frame.labels[std::string(word)] = static_cast<uint32_t>(program_.code.size());
      }
    } else {
      instruction(cursor.statement(), frame);
    }
  }
  scopes_.resize(outer);
  const auto target = [&](const std::string& label) {
    const auto at = frame.labels.find(label);
    if (at == frame.labels.end()) throw PtxError("unknown label " + label + " in " + program_.name);
    return at->second;
  };
  for (const Fix& fix : frame.branches) program_.code[fix.instruction].target = target(fix.label);
  for (const Fix& fix : frame.tables) {
    auto& table = program_.tables.emplace_back();
    for (const std::string& label : frame.targets[fix.label]) table.push_back(target(label));
    program_.code[fix.instruction].target = static_cast<uint32_t>(program_.tables.size() - 1);
  }
  for (const size_t at : frame.returns) program_.code[at].target = static_cast<uint32_t>(program_.code.size());
}

void Decoder::instruction(const Statement& s, Frame& frame) {
  now_ = s;
  guard_ = s.guard.empty() ? kNone : lookup(s.guard).slot;
  const std::string_view op = s.parts[0];
  if (op == "bra" || op == "brx") {
    Instruction& in = emit(op == "bra" ? jump : jump_indexed, kNone,
                           op == "bra" ? std::initializer_list<uint32_t>{}
                                       : std::initializer_list<uint32_t>{source(s.operands[0], Type::u32)});
    (void)in;
    auto& fixes = op == "bra" ? frame.branches : frame.tables;
    fixes.push_back({program_.code.size() - 1, std::string(s.operands.back().name)});
  } else if (op == "ret" && !frame.entry) {
    emit(jump);
    frame.returns.push_back(program_.code.size() - 1);
  } else if (op == "ret" || op == "exit") {
    emit(end_lanes);
  } else if (op == "trap") {
    emit(trap);
  } else if (op == "call") {
    call(s);
  } else if (op != "brkpt" && op != "nanosleep" && op != "fence" && op != "membar" && op != "griddepcontrol" &&
             op != "prefetch" && op != "prefetchu" && op != "discard" && op != "applypriority") {
    const Type type = type_named(s.parts.back());
    if (!decode_memory(*this, s, type) && !decode_warp(*this, s, type) && !decode_compare(*this, s, type) &&
        !decode_convert(*this, s, type) && !decode_bits(*this, s, type) && !decode_float(*this, s, type) &&
        !decode_integer(*this, s, type)) {
      unsupported(s);
    }
  }
  guard_ = kNone;
}

// call (results), function, (arguments): the function's body is put in here, with its parameters as other names of the
// caller's variables.
void Decoder::call(const Statement& s) {
  std::vector<const Operand*> lists;
  std::string_view name;
  for (const Operand& o : s.operands) {
    if (o.kind == Operand::Kind::list) {
      lists.push_back(&o);
    } else if (name.empty()) {
      name = o.name;
    }
  }
  const auto at = ptx_.functions.find(std::string(name));
  if (at == ptx_.functions.end() || at->second.begin == at->second.end) {
    if (name == "__assertfail") {
      emit(trap);
      return;
    }
    unsupported(s, "this function has no body here (an indirect call, or printf?)");
  }
  if (++depth_ > kMaxDepth) unsupported(s, "functions call each other without end");
  const Function& f = at->second;
  if (s.guard.size() > 0) unsupported(s, "a guarded call is not supported");
  const bool has_results = !f.results.empty();
  Scope scope;
  const auto bind = [&](const std::vector<Declaration>& formal, const Operand* actual) {
    if (formal.empty()) return;
    if (actual == nullptr || actual->elements.size() != formal.size()) unsupported(s, "wrong number of arguments");
    for (size_t i = 0; i < formal.size(); i++) scope.symbols[formal[i].name] = lookup(actual->elements[i].name);
  };
  bind(f.results, has_results && !lists.empty() ? lists.front() : nullptr);
  bind(f.parameters, lists.empty() ? nullptr : lists.back());
  const Statement caller = now_;
  std::vector<Scope> outside = std::move(scopes_);
  scopes_.clear();
  scopes_.push_back(outside.front());  // what is known of the module
  scopes_.push_back(std::move(scope));
  Frame frame;
  body(f, frame);
  outside.front() = std::move(scopes_.front());
  scopes_ = std::move(outside);
  now_ = caller;
  depth_--;
}

void Decoder::kernel(const Function& entry) {
  scopes_.emplace_back();
  scopes_.emplace_back();
  for (const Declaration& d : entry.parameters) {
    Symbol s;
    s.space = Space::param;
    s.address = up(program_.parameter_bytes, d.align);
    program_.parameters.push_back({static_cast<uint32_t>(s.address), d.bytes});
    program_.parameter_bytes = static_cast<uint32_t>(s.address) + d.bytes;
    scopes_.back().symbols[d.name] = s;
  }
  Frame frame;
  frame.entry = true;
  body(entry, frame);
  now_ = Statement();
  emit(end_lanes);
  program_.local_bytes = up(program_.local_bytes, 16);
  const uint32_t dynamic = up(program_.shared_bytes, program_.dynamic_align);
  for (const size_t c : program_.dynamic_constants) program_.constants[c].bits += dynamic;
}

std::unique_ptr<Program> decode(const Ptx& ptx, const Function& entry, const Places& places) {
  auto program = std::make_unique<Program>();
  program->ptx = &ptx;
  program->name = entry.name;
  program->max_threads = entry.max_threads;
  Decoder(ptx, places, *program).kernel(entry);
  return program;
}

}  // namespace flambeau::emulator
