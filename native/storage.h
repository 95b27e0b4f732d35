// Storages of one JavaScript environment: bytes on a device behind numeric handles, and how their deaths are learnt.
// Each has an owner object in JavaScript under a weak reference; sweep() looks which owners are gone. lib/memory.ts
// decides when (see DESIGN.md, Memory). Used by addon.cc and the plan reader.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <unordered_map>
#include <utility>
#include <vector>

#include "device.h"
#include "napi.h"
#include "shared.h"

namespace flambeau {

/** Figures that lib/memory.ts reads without a call: those of device d begin at 8·d in the shared Float64Array. */
enum MemoryFigure { kLiveBytes, kFreedBytes, kLiveCount, kSwept, kPeakBytes };
inline constexpr int kDeviceFigures = 8, kMemoryFigures = kDeviceFigures * kMaxDevices;

/** What cannot be while calls are recorded, or before they have run: see queue.h. */
struct NotNow : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/** Memory that calls on another thread could not have, in words for the user. */
struct NoMemory : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/** Memory of a storage that was made while calls are recorded: the first of them that touches it takes it from the
 * pool. */
struct Later {
  explicit Later(size_t size) : bytes(size) {}
  std::byte* data = nullptr;
  size_t bytes;
  std::atomic<bool> lost{false};  // what would have filled it never ran: read here, while the executor may set it
};

/** Which references a sweep looks at, and whether survivors grow older. */
enum class Sweep { look, after_minor, after_full };

class StorageTable {
 public:
  explicit StorageTable(napi_env env) : env_(env) {}
  ~StorageTable();
  StorageTable(const StorageTable&) = delete;
  StorageTable& operator=(const StorageTable&) = delete;

  struct View {
    std::byte* data;
    size_t bytes;
    int device;
  };

  /** A new storage on a device, owned by `owner`; -1 when memory is short. May start a collection. */
  double allocate(size_t bytes, napi_value owner, int device);
  /** A storage over the memory of an ArrayBuffer, which it keeps alive; -1 if that is detached. */
  double adopt(napi_value array_buffer, napi_value owner);
  /** A storage over shared memory, whose hold it takes over; -1 when there is no room for it. */
  double adopt_shared(SharedBlock* block, napi_value owner);
  /** A storage over the memory of a SharedArrayBuffer, which it keeps alive (V8 frees that beside the script, as soon
   * as a collection finds the buffer dead, and other threads and messages under way may have it, too); counted as in
   * use. -1 when there is no room for it. */
  double adopt_lent(std::byte* data, size_t bytes, napi_value buffer, napi_value owner);
  /** The storage's memory, held once more for another environment; null if it cannot be shared (an ArrayBuffer's,
   * a SharedArrayBuffer's, or a device's). */
  SharedBlock* share(double handle);
  /** Frees now. False if the handle is not alive: freeing twice is harmless. */
  bool release(double handle);
  /** Where the bytes are; null data if the handle is not alive or its ArrayBuffer was detached or shrank. */
  View find(double handle) {
    const int64_t index = index_of(handle);
    if (index < 0) return {nullptr, 0, 0};
    const Slot& slot = slots_[static_cast<size_t>(index)];
    return slot.kind == kPlain ? View{slot.data, slot.bytes, slot.device} : find_special(index);
  }
  /** Frees the storages whose owners are gone. */
  void sweep(Sweep kind);

  // ---- for queue.h: calls that are recorded now and run later, on another thread
  // --------------------------------------

