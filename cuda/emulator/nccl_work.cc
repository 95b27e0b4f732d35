// See nccl_work.h. Operands are looked up in their allocations when they are touched, and a collective that the ranks
// call differently is reported, where the real library would hang.
#include "nccl_work.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "memory.h"
#include "numbers.h"
#include "settings.h"

namespace flambeau::emulator {
using namespace FLAMBEAU_LEVEL;
namespace {

const char* kind_name(int kind) {
  constexpr const char* names[] = {"ncclAllReduce", "ncclBroadcast", "ncclReduce", "ncclAllGather",
                                   "ncclReduceScatter"};
  return names[kind];
}
std::string text_of(const CallName& call) {
  return std::string(kind_name(call.kind)) + " of " + std::to_string(call.count) + " elements of type " +
         std::to_string(call.type) + ", operation " + std::to_string(call.operation) + ", root " +
         std::to_string(call.root);
}

/** The host's view of an operand; null, and a failure, unless it is all in one allocation of the device. */
std::byte* operand(NcclComm& comm, const void* memory, uint64_t from, uint64_t bytes) {
  const uint64_t address = reinterpret_cast<uint64_t>(memory) + from;
  DeviceMemory& all = DeviceMemory::get();
  std::byte* found = all.find(address).device == comm.device ? all.translate(address, bytes) : nullptr;
  if (found == nullptr) comm.fail(kNcclInvalidArgument, "NCCL: an operand is not inside one allocation of the device");
  return found;
}

/** Halves add up in float, and are rounded once. */
template <class T>
void reduce(std::byte* to, std::byte* const* from, int ranks, uint64_t count, int operation) {
  using Sum = std::conditional_t<is_small_float<T>, float, T>;
  for (uint64_t i = 0; i < count; i++) {
    Sum sum{};
    for (int r = 0; r < ranks; r++) {
      T element;
      std::memcpy(static_cast<void*>(&element), from[r] + i * sizeof(T), sizeof(T));
      const Sum v = static_cast<Sum>(element);
      if (r == 0) {
        sum = v;
        continue;
      }
      switch (operation) {
        case kProduct:
          // unsigned: numbers that do not fit wrap around
          if constexpr (std::is_integral_v<Sum>)
            sum = static_cast<Sum>(static_cast<uint64_t>(sum) * static_cast<uint64_t>(v));
          else
            sum *= v;
          break;
        case kMax: sum = v > sum || v != v ? v : sum; break;
        case kMin: sum = v < sum || v != v ? v : sum; break;
        default:
          if constexpr (std::is_integral_v<Sum>)
            sum = static_cast<Sum>(static_cast<uint64_t>(sum) + static_cast<uint64_t>(v));
          else
            sum += v;
      }
    }
    if (operation == kAverage) sum = static_cast<Sum>(sum / static_cast<Sum>(ranks));
    T out;
    if constexpr (is_small_float<T>)
      out = T::nearest(static_cast<double>(sum));
    else
      out = sum;
    std::memcpy(to + i * sizeof(T), &out, sizeof out);
  }
}
void reduce(int type, std::byte* to, std::byte* const* from, int ranks, uint64_t count, int operation) {
  switch (type) {
    case kInt8: return reduce<int8_t>(to, from, ranks, count, operation);
    case kUint8: return reduce<uint8_t>(to, from, ranks, count, operation);
    case kInt32: return reduce<int32_t>(to, from, ranks, count, operation);
    case kUint32: return reduce<uint32_t>(to, from, ranks, count, operation);
    case kInt64: return reduce<int64_t>(to, from, ranks, count, operation);
    case kUint64: return reduce<uint64_t>(to, from, ranks, count, operation);
    case kFloat16: return reduce<Half>(to, from, ranks, count, operation);
    case kFloat32: return reduce<float>(to, from, ranks, count, operation);
    case kFloat64: return reduce<double>(to, from, ranks, count, operation);
    default: return reduce<BFloat>(to, from, ranks, count, operation);
  }
}

}  // namespace

size_t nccl_bytes(int type) {
  constexpr size_t bytes[kNcclTypes] = {1, 1, 4, 4, 8, 8, 2, 4, 8, 2};
  return bytes[type];
}

void NcclComm::fail(int code, const std::string& text) {
  if (error != kNcclSuccess) return;
  error = code;
  report(text);
}

/** Elements that a window has room for: of a reduce-scatter a part for each rank. */
uint64_t NcclWork::piece(const NcclComm& comm) const {
  const uint64_t all = kWindow / nccl_bytes(type);
  return kind == NcclKind::reduce_scatter ? all / static_cast<uint64_t>(comm.meeting->size()) : all;
}

bool NcclWork::show(NcclComm& comm) {
  Meeting& m = *comm.meeting;
  const int rank = m.rank();
  const size_t item = nccl_bytes(type);
  const uint64_t n = std::min(piece(comm), count - at_);
  if (kind != NcclKind::broadcast || rank == root) {
    const int parts = kind == NcclKind::reduce_scatter ? m.size() : 1;
    for (int p = 0; p < parts; p++) {
      const uint64_t part = static_cast<uint64_t>(p);
      const std::byte* from = operand(comm, in, (part * count + at_) * item, n * item);
      if (from == nullptr) return false;
      std::memcpy(m.window(rank) + part * n * item, from, n * item);
    }
  }
  m.call(rank) = {static_cast<int>(kind), type, operation, root, count};
  m.set_step(2 * comm.rounds + 1);
  return true;
}

bool NcclWork::same_calls(NcclComm& comm) const {
  Meeting& m = *comm.meeting;
  for (int i = 0; i < m.size(); i++) {
    if (m.call(i) == m.call(m.rank())) continue;
    comm.fail(kNcclInvalidUsage, "NCCL: the ranks call differently: rank " + std::to_string(m.rank()) + " " +
                                     text_of(m.call(m.rank())) + "; rank " + std::to_string(i) + " " +
                                     text_of(m.call(i)));
    return false;
  }
  return true;
}

bool NcclWork::read(NcclComm& comm) {
  Meeting& m = *comm.meeting;
  if (!same_calls(comm)) return false;
  const auto rank = static_cast<uint64_t>(m.rank());
  const size_t item = nccl_bytes(type);
  const uint64_t n = std::min(piece(comm), count - at_);
  const auto target = [&](uint64_t element) {
    std::byte* to = operand(comm, out, element * item, n * item);
    if (to != nullptr) DeviceMemory::get().set_written(to, n * item);
    return to;
  };
  if (kind == NcclKind::all_gather) {
    for (int i = 0; i < m.size(); i++) {
      std::byte* to = target(static_cast<uint64_t>(i) * count + at_);
      if (to == nullptr) return false;
      std::memcpy(to, m.window(i), n * item);
    }
  } else if (kind != NcclKind::reduce || m.rank() == root) {
    std::byte* to = target(at_);
    if (to == nullptr) return false;
    if (kind == NcclKind::broadcast) {
      std::memcpy(to, m.window(root), n * item);
    } else {
      std::byte* from[kMostRanks];
      for (int i = 0; i < m.size(); i++)
        from[i] = m.window(i) + (kind == NcclKind::reduce_scatter ? rank * n * item : 0);
      emulator::reduce(type, to, from, m.size(), n, operation);
    }
  }
  at_ += n;
  m.set_step(2 * ++comm.rounds);
  return true;
}

bool NcclWork::send(NcclComm& comm, NcclMessage& message) const {
  Meeting& m = *comm.meeting;
  Meeting::Box& box = m.box(m.rank(), message.peer);
  const uint64_t put = box.put.load(std::memory_order_relaxed);
  if (box.taken.load(std::memory_order_acquire) != put) return false;
  if (message.at == message.bytes) return true;
  const uint64_t n = std::min<uint64_t>(kBox, message.bytes - message.at);
  const std::byte* from = operand(comm, message.memory, message.at, n);
  if (from == nullptr) return false;
  std::memcpy(m.box_bytes(m.rank(), message.peer), from, n);
  box.total = message.bytes;
  message.at += n;
  box.put.store(put + 1, std::memory_order_release);
  return false;  // until the other has taken it
}

bool NcclWork::receive(NcclComm& comm, NcclMessage& message) const {
  Meeting& m = *comm.meeting;
  Meeting::Box& box = m.box(message.peer, m.rank());
  if (message.at == message.bytes) return true;
  const uint64_t taken = box.taken.load(std::memory_order_relaxed);
  if (box.put.load(std::memory_order_acquire) == taken) return false;
  if (box.total != message.bytes) {
    comm.fail(kNcclInvalidUsage, "NCCL: rank " + std::to_string(m.rank()) + " receives " +
                                     std::to_string(message.bytes) + " bytes from rank " +
                                     std::to_string(message.peer) + ", which sends " + std::to_string(box.total));
    return false;
  }
  const uint64_t n = std::min<uint64_t>(kBox, message.bytes - message.at);
  std::byte* to = operand(comm, message.memory, message.at, n);
  if (to == nullptr) return false;
  std::memcpy(to, m.box_bytes(message.peer, m.rank()), n);
  DeviceMemory::get().set_written(to, n);
  message.at += n;
  box.taken.store(taken + 1, std::memory_order_release);
  return message.at == message.bytes;
}

bool NcclWork::advance(NcclComm& comm) {
  if (comm.error != kNcclSuccess) return false;  // until it is aborted, as kernels that wait for ever
  if (!messages.empty()) {
    for (bool moved = true; moved && !messages.empty();) {
      moved = false;
      uint32_t busy[2] = {0, 0};  // messages between two ranks are in order
      std::erase_if(messages, [&](NcclMessage& message) {
        uint32_t& others = busy[message.is_send ? 1 : 0];
        const uint32_t bit = uint32_t{1} << message.peer;
        if ((others & bit) != 0) return false;
        const uint64_t before = message.at;
        const bool done = message.is_send ? send(comm, message) : receive(comm, message);
        moved = moved || done || message.at != before;
        if (!done) others |= bit;
        return done;
      });
    }
    if (messages.empty()) return true;
  } else {
    while (at_ < count) {
      Meeting& m = *comm.meeting;
      // the windows are the others' to read until all have finished the round before
      if (!shown_ && (!m.all_at(2 * comm.rounds) || !show(comm))) break;
      shown_ = true;
      if (!m.all_at(2 * comm.rounds + 1) || !read(comm)) break;
      shown_ = false;
    }
    if (at_ >= count) return true;
  }
  const int missing = comm.error == kNcclSuccess ? comm.meeting->missing() : -1;
  if (missing >= 0)
    comm.fail(kNcclRemoteError, "NCCL: rank " + std::to_string(missing) + " has died or has aborted the communicator");
  return false;
}

}  // namespace flambeau::emulator
