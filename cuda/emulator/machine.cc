// Scheduling: which lanes of a warp run, which warps of a block, and when barriers open. See machine.h.
#include "machine.h"

#include <algorithm>
#include <numeric>

namespace flambeau::emulator {

Program::Program() = default;
Program::~Program() = default;

void Warp::start(Block& of, const Program& p, uint32_t number, uint32_t lanes, Register* registers, std::byte* local) {
  block = &of;
  program = &p;
  id = number;
  live = started = lanes == kLanes ? kAllLanes : (1u << lanes) - 1;
  parked = stalled = active = 0;
  steps = 0;
  epoch = 0;
  registers_ = registers;
  local_ = local;
  place(kAllLanes, 0);
}

void Warp::part(uint32_t mask, uint32_t target) {
  place(mask, target);
  place(active & ~mask, pc + 1);
  reschedule = true;
}

// The lowest program counter runs first: code is laid out so that lanes which went another way are met further down.
// `highest` is for the turn after a long one, for a lane may spin until one that is further on lets it go.
void Warp::choose(bool highest) {
  const uint32_t ready = live & ~parked & ~stalled;
  uint32_t apart = ready ^ kAllLanes;
  for (uint32_t lane = 1; lane < kLanes; lane++) apart |= lane_pc[lane] ^ lane_pc[0];
  if (apart == 0) {
    active = ready;
    next_pc_ = kNone;
    pc = lane_pc[0];
    return;
  }
  uint32_t best = kNone;
  each_lane(ready, [&](uint32_t lane) {
    const uint32_t p = lane_pc[lane];
    if (best == kNone || (highest ? p > best : p < best)) best = p;
  });
  active = 0;
  next_pc_ = kNone;
  pc = best;
  each_lane(ready, [&](uint32_t lane) {
    if (lane_pc[lane] == best) {
      active |= 1u << lane;
    } else if (lane_pc[lane] > best) {
      next_pc_ = std::min(next_pc_, lane_pc[lane]);
    }
  });
}

void Warp::run(uint64_t budget) {
  const Instruction* code = program->code.data();
  const uint64_t limit = settings().limit;
  bool highest = false;
  uint64_t given = std::min(budget, limit - steps), left = given;
  while (runnable()) {
    choose(highest);
    highest = false;
    reschedule = false;
    do {
      const Instruction& in = code[pc];
      uint32_t mask = active;
      if (in.guard != kNone) {
        const uint32_t on = lanes_where(in.guard, active);
        mask = in.guard_negated ? active & ~on : on;
      }
      left--;
      if (mask != 0) {
        in.run(*this, in, mask);
        if (reschedule) break;
      }
      pc++;
      if (left == 0 || pc >= next_pc_) {
        place(active, pc);
        break;
      }
    } while (true);
    if (left != 0) continue;
    steps += given;
    if (steps >= limit) {
      const uint32_t now = runnable() ? live & ~parked & ~stalled : live;
      if (now == 0) return;
      const auto lane = static_cast<uint32_t>(std::countr_zero(now));
      fail(code[lane_pc[lane]], lane, Fault::Kind::other,
           "endless loop? The warp has run " + std::to_string(limit) + " instructions");
    }
    given = left = std::min(budget, limit - steps);
    if (block->threads > kLanes || settings().seed != 0) return;
    highest = true;
  }
  steps += given - left;
}

bool Warp::converge(const Instruction& in, uint32_t& mask, uint32_t members_slot) {
  uint32_t here = mask;
  each_lane(stalled, [&](uint32_t lane) {
    if (lane_pc[lane] == pc) here |= 1u << lane;
  });
  const auto lane = static_cast<uint32_t>(std::countr_zero(mask));
  const uint32_t members = get<uint32_t>(members_slot, lane);
  char text[120];
  each_lane(mask, [&](uint32_t i) {
    const uint32_t own = get<uint32_t>(members_slot, i);
    if ((own >> i & 1) != 0) return;
    std::snprintf(text, sizeof text, "wrong member mask: lane %u is not in the mask 0x%08x that it gives", i, own);
    fail(in, i, Fault::Kind::other, text);
  });
  // Lanes may give different masks at one place (groups of a warp); this one's group is all that matters.
  each_lane(members & here, [&](uint32_t i) {
    const uint32_t other = get<uint32_t>(members_slot, i);
    if (other == members) return;
    std::snprintf(text, sizeof text, "wrong member mask: lanes %u and %u give 0x%08x and 0x%08x", lane, i, members,
                  other);
    fail(in, lane, Fault::Kind::other, text);
  });
  const uint32_t group = members & here;
  if ((members & live & ~here) != 0) {
    stalled |= mask;
    place(mask, pc);
    place(active & ~mask, pc + 1);
    reschedule = true;
    return false;
  }
  // Active lanes of other groups come to this instruction again, after this one.
  const uint32_t others = mask & ~group;
  if (others != 0) {
    place(others, pc);
    place(active & ~others, pc + 1);
    place(group, pc + 1);
    reschedule = true;
  } else if ((group & ~active) != 0) {
    place(active | group, pc + 1);
    reschedule = true;
  }
  stalled &= ~group;
  mask = group;
  return true;
}

Block::Block(const Program& p) : program(p), sites(p.sites) {}

void Block::prepare(Dim3 grid_size, Dim3 block_size, const std::vector<std::byte>& values, size_t dynamic) {
  const auto same = [](Dim3 a, Dim3 b) { return a.x == b.x && a.y == b.y && a.z == b.z; };
  const bool reshaped = !same(size, block_size) || threads == 0;
  const bool changed = reshaped || !same(grid, grid_size) || dynamic != dynamic_shared;
  grid = grid_size;
  size = block_size;
  threads = size.x * size.y * size.z;
  parameters = values;
  dynamic_shared = static_cast<uint32_t>(dynamic);
  const uint32_t align = program.dynamic_align;
  const uint32_t start_of_dynamic = (program.shared_bytes + align - 1) / align * align;
  shared.resize(dynamic != 0 ? start_of_dynamic + dynamic : program.shared_bytes);
  shadow.resize(settings().races ? shared.size() : 0);
  // Where reads of fresh memory are looked for, no access may pass by what is remembered here.
  if (memory_version_ != DeviceMemory::get().version() || settings().uninitialised) {
    memory_version_ = DeviceMemory::get().version();
    std::fill(sites.begin(), sites.end(), Range());
  }
  if (settings().seed != 0) random_ = std::make_unique<std::mt19937_64>(settings().seed);
  const uint32_t count = (threads + kLanes - 1) / kLanes;
  if (warps_.size() != count || settings().seed != 0) {
    order_.resize(count);
    std::iota(order_.begin(), order_.end(), 0u);
  }
  warps_.resize(count);
  local_.resize(size_t{count} * kLanes * program.local_bytes);
  const size_t ready = registers_.size(), wanted = size_t{count} * program.registers;
  if (wanted > ready) {
    Register poison;
    std::memset(&poison, settings().poison ? 0xDE : 0, sizeof poison);
    registers_.resize(wanted, poison);
    for (size_t first = ready; first < wanted; first += program.registers) {
      for (const Constant& c : program.constants) {
        for (uint32_t lane = 0; lane < kLanes; lane++) {
          Register& r = registers_[first + c.slot];
          c.wide ? r.set(lane, c.bits) : r.set(lane, static_cast<uint32_t>(c.bits));
        }
      }
    }
  }
  if (changed) write_specials(reshaped);
}

void Block::write_specials(bool all) {
  for (uint32_t w = 0; w < warps_.size(); w++) {
    for (const auto& [special, slot] : program.specials) {
      Register& r = registers_[size_t{w} * program.registers + slot];
      const bool of_lane = special <= Special::tid_z || (special >= Special::lanemask_eq && special < Special::clock) ||
                           special == Special::laneid;
      if (of_lane && !all) continue;
      if (special == Special::clock64) {
        for (uint32_t lane = 0; lane < kLanes; lane++) r.set(lane, uint64_t{0});
      } else if (of_lane) {
        for (uint32_t lane = 0; lane < kLanes; lane++) r.set(lane, special_value(special, w, lane));
      } else {
        std::fill_n(r.narrow, kLanes, special_value(special, w, 0));
      }
    }
  }
}

void Block::start() {
  const std::byte fill{settings().poison ? uint8_t{0xFF} : uint8_t{0}};
  std::fill(shared.begin(), shared.end(), fill);
  std::fill(local_.begin(), local_.end(), fill);
  std::fill(shadow.begin(), shadow.end(), Shadow());
  epoch = 1;
  for (uint32_t w = 0; w < warps_.size(); w++) {
    Warp& warp = warps_[w];
    warp.start(*this, program, w, std::min(kLanes, threads - w * kLanes),
               registers_.data() + size_t{w} * program.registers,
               local_.data() + size_t{w} * kLanes * program.local_bytes);
    for (const auto& [special, slot] : program.specials) {
      // What is the same in every block was written once, by prepare().
      if (special >= Special::ctaid_x && special <= Special::ctaid_z) {
        const uint32_t v = special == Special::ctaid_x ? at.x : special == Special::ctaid_y ? at.y : at.z;
        std::fill_n(warp.at(slot).narrow, kLanes, v);
      }
    }
  }
}

uint32_t Block::special_value(Special special, uint32_t w, uint32_t lane) const {
  const uint32_t t = w * kLanes + lane, bit = 1u << lane;
  switch (special) {
    case Special::tid_x: return t % size.x;
    case Special::tid_y: return t / size.x % size.y;
    case Special::tid_z: return t / size.x / size.y;
    case Special::ntid_x: return size.x;
    case Special::ntid_y: return size.y;
    case Special::ntid_z: return size.z;
    case Special::nctaid_x: return grid.x;
    case Special::nctaid_y: return grid.y;
    case Special::nctaid_z: return grid.z;
    case Special::laneid: return lane;
    case Special::warpid: return w;
    case Special::nwarpid: return static_cast<uint32_t>(warps_.size());
    case Special::nsmid: return 1;
    case Special::lanemask_eq: return bit;
    case Special::lanemask_lt: return bit - 1;
    case Special::lanemask_le: return bit | (bit - 1);
    case Special::lanemask_gt: return ~(bit | (bit - 1));
    case Special::lanemask_ge: return ~(bit - 1);
    case Special::dynamic_smem_size: return dynamic_shared;
    case Special::total_smem_size: return static_cast<uint32_t>(shared.size());
    default: return 0;  // ctaid changes with the block; one multiprocessor, no clock
  }
}

void Block::run(Dim3 where) {
  at = where;
  start();
  const bool shuffled = settings().seed != 0;
  while (true) {
    if (shuffled) std::shuffle(order_.begin(), order_.end(), *random_);
    bool progress = false, living = false;
    for (const uint32_t w : order_) {
      if (warps_[w].runnable()) {
        warps_[w].run(shuffled ? 1 + (*random_)() % 64 : 100'000);
        progress = true;
      }
      living = living || warps_[w].live != 0;
    }
    if (!living) break;
    if (release_all() || release_barriers()) progress = true;
    if (!progress) stuck();
  }
  for (const Warp& warp : warps_) counters().instructions += warp.steps;
}

// What nearly all barriers are: __syncthreads(), and every thread has come to the same one.
bool Block::release_all() {
  uint32_t where = kNone;
  for (const Warp& warp : warps_) {
    if (warp.parked != warp.started || warp.parked_pc == kNone) return false;
    if (where != kNone && warp.parked_pc != where) return false;
    where = warp.parked_pc;
  }
  const Instruction& in = program.code[where];
  if (in.mode != kBarrierSync || in.src[1] != kNone || in.target == 0) return false;
  for (Warp& warp : warps_) {
    warp.place(warp.parked, where + 1);
    warp.parked = 0;
  }
  epoch++;
  return true;
}

bool Block::release_barriers() {
  // Most often all lanes of a warp wait at one instruction: looked at once for all of them.
  struct Barrier {
    std::vector<Waiting> waiting;
    uint32_t count = 0, expected = 0;
  };
  Barrier barriers[16];
  uint32_t living = 0, ended = 0;
  for (Warp& warp : warps_) {
    living += static_cast<uint32_t>(std::popcount(warp.live));
    ended += static_cast<uint32_t>(std::popcount(warp.started & ~warp.live));
    for (uint32_t rest = warp.parked; rest != 0;) {
      const auto lane = static_cast<uint32_t>(std::countr_zero(rest));
      const Instruction& in = program.code[warp.lane_pc[lane]];
      const uint32_t id = warp.get<uint32_t>(in.src[0], lane) & 15;
      uint32_t same = 0;
      each_lane(rest, [&](uint32_t other) {
        const bool here =
            warp.lane_pc[other] == warp.lane_pc[lane] && (warp.get<uint32_t>(in.src[0], other) & 15) == id;
        same |= static_cast<uint32_t>(here) << other;
      });
      rest &= ~same;
      barriers[id].waiting.push_back({&warp, same, warp.lane_pc[lane]});
      barriers[id].count += static_cast<uint32_t>(std::popcount(same));
      barriers[id].expected = in.src[1] == kNone ? 0 : warp.get<uint32_t>(in.src[1], lane);
    }
  }
  bool released = false;
  for (const Barrier& b : barriers) {
    if (b.waiting.empty() || b.count < (b.expected == 0 ? living : b.expected)) continue;
    if (b.expected == 0 && settings().strict) check_barrier(b.waiting, ended);
    release(b.waiting, b.count);
    released = true;
  }
  return released;
}

// Without a count, a barrier is one that the whole block reaches, at one place.
void Block::check_barrier(const std::vector<Waiting>& waiting, uint32_t ended) const {
  const Waiting& first = waiting.front();
  const auto lane = static_cast<uint32_t>(std::countr_zero(first.lanes));
  const Instruction& in = program.code[first.pc];
  if (ended != 0) {
    first.warp->fail(in, lane, Fault::Kind::other,
                     "divergent barrier: " + std::to_string(ended) + " of " + std::to_string(threads) +
                         " threads have ended before it");
  }
  for (const Waiting& other : waiting) {
    if (other.pc == first.pc) continue;
    const uint32_t thread = other.warp->id * kLanes + static_cast<uint32_t>(std::countr_zero(other.lanes));
    first.warp->fail(in, lane, Fault::Kind::other,
                     "divergent barrier: thread " + thread_name(thread) + " waits at another, in PTX line " +
                         std::to_string(program.code[other.pc].line));
  }
}

void Block::release(const std::vector<Waiting>& waiting, uint32_t threads_here) {
  uint32_t count = 0;
  for (const auto& [warp, lanes, at_pc] : waiting) {
    const Instruction& in = program.code[at_pc];
    if (in.src[2] != kNone) count += static_cast<uint32_t>(std::popcount(warp->lanes_where(in.src[2], lanes)));
  }
  for (const auto& [warp, lanes, at_pc] : waiting) {
    const Instruction& in = program.code[at_pc];
    const uint32_t results[] = {0, count, count == threads_here, count != 0};
    if (in.mode != kBarrierSync)
      each_lane(lanes, [&, w = warp](uint32_t lane) { w->set<uint32_t>(in.dst, lane, results[in.mode]); });
    warp->parked &= ~lanes;
    warp->place(lanes, at_pc + 1);
  }
  epoch++;
}

void Block::stuck() const {
  for (const Warp& warp : warps_) {
    if (warp.stalled == 0) continue;
    const auto lane = static_cast<uint32_t>(std::countr_zero(warp.stalled));
    const Instruction& in = program.code[warp.lane_pc[lane]];
    char text[120];
    std::snprintf(text, sizeof text, "wrong member mask: 0x%08x names lanes that never come here",
                  warp.get<uint32_t>(in.src[3], lane));
    warp.fail(in, lane, Fault::Kind::other, text);
  }
  for (const Warp& warp : warps_) {
    if (warp.parked == 0) continue;
    const auto lane = static_cast<uint32_t>(std::countr_zero(warp.parked));
    warp.fail(program.code[warp.lane_pc[lane]], lane, Fault::Kind::other,
              "divergent barrier: the threads that it waits for never come");
  }
  throw Fault(Fault::Kind::other, program.name + ": no thread can go on");
}

std::string Block::thread_name(uint32_t t) const {
  return "(" + std::to_string(t % size.x) + "," + std::to_string(t / size.x % size.y) + "," +
         std::to_string(t / size.x / size.y) + ")";
}

std::string Warp::place_of(const Instruction& in, uint32_t lane) const {
  const Dim3& b = block->at;
  return "; kernel " + program->name + ", block (" + std::to_string(b.x) + "," + std::to_string(b.y) + "," +
         std::to_string(b.z) + "), thread " + block->thread_name(id * kLanes + lane) + ", PTX line " +
         std::to_string(in.line) + ": " + program->ptx->line(in.line);
}

void Warp::fail(const Instruction& in, uint32_t lane, Fault::Kind kind, const std::string& what) const {
  throw Fault(kind, what + place_of(in, lane));
}

void launch(const Program& program, Dim3 grid, Dim3 size, const std::vector<std::byte>& parameters,
            size_t dynamic_shared) {
  // A kernel that fails loses its block: the next launch makes a new one.
  std::unique_ptr<Block> block = std::move(program.spare);
  if (block == nullptr) block = std::make_unique<Block>(program);
  block->prepare(grid, size, parameters, dynamic_shared);
  for (uint32_t z = 0; z < grid.z; z++)
    for (uint32_t y = 0; y < grid.y; y++)
      for (uint32_t x = 0; x < grid.x; x++) block->run({x, y, z});
  program.spare = std::move(block);
}

}  // namespace flambeau::emulator
