// What lanes do together: barriers, shuffles, votes, matches, reductions of a warp. All with a member mask wait until
// its lanes have come (Warp::converge).
#include <algorithm>

#include "decoder.h"

namespace flambeau::emulator::FLAMBEAU_LEVEL {

namespace {

// Lanes stay at the barrier until Block::release moves them on.
void barrier(Warp& w, const Instruction&, uint32_t mask) {
  w.parked_pc = w.parked == 0 || w.parked_pc == w.pc ? w.pc : kNone;
  w.parked |= mask;
  w.place(mask, w.pc);
  w.place(w.active & ~mask, w.pc + 1);
  w.reschedule = true;
}

constexpr uint32_t kMembers = 3;  // the source that holds the member mask, in all instructions here

/** A handler that runs when the members are together. */
template <void (*Body)(Warp&, const Instruction&, uint32_t)>
void together(Warp& w, const Instruction& in, uint32_t mask) {
  if (w.converge(in, mask, in.src[kMembers])) Body(w, in, mask);
}

void synchronize(Warp& w, const Instruction&, uint32_t) { w.epoch++; }

// shfl: `mode` 0 up, 1 down, 2 butterfly, 3 index.
void shuffle(Warp& w, const Instruction& in, uint32_t mask) {
  uint32_t values[kLanes];
  for (uint32_t lane = 0; lane < kLanes; lane++) values[lane] = w.get<uint32_t>(in.src[0], lane);
  each_lane(mask, [&](uint32_t lane) {
    const uint32_t b = w.get<uint32_t>(in.src[1], lane) & 31, c = w.get<uint32_t>(in.src[2], lane);
    const uint32_t segment = c >> 8 & 31, clamp = c & 31;
    const int last = static_cast<int>((lane & segment) | (clamp & ~segment));
    const int first = static_cast<int>(lane & segment);
    const int here = static_cast<int>(lane);
    int from = here;
    bool inside = false;
    switch (in.mode) {
      case 0:
        from = here - static_cast<int>(b);
        inside = from >= last;
        break;
      case 1:
        from = here + static_cast<int>(b);
        inside = from <= last;
        break;
      case 2:
        from = here ^ static_cast<int>(b);
        inside = from <= last;
        break;
      default: from = first | static_cast<int>(b & ~segment); inside = from <= last;
    }
    if (!inside) from = here;
    // What a lane that takes no part holds is undefined: a value that is surely noticed.
    const bool present = (mask >> from & 1) != 0;
    w.set<uint32_t>(in.dst, lane, present ? values[from] : 0xDEAD'BEEF);
    if (in.second != kNone) w.set<Flag>(in.second, lane, inside ? 1 : 0);
  });
}

// vote: `mode` 0 all, 1 any, 2 uniform, 3 ballot.
void vote(Warp& w, const Instruction& in, uint32_t mask) {
  const uint32_t yes = w.lanes_where(in.src[0], mask);
  const uint32_t results[] = {yes == mask, yes != 0, yes == mask || yes == 0, yes};
  each_lane(mask, [&](uint32_t lane) { w.set<uint32_t>(in.dst, lane, results[in.mode]); });
}

// match: `mode` 0 any, 1 all.
template <class T>
void match(Warp& w, const Instruction& in, uint32_t mask) {
  uint32_t result[kLanes] = {};
  each_lane(mask, [&](uint32_t lane) {
    each_lane(mask, [&](uint32_t other) {
      if (w.get<T>(in.src[0], lane) == w.get<T>(in.src[0], other)) result[lane] |= 1u << other;
    });
  });
  each_lane(mask, [&](uint32_t lane) {
    const bool all = result[lane] == mask;
    w.set<uint32_t>(in.dst, lane, in.mode == 0 ? result[lane] : all ? mask : 0);
    if (in.second != kNone) w.set<Flag>(in.second, lane, all ? 1 : 0);
  });
}

template <class F, class T>
struct Reduction {
  static void run(Warp& w, const Instruction& in, uint32_t mask) {
    T total = w.get<T>(in.src[0], static_cast<uint32_t>(std::countr_zero(mask)));
    each_lane(mask & (mask - 1), [&](uint32_t lane) { total = F{}(total, w.get<T>(in.src[0], lane)); });
    each_lane(mask, [&](uint32_t lane) { w.set<T>(in.dst, lane, total); });
  }
};
template <class T, class F>
Handler reduction(F) {
  return together<Reduction<F, T>::run>;
}

void elect(Warp& w, const Instruction& in, uint32_t mask) {
  const auto leader = static_cast<uint32_t>(std::countr_zero(mask));
  each_lane(mask, [&](uint32_t lane) {
    w.set<uint32_t>(in.dst, lane, leader);
    if (in.second != kNone) w.set<Flag>(in.second, lane, lane == leader ? 1 : 0);
  });
}

void active_mask(Warp& w, const Instruction& in, uint32_t mask) {
  each_lane(mask, [&](uint32_t lane) { w.set<uint32_t>(in.dst, lane, mask); });
}

uint8_t index_of(const Statement& s, std::initializer_list<std::string_view> names) {
  uint8_t i = 0;
  for (const std::string_view name : names) {
    if (s.has(name)) break;
    i++;
  }
  return i;
}

bool decode_barrier(Decoder& d, const Statement& s) {
  if (s.has("warp")) {
    d.emit(together<synchronize>, kNone, {kNone, kNone, kNone, d.source(s.operands[0], Type::u32)});
    return true;
  }
  if (s.has("cluster") || s.has("arrive")) return false;
  Instruction in;
  in.run = barrier;
  size_t at = 0;
  if (s.has("red")) {
    in.mode = static_cast<uint8_t>(kBarrierPopc + index_of(s, {"popc", "and", "or"}));
    in.dst = d.destination(s.operands[0]);
    const Operand& predicate = s.operands.back();
    in.src[2] = d.predicate(predicate);
    at = 1;
  }
  const size_t end = s.operands.size() - (s.has("red") ? 1 : 0);
  in.src[0] = d.source(s.operands[at], Type::u32);
  in.target = s.operands[at].kind == Operand::Kind::number ? 1 : 0;
  if (at + 1 < end) in.src[1] = d.source(s.operands[at + 1], Type::u32);
  d.emit(in);
  return true;
}

Handler redux(const Statement& s, Type type) {
  Handler h = nullptr;
  const auto choose = [&]<class T>() {
    if (s.has("add"))
      h = reduction<T>([](T a, T b) { return static_cast<T>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b)); });
    if (s.has("min")) h = reduction<T>([](T a, T b) { return std::min(a, b); });
    if (s.has("max")) h = reduction<T>([](T a, T b) { return std::max(a, b); });
    if (s.has("and")) h = reduction<T>([](T a, T b) { return a & b; });
    if (s.has("or")) h = reduction<T>([](T a, T b) { return a | b; });
    if (s.has("xor")) h = reduction<T>([](T a, T b) { return a ^ b; });
  };
  if (type == Type::u32) choose.template operator()<uint32_t>();
  if (type == Type::s32) choose.template operator()<int32_t>();
  return h;
}

}  // namespace

