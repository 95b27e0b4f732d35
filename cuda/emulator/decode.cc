// Turns a function into a program: scopes, labels, branches and calls. Functions are put in at the place of
// their call, so a program is one list of instructions. Calls of the runtime stand-in come by decode() below.
#include <algorithm>
#include <span>

#include "decoder.h"

namespace flambeau::emulator {
namespace {

constexpr int kMaxDepth = 64;

/** The instructions' families, with the best handlers that this processor can run. */
std::span<const Family> families() {
#ifdef FLAMBEAU_HAS_V3
  static const bool v3 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  if (v3 && !settings().plain) return v3::kFamilies;
#endif
  return base::kFamilies;
}

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

}  // namespace

void Decoder::declare_local(const Declaration& d) {
  Symbol s;
  s.space = Space::local;
  s.address = round_up(program_.local_bytes, std::max(d.align, 1u));
  program_.local_bytes = static_cast<uint32_t>(s.address) + d.bytes;
  scopes_.back().symbols[d.name] = s;
}

void Decoder::directive(Cursor& cursor, std::string_view word, Frame& frame, std::string_view label) {
  if (word == ".reg") {
    bool wide = false;
    while (type_named(cursor.peek().substr(1)) != Type::none || cursor.peek() == ".b128")
      wide = bytes_of(type_named(cursor.next().substr(1))) == 8;
    do {
      const std::string name(cursor.next());
      uint32_t count = 1;
      if (cursor.accept("<")) {
        count = static_cast<uint32_t>(integer_of(cursor.next()));
        cursor.expect(">");
        scopes_.back().registers[name] = {program_.registers, count, wide};
      } else {
        scopes_.back().symbols[name] = Symbol{.is_register = true, .wide = wide, .slot = program_.registers};
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
    s.address = round_up(program_.shared_bytes, d.align);
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
  Cursor cursor(f.tokens, f.begin, f.end);
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
    if (op == "bra") {
      emit(jump);
    } else {
      emit(jump_indexed, kNone, {source(s.operands[0], Type::u32)});
    }
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
    const auto& all = families();
    if (!std::any_of(all.begin(), all.end(), [&](Family family) { return family(*this, s, type); })) unsupported(s);
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
  const Function* found = ptx_.function(name);
  if (found == nullptr || found->begin == found->end) {
    if (name == "__assertfail") {
      emit(trap);
      return;
    }
    unsupported(s, "this function has no body here (an indirect call, or printf?)");
  }
  if (++depth_ > kMaxDepth) unsupported(s, "functions call each other without end");
  const Function& f = *found;
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
    s.address = round_up(program_.parameter_bytes, d.align);
    program_.parameters.push_back({static_cast<uint32_t>(s.address), d.bytes});
    program_.parameter_bytes = static_cast<uint32_t>(s.address) + d.bytes;
    scopes_.back().symbols[d.name] = s;
  }
  Frame frame;
  frame.entry = true;
  body(entry, frame);
  now_ = Statement();
  emit(end_lanes);
  program_.local_bytes = round_up(program_.local_bytes, 16);
  const uint32_t dynamic = round_up(program_.shared_bytes, program_.dynamic_align);
  for (const size_t c : program_.dynamic_constants) program_.constants[c].bits += dynamic;
}

std::unique_ptr<Program> decode(Ptx& ptx, const Function& entry, const Places& places) {
  auto program = std::make_unique<Program>();
  program->ptx = &ptx;
  program->name = entry.name;
  program->max_threads = entry.max_threads;
  Decoder(ptx, places, *program).kernel(entry);
  return program;
}

}  // namespace flambeau::emulator
