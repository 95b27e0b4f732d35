// What an operand means: registers, special registers, numbers, variables, addresses. Asked by the families of
// instructions (ops_*.cc) through Decoder.
#include <algorithm>
#include <cstring>

#include "decoder.h"

namespace flambeau::emulator {
using namespace FLAMBEAU_LEVEL;
namespace {

constexpr std::string_view kSpecialNames[] = {"%tid.x",          "%tid.y",
                                              "%tid.z",          "%ntid.x",
                                              "%ntid.y",         "%ntid.z",
                                              "%ctaid.x",        "%ctaid.y",
                                              "%ctaid.z",        "%nctaid.x",
                                              "%nctaid.y",       "%nctaid.z",
                                              "%laneid",         "%warpid",
                                              "%nwarpid",        "%smid",
                                              "%nsmid",          "%gridid",
                                              "%lanemask_eq",    "%lanemask_lt",
                                              "%lanemask_le",    "%lanemask_gt",
                                              "%lanemask_ge",    "%clock",
                                              "%clock64",        "%dynamic_smem_size",
                                              "%total_smem_size"};
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

std::optional<uint32_t> Decoder::special(std::string_view name) {
  if (name == "%globaltimer") name = "%clock64";
  if (name == "%clock_hi") name = "%clock";
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
    if (n < r->second.count) return Symbol{.is_register = true, .wide = r->second.wide, .slot = r->second.first + n};
  }
  if (const auto slot = special(name))
    return Symbol{.is_register = true, .wide = name == "%clock64" || name == "%globaltimer", .slot = *slot};
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
      s.address = round_up(program_.shared_bytes, d.align);
      program_.shared_bytes = static_cast<uint32_t>(s.address) + d.bytes;
    }
    scopes_.front().symbols[d.name] = s;
    return s;
  }
  throw PtxError("unknown name " + std::string(name) + "; kernel " + program_.name + ", PTX line " +
                 std::to_string(now_.line) + ": " + ptx_.line(now_.line));
}

uint32_t Decoder::constant(uint64_t bits, Type type) {
  const bool wide = bytes_of(type) == 8;
  const auto [entry, fresh] = constants_.try_emplace({bits, wide}, 0);
  if (fresh) {
    entry->second = temporary();
    program_.constants.push_back({entry->second, wide, bits});
  }
  return entry->second;
}

uint32_t Decoder::source(const Operand& o, Type type) {
  if (o.kind == Operand::Kind::number) return constant(bits_of_number(o, type), type);
  if (o.kind != Operand::Kind::name) unsupported(now_, "an operand is not supported");
  if (o.name == "WARP_SZ") return constant(kLanes, type);
  if (o.negated) return predicate(o);
  const Symbol s = lookup(o.name);
  if (s.is_register) {
    if (s.wide == (bytes_of(type) == 8)) return s.slot;
    // PTX lets some instructions read a register that is wider than their type.
    const uint32_t slot = temporary();
    emit(s.wide ? lanewise<uint32_t, uint64_t>([](uint64_t v) { return v; })
                : lanewise<uint64_t, uint32_t>([](uint32_t v) { return v; }),
         slot, {s.slot});
    return slot;
  }
  const uint64_t at = s.address + static_cast<uint64_t>(o.offset);
  if (!s.dynamic) return constant(at, type);
  const uint32_t slot = temporary();
  program_.dynamic_constants.push_back(program_.constants.size());
  program_.constants.push_back({slot, bytes_of(type) == 8, at});
  return slot;
}

uint32_t Decoder::predicate(const Operand& o) {
  if (!o.negated) return source(o, Type::pred);
  Operand plain = o;
  plain.negated = false;
  const uint32_t inverse = temporary();
  emit(lanewise<Flag, Flag>([](Flag v) { return (v & 1) ^ 1; }), inverse, {source(plain, Type::pred)});
  return inverse;
}

uint32_t Decoder::destination(const Operand& o) {
  if (o.name == "_") return temporary();
  const Symbol s = lookup(o.name);
  if (!s.is_register) unsupported(now_, "the destination is no register");
  return s.slot;
}
uint32_t Decoder::result(const Operand& o, Type type) {
  const bool wider = bytes_of(type) != 8 && o.name != "_" && lookup(o.name).wide;
  return wider ? temporary() : destination(o);
}
void Decoder::widen(const Operand& o, Type type, uint32_t from) {
  const uint32_t to = o.name == "_" ? from : destination(o);
  if (from == to) return;
  emit(is_signed(type) ? lanewise<int64_t, int32_t>([](int32_t v) { return v; })
                       : lanewise<uint64_t, uint32_t>([](uint32_t v) { return v; }),
       to, {from});
}
uint32_t Decoder::second(const Operand& o) {
  if (o.pair.empty() || o.pair == "_") return kNone;
  return lookup(o.pair).slot;
}

uint64_t Decoder::parameter(const Operand& o) {
  constexpr uint64_t kElsewhere = uint64_t{1} << 63;
  if (o.name.empty()) return kElsewhere;
  const Symbol s = lookup(o.name);
  if (s.is_register || s.space != Space::param) return kElsewhere;
  return s.address + static_cast<uint64_t>(o.offset);
}

void Decoder::address(const Operand& o, Instruction& in) {
  in.offset = o.offset;
  in.site = new_site();
  if (o.name.empty()) {
    in.src[0] = constant(0, Type::u64);
    return;
  }
  const Symbol s = lookup(o.name);
  if (s.is_register) {
    in.src[0] = s.slot;
    in.narrow_address = !s.wide;
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

}  // namespace flambeau::emulator
