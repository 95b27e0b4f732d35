// What every access to memory that is not plainly right must pass: bounds, alignment, races in shared memory. Called by
// the handlers of ops_memory.cc.
#include <cstdio>

#include "machine.h"

namespace flambeau::emulator {
namespace {

const char* name_of(Access access) {
  return access == Access::read ? "read" : access == Access::write ? "write" : "atomic";
}

std::string what(const char* problem, const char* space, const Instruction& in, uint32_t bytes, uint64_t address) {
  char text[160];
  std::snprintf(text, sizeof text, "%s %s %s of %u bytes at 0x%llx", problem, space, name_of(in.access), bytes,
                static_cast<unsigned long long>(address));
  return text;
}

}  // namespace

std::byte* Warp::access(const Instruction& in, uint32_t lane, uint64_t a, uint32_t bytes) {
  Space space = in.space;
  uint64_t at = a;
  if (space == Space::generic) {
    const uint64_t window = a & kWindowMask;
    space = window == kSharedWindow  ? Space::shared
            : window == kLocalWindow ? Space::local
            : window == kParamWindow ? Space::param
                                     : Space::global;
    at = a & ~kWindowMask;
    if (window > kParamWindow) space = Space::global;
    if (space == Space::global) at = a;
  }
  const auto inside = [&](const char* kind, uint64_t size) {
    if (at > size || size - at < bytes) {
      fail(in, lane, Fault::Kind::address,
           what("out-of-bounds", kind, in, bytes, at) + " (there are " + std::to_string(size) + " bytes)");
    }
    if (at % bytes != 0) fail(in, lane, Fault::Kind::alignment, what("misaligned", kind, in, bytes, at));
  };
  switch (space) {
    case Space::shared:
      at &= 0xFFFF'FFFF;
      inside("shared", block->shared.size());
      if (!block->shadow.empty()) block->check_race(*this, in, lane, at, bytes);
      return block->shared.data() + at;
    case Space::local: inside("local", program->local_bytes); return local(lane) + at;
    case Space::param:
      inside("parameter", block->parameters.size());
      if (in.access != Access::read)
        fail(in, lane, Fault::Kind::address, what("forbidden", "parameter", in, bytes, at));
      return block->parameters.data() + at;
    default: break;
  }
  DeviceMemory& memory = DeviceMemory::get();
  Range fresh;
  Range& range = settings().uninitialised ? fresh : block->sites[in.site];
  if (at - range.begin >= range.end - range.begin || range.end - at < bytes) {
    range = memory.owns(at) ? memory.find(at) : memory.find_shared(at);
    if (range.host == nullptr || range.end - at < bytes) {
      range = {};
      fail(in, lane, Fault::Kind::address,
           what("out-of-bounds", "global", in, bytes, at) + " (" + memory.describe(at) + ")");
    }
  }
  if (range.device != program->device && range.device != kEveryDevice) {
    const std::string owner = std::to_string(range.device), here = std::to_string(program->device);
    range = {};
    fail(in, lane, Fault::Kind::address,
         what("forbidden", "global", in, bytes, at) + " (memory of device " + owner +
             ", but the kernel runs on device " + here + ")");
  }
  if (at % bytes != 0) fail(in, lane, Fault::Kind::alignment, what("misaligned", "global", in, bytes, at));
  std::byte* place = range.host + (at - range.begin);
  if (settings().uninitialised && range.device != kEveryDevice) {
    if (in.access == Access::write) {
      memory.set_written(place, bytes);
    } else if (!memory.is_written(place, bytes) && program->told.insert(in.line).second) {
      report("uninitialised global memory: " + what("nobody wrote what is", "global", in, bytes, at) + ", byte " +
             std::to_string(at - range.begin) + " of an allocation of " + std::to_string(range.end - range.begin) +
             place_of(in, lane));
    }
    if (in.access == Access::atomic) memory.set_written(place, bytes);
  }
  return place;
}

// Two threads may touch one byte, one of them writing, only with a barrier between; in one warp, __syncwarp will do.
// Stores of what is there already harm nobody and are not told.
void Block::check_race(const Warp& warp, const Instruction& in, uint32_t lane, uint64_t address, uint32_t bytes) {
  const auto me = static_cast<uint16_t>(warp.id * kLanes + lane);
  const auto ordered = [&](uint16_t other, uint32_t other_epoch) {
    return other == me || (other / kLanes == warp.id && other_epoch != warp.epoch);
  };
  const bool silent = in.access == Access::write && [&] {
    std::byte fresh[32];
    const uint32_t each = bytes / in.count;
    for (uint32_t k = 0; k < in.count; k++) {
      const uint64_t v = each == 8 ? warp.get<uint64_t>(in.list[k], lane) : warp.get<uint32_t>(in.list[k], lane);
      std::memcpy(fresh + size_t{k} * each, &v, each);
    }
    return std::memcmp(fresh, shared.data() + address, bytes) == 0;
  }();
  for (uint64_t i = address; i < address + bytes; i++) {
    Shadow& s = shadow[i];
    const bool was_written = s.write_epoch == epoch && !ordered(s.writer, s.write_warp_epoch);
    const bool was_read = s.read_epoch == epoch && (s.many_readers || !ordered(s.reader, s.read_warp_epoch));
    const char* order = nullptr;
    uint16_t other = 0;
    if (was_written && !(s.atomic && in.access == Access::atomic) && !silent) {
      order = in.access == Access::read ? "read after write" : "write after write";
      other = s.writer;
    } else if (was_read && in.access == Access::write && !silent) {
      order = "write after read";
      other = s.reader;
    }
    if (order != nullptr) {
      warp.fail(in, lane, Fault::Kind::other,
                std::string("race in shared memory: ") + order + " of byte " + std::to_string(i) + ", with thread " +
                    thread_name(other));
    }
    if (in.access == Access::read) {
      s.many_readers = s.read_epoch == epoch && (s.many_readers || s.reader / kLanes != warp.id);
      s.read_epoch = epoch;
      s.read_warp_epoch = warp.epoch;
      s.reader = me;
    } else {
      s.write_epoch = epoch;
      s.write_warp_epoch = warp.epoch;
      s.writer = me;
      s.atomic = in.access == Access::atomic;
    }
  }
}

}  // namespace flambeau::emulator
