// What a kernel is after decoding: instructions with handlers, and the layout of registers and memories. Made by
// decode.cc, run by machine.cc; the handlers are in ops_*.cc.
#pragma once
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "ptx.h"

namespace flambeau::emulator {

inline constexpr uint32_t kLanes = 32;
inline constexpr uint32_t kNone = ~0u;
inline constexpr uint32_t kAllLanes = ~0u;

class Warp;
struct Instruction;
/** Carries out an instruction for the lanes in `mask`. */
using Handler = void (*)(Warp& warp, const Instruction& in, uint32_t mask);

/** What the memory checks need to know of an access. */
enum class Access : uint8_t { read, write, atomic };

struct Instruction {
  Handler run = nullptr;
  uint32_t guard = kNone;  // register of the predicate
  bool guard_negated = false;
  Space space = Space::generic;
  Access access = Access::read;
  bool narrow_address = false;  // the address is in a 32-bit register
  uint8_t count = 1;            // elements of a vector access
  uint8_t mode = 0;             // what a handler wants to know besides
  uint32_t line = 0;            // of the PTX
  uint32_t dst = kNone, second = kNone;
  uint32_t src[4] = {kNone, kNone, kNone, kNone};
  uint32_t list[8] = {};  // registers of a vector
  uint32_t target = 0;    // instruction that a branch goes to; number of a table of such
  int64_t offset = 0;     // of an address
  uint32_t site = 0;      // memory instructions are numbered: each remembers the allocation that it last touched
};

/** A number in a register of 64 bits, or of 32. */
struct Constant {
  uint32_t slot;
  bool wide;
  uint64_t bits;
};

enum class Special : uint8_t {
  tid_x,
  tid_y,
  tid_z,
  ntid_x,
  ntid_y,
  ntid_z,
  ctaid_x,
  ctaid_y,
  ctaid_z,
  nctaid_x,
  nctaid_y,
  nctaid_z,
  laneid,
  warpid,
  nwarpid,
  smid,
  nsmid,
  gridid,
  lanemask_eq,
  lanemask_lt,
  lanemask_le,
  lanemask_gt,
  lanemask_ge,
  clock,
  clock64,
  dynamic_smem_size,
  total_smem_size
};

struct Parameter {
  uint32_t offset, bytes;
};

class Block;

struct Program {
  Program();
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  const Ptx* ptx = nullptr;
  std::string name;
  int device = 0;  // whose variables it has, and on which it runs
  std::vector<Instruction> code;
  std::vector<std::vector<uint32_t>> tables;  // of brx.idx
  std::vector<Constant> constants;
  std::vector<std::pair<Special, uint32_t>> specials;
  std::vector<Parameter> parameters;
  uint32_t parameter_bytes = 0;
  uint32_t registers = 0;
  uint32_t shared_bytes = 0;  // static
  uint32_t dynamic_align = 16;
  std::vector<size_t> dynamic_constants;  // constants that are addresses in the dynamic shared memory
  uint32_t local_bytes = 0;
  uint32_t sites = 0;
  uint32_t max_threads = 1024;
  mutable std::set<uint32_t> told;       // lines whose reads of fresh memory were reported
  mutable std::unique_ptr<Block> spare;  // of the last launch, for the next
};

/** Where a module's global and constant variables were placed. */
using Places = std::unordered_map<std::string, uint64_t>;

/** Throws PtxError, naming the line, where an instruction is not supported. */
std::unique_ptr<Program> decode(Ptx& ptx, const Function& entry, const Places& places);

// Generic addresses of what is no global memory start here: values that no pointer of the host or the device has.
inline constexpr uint64_t kSharedWindow = 0x1000'0000'0000'0000;
inline constexpr uint64_t kLocalWindow = 0x2000'0000'0000'0000;
inline constexpr uint64_t kParamWindow = 0x3000'0000'0000'0000;
inline constexpr uint64_t kWindowMask = 0xF000'0000'0000'0000;

}  // namespace flambeau::emulator