bool decode_warp(Decoder& d, const Statement& s, Type type) {
  const std::string_view op = s.parts[0];
  if (op == "bar" || op == "barrier") return decode_barrier(d, s);
  if (op == "activemask") {
    d.emit(active_mask, d.destination(s.operands[0]));
    return true;
  }
  const bool known = op == "shfl" || op == "vote" || op == "match" || op == "redux" || op == "elect";
  if (!known || (op != "elect" && !s.has("sync"))) return false;
  Instruction in;
  in.dst = d.destination(s.operands[0]);
  in.second = d.second(s.operands[0]);
  in.src[kMembers] = d.source(s.operands.back(), Type::u32);
  if (op == "shfl") {
    in.run = together<shuffle>;
    in.mode = index_of(s, {"up", "down", "bfly", "idx"});
    for (size_t i = 0; i < 3; i++) in.src[i] = d.source(s.operands[i + 1], Type::u32);
  } else if (op == "vote") {
    in.run = together<vote>;
    in.mode = index_of(s, {"all", "any", "uni", "ballot"});
    in.src[0] = d.predicate(s.operands[1]);
  } else if (op == "match") {
    in.run = bytes_of(type) == 8 ? together<match<uint64_t>> : together<match<uint32_t>>;
    in.mode = s.has("all") ? 1 : 0;
    in.src[0] = d.source(s.operands[1], type);
  } else if (op == "redux") {
    in.run = redux(s, type);
    in.src[0] = d.source(s.operands[1], type);
    if (in.run == nullptr) return false;
  } else {
    in.run = together<elect>;
  }
  d.emit(in);
  return true;
}

}  // namespace flambeau::emulator::FLAMBEAU_LEVEL