  /** Calls are recorded from now on: storages of the CPU get their memory later, and what is not computed can be found.
   */
  void record() { recording_ = true; }
  /** No more; gives the slots that got their memory put off meanwhile. */
  std::vector<std::pair<int64_t, std::shared_ptr<Later>>> stop_recording() {
    recording_ = false;
    return std::move(made_);
  }
  /** The slot of a handle, whose memory stays until unpin(), whoever frees it. */
  int64_t pin(double handle);
  void pin_slot(int64_t index);
  void unpin(int64_t index);
  /** By the handle that was pinned, which may be dead by now. */
  void unpin(double handle) {
    const int64_t index = static_cast<int64_t>(handle) & (kMaxSlots - 1);
    if (handle >= 0 && handle < 0x1p53 && index < static_cast<int64_t>(slots_.size()) &&
        slots_[static_cast<size_t>(index)].pins > 0) {
      unpin(index);
    }
  }
  /** Whether a slot's bytes are an ArrayBuffer's. */
  bool lent(int64_t index) const { return slots_[static_cast<size_t>(index)].kind == kAdopted; }
  /** Where a pinned slot's memory is; null with `later` if it has none yet. */
  std::byte* memory(int64_t index, std::shared_ptr<Later>* later) const;
  /** Whether nobody can ask for a pinned slot's bytes any more but who pinned it, once. */
  bool forgotten(int64_t index) const {
    const Slot& slot = slots_[static_cast<size_t>(index)];
    return slot.doomed && slot.pins == 1;
  }
  /** The calls that fill it have run: it is a storage like any other, if the slot is still that storage's. What is lost
   * counts as free. */
  void settle(int64_t index, const std::shared_ptr<Later>& later);
  /** Whether a slot is still that storage's, without memory. */
  bool awaits(int64_t index, const std::shared_ptr<Later>& later) const {
    const auto found = later_.find(index);
    return found != later_.end() && found->second == later;
  }
  /** Gives a storage its memory now, for the host writes to it. Nothing where it has it. */
  void make(double handle);
  /** Whether a slot has its memory. */
  bool there(int64_t index) const { return slots_[static_cast<size_t>(index)].kind != kLater; }
  int64_t slot_of(double handle) const { return index_of(handle); }

  /** Points the figures at the Float64Array that lib/memory.ts reads, or back inside when null. */
  void attach_figures(double* figures);

  size_t young() const { return lists_[0].size(); }
  size_t old() const { return lists_[1].size(); }

 private:
  enum Kind : uint8_t { kPlain, kAdopted, kLater };
  struct Slot {
    std::byte* data = nullptr;
    size_t bytes = 0;
    napi_ref owner = nullptr;   // weak
    napi_ref buffer = nullptr;  // strong, to the ArrayBuffer or SharedArrayBuffer of an adopted storage
    SharedBlock* shared = nullptr;
    uint32_t generation = 0;
    int32_t position = -1;  // in lists_[list]
    uint8_t list = 0;
    uint8_t age = 0;
    uint8_t device = 0;
    bool alive = false;
    Kind kind = kPlain;
    bool doomed = false;  // dropped while it was pinned
    bool lent = false;    // the memory is a SharedArrayBuffer's, and counted
    uint32_t pins = 0;
  };

  // A handle is generation × 2²⁶ + index: a double holds it exactly, and a handle kept too long is noticed.
  static constexpr int kIndexBits = 26;
  static constexpr int64_t kMaxSlots = int64_t{1} << kIndexBits;

  /** The slot of a handle, -1 if it is not alive. */
  int64_t index_of(double handle) const {
    if (!(handle >= 0 && handle < 0x1p53)) return -1;
    const int64_t whole = static_cast<int64_t>(handle), index = whole & (kMaxSlots - 1);
    if (index >= static_cast<int64_t>(slots_.size())) return -1;
    const Slot& slot = slots_[static_cast<size_t>(index)];
    return slot.alive && slot.generation == static_cast<uint64_t>(whole) >> kIndexBits ? index : -1;
  }
  /** The script may have transferred or resized its ArrayBuffer meanwhile. */
  View find_adopted(const Slot& slot);
  View find_special(int64_t index);
  int64_t take(std::byte* data, size_t bytes, int device = 0);
  void put_back(std::byte* data, size_t bytes, int device);
  bool watch(int64_t index, napi_value owner);
  /** The handle of a slot that has its memory now, of which so many bytes count as in use; -1 if it had to be dropped.
   */
  double enter(int64_t index, napi_value owner, size_t counted);
  void link(int64_t index, uint8_t list);
  void unlink(int64_t index);
  void drop(int64_t index);
  void give_up(int64_t index);
  double handle_of(int64_t index) const;

  napi_env env_;
  std::vector<Slot> slots_;
  std::vector<int32_t> free_;
  // Young owners are found dead by a minor collection; after two of those V8 has promoted them, and only a full one
  // can.
  std::vector<int32_t> lists_[2];
  std::unordered_map<int64_t, std::shared_ptr<Later>> later_;  // memory of the slots of that kind
  std::vector<std::pair<int64_t, std::shared_ptr<Later>>> made_;
  bool recording_ = false;
  double own_figures_[kMemoryFigures] = {};
  double* figures_ = own_figures_;
};

}  // namespace flambeau
