#include "storage.h"

#include <cstring>

#include "pool.h"

namespace flambeau {
namespace {
constexpr uint32_t kGenerations = (1u << 26) - 1;
constexpr int kScopeBatch = 256;  // references looked at per handle scope
/** Where storages seem to be that have no memory yet: recorded plans are checked against it, and moved before they run.
 */
std::byte* nowhere() { return reinterpret_cast<std::byte*>(uintptr_t{4096}); }
}  // namespace

StorageTable::~StorageTable() {
  // The environment is ending: its JavaScript arrays must not be written any more.
  figures_ = own_figures_;
  for (size_t i = 0; i < slots_.size(); i++) {
    if (slots_[i].doomed) give_up(static_cast<int64_t>(i));
    if (!slots_[i].alive) continue;
    slots_[i].pins = 0;
    unlink(static_cast<int64_t>(i));
    drop(static_cast<int64_t>(i));
  }
}

void StorageTable::attach_figures(double* figures) {
  if (!figures) figures = own_figures_;
  if (figures == figures_) return;
  std::memcpy(figures, figures_, sizeof own_figures_);
  figures_ = figures;
}

double StorageTable::handle_of(int64_t index) const {
  return static_cast<double>(static_cast<int64_t>(slots_[static_cast<size_t>(index)].generation) << kIndexBits | index);
}

int64_t StorageTable::take(std::byte* data, size_t bytes, int device) {
  int64_t index;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else {
    index = static_cast<int64_t>(slots_.size());
    if (index >= kMaxSlots) return -1;
    slots_.emplace_back();
    free_.reserve(slots_.capacity());  // so that drop() cannot run out of memory
    lists_[1].reserve(slots_.capacity());
  }
  Slot& slot = slots_[static_cast<size_t>(index)];
  slot.data = data;
  slot.bytes = bytes;
  slot.position = -1;
  slot.age = slot.list = 0;
  slot.device = static_cast<uint8_t>(device);
  slot.alive = true;
  slot.kind = kPlain;
  slot.lent = false;
  return index;
}

void StorageTable::link(int64_t index, uint8_t list) {
  Slot& slot = slots_[static_cast<size_t>(index)];
  slot.list = list;
  slot.position = static_cast<int32_t>(lists_[list].size());
  lists_[list].push_back(static_cast<int32_t>(index));
}

void StorageTable::unlink(int64_t index) {
  Slot& slot = slots_[static_cast<size_t>(index)];
  if (slot.position < 0) return;
  auto& list = lists_[slot.list];
  const int32_t last = list.back();
  list[static_cast<size_t>(slot.position)] = last;
  slots_[static_cast<size_t>(last)].position = slot.position;
  list.pop_back();
  slot.position = -1;
}

void StorageTable::put_back(std::byte* data, size_t bytes, int device) {
  if (device == 0)
    Pool::instance().put(data, bytes);
  else
    device_backend()->put(device - 1, data, bytes);
}

void StorageTable::drop(int64_t index) {
  Slot& slot = slots_[static_cast<size_t>(index)];
  if (slot.owner) napi_delete_reference(env_, slot.owner);
  slot.owner = nullptr;
  slot.alive = false;
  slot.generation = slot.generation == kGenerations ? 0 : slot.generation + 1;
  if (slot.pins == 0) return give_up(index);
  slot.doomed = true;
  if (slot.kind == kLater) {  // takes no memory but while it is computed with
    double* figures = figures_ + kDeviceFigures * slot.device;
    figures[kLiveBytes] -= static_cast<double>(slot.bytes);
    figures[kFreedBytes] += static_cast<double>(slot.bytes);
    slot.bytes = 0;
  }
}

/** The memory of a slot that nobody can reach goes back, and the slot serves another. */
void StorageTable::give_up(int64_t index) {
  Slot& slot = slots_[static_cast<size_t>(index)];
  const bool counted = slot.lent || (!slot.buffer && (!slot.shared || slot.shared->counted()));
  double* figures = figures_ + kDeviceFigures * slot.device;
  if (counted) {
    figures[kLiveBytes] -= static_cast<double>(slot.bytes);
    figures[kFreedBytes] += static_cast<double>(slot.bytes);
  }
  if (slot.kind == kLater) {
    const auto found = later_.find(index);
    if (found != later_.end()) {
      if (found->second->data) put_back(found->second->data, found->second->bytes, slot.device);
      found->second->data = nullptr;
      later_.erase(found);
    }
  } else if (slot.buffer) {
    napi_delete_reference(env_, slot.buffer);
  } else if (slot.shared) {
    slot.shared->let_go();
  } else {
    put_back(slot.data, slot.bytes, slot.device);
  }
  figures[kLiveCount]--;
  slot.buffer = nullptr;
  slot.shared = nullptr;
  slot.data = nullptr;
  slot.bytes = 0;
  slot.doomed = false;
  slot.pins = 0;
  free_.push_back(static_cast<int32_t>(index));
}

bool StorageTable::watch(int64_t index, napi_value owner) {
  napi_ref ref = nullptr;
  // A collection can start in here: nothing of this table is held across the call but the index.
  if (napi_create_reference(env_, owner, 0, &ref) != napi_ok) return false;
  slots_[static_cast<size_t>(index)].owner = ref;
  link(index, 0);
  return true;
}

double StorageTable::enter(int64_t index, napi_value owner, size_t counted) {
  double* figures = figures_ + kDeviceFigures * slots_[static_cast<size_t>(index)].device;
  figures[kLiveBytes] += static_cast<double>(counted);
  figures[kLiveCount]++;
  if (figures[kLiveBytes] > figures[kPeakBytes]) figures[kPeakBytes] = figures[kLiveBytes];
  if (!watch(index, owner)) {
    drop(index);
    return -1;
  }
  return handle_of(index);
}

double StorageTable::allocate(size_t bytes, napi_value owner, int device) {
  std::shared_ptr<Later> later;
  if (recording_ && device == 0) later = std::make_shared<Later>(bytes);
  std::byte* data = later         ? nowhere()
                    : device == 0 ? Pool::instance().get(bytes)
                                  : device_backend()->get(device - 1, bytes);
  if (!data) return -1;
  const int64_t index = take(data, bytes, device);
  if (index < 0) {
    if (!later) put_back(data, bytes, device);
    return -1;
  }
  if (later) {
    slots_[static_cast<size_t>(index)].kind = kLater;
    made_.emplace_back(index, later);
    later_[index] = std::move(later);
  }
  return enter(index, owner, bytes);
}

double StorageTable::adopt(napi_value array_buffer, napi_value owner) {
  void* data = nullptr;
  size_t bytes = 0;
  if (napi_get_arraybuffer_info(env_, array_buffer, &data, &bytes) != napi_ok) return -1;
  bool detached = false;
  if (napi_is_detached_arraybuffer(env_, array_buffer, &detached) != napi_ok || detached) return -1;
  napi_ref buffer = nullptr;
  if (napi_create_reference(env_, array_buffer, 1, &buffer) != napi_ok) return -1;
  static std::byte empty[64];
  const int64_t index = take(data ? static_cast<std::byte*>(data) : empty, bytes);
  if (index < 0) {
    napi_delete_reference(env_, buffer);
    return -1;
  }
  slots_[static_cast<size_t>(index)].buffer = buffer;
  if (bytes > 0) slots_[static_cast<size_t>(index)].kind = kAdopted;
  return enter(index, owner, 0);
}

double StorageTable::adopt_shared(SharedBlock* block, napi_value owner) {
  const int64_t index = take(block->data(), block->bytes());
  if (index < 0) {
    block->let_go();
    return -1;
  }
  slots_[static_cast<size_t>(index)].shared = block;
  return enter(index, owner, block->counted() ? block->bytes() : 0);
}

double StorageTable::adopt_lent(std::byte* data, size_t bytes, napi_value buffer, napi_value owner) {
  napi_ref held = nullptr;
  if (napi_create_reference(env_, buffer, 1, &held) != napi_ok) return -1;
  const int64_t index = take(data, bytes);
  if (index < 0) {
    napi_delete_reference(env_, held);
    return -1;
  }
  slots_[static_cast<size_t>(index)].buffer = held;
  slots_[static_cast<size_t>(index)].lent = true;
  return enter(index, owner, bytes);
}

SharedBlock* StorageTable::share(double handle) {
  const int64_t index = index_of(handle);
  if (index < 0) return nullptr;
  Slot& slot = slots_[static_cast<size_t>(index)];
  if (slot.buffer || slot.device != 0) return nullptr;
  if (slot.kind == kLater) find_special(index);  // throws
  if (!slot.shared) slot.shared = SharedBlock::of_pool(slot.data, slot.bytes);
  slot.shared->hold();
  return slot.shared;
}

bool StorageTable::release(double handle) {
  const int64_t index = index_of(handle);
  if (index < 0) return false;
  unlink(index);
  drop(index);
  return true;
}

StorageTable::View StorageTable::find_adopted(const Slot& slot) {
  napi_handle_scope scope;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return {nullptr, 0, 0};
  napi_value buffer = nullptr;
  void* data = nullptr;
  size_t bytes = 0;
  const bool there = napi_get_reference_value(env_, slot.buffer, &buffer) == napi_ok && buffer &&
                     napi_get_arraybuffer_info(env_, buffer, &data, &bytes) == napi_ok;
  napi_close_handle_scope(env_, scope);
  if (!there || data != slot.data || bytes < slot.bytes) return {nullptr, 0, 0};
  return {slot.data, slot.bytes, 0};
}

StorageTable::View StorageTable::find_special(int64_t index) {
  const Slot& slot = slots_[static_cast<size_t>(index)];
  if (slot.kind == kAdopted) {
    if (!recording_) return find_adopted(slot);
    throw NotNow(
        "a tensor shares its memory with an ArrayBuffer, which could be detached before runAsync has computed with it; "
        "clone() it first");
  }
  const auto found = later_.find(index);
  if (found == later_.end() || found->second->lost) {
    throw NotNow("a tensor was never computed: the runAsync that it was made in failed");
  }
  if (!recording_) throw NotNow("a tensor is not computed yet: await the runAsync that it is made in");
  return {slot.data, slot.bytes, slot.device};
}

int64_t StorageTable::pin(double handle) {
  const int64_t index = index_of(handle);
  if (index >= 0) pin_slot(index);
  return index;
}

void StorageTable::pin_slot(int64_t index) { slots_[static_cast<size_t>(index)].pins++; }

void StorageTable::unpin(int64_t index) {
  Slot& slot = slots_[static_cast<size_t>(index)];
  if (--slot.pins > 0) return;
  if (slot.doomed) give_up(index);
}

std::byte* StorageTable::memory(int64_t index, std::shared_ptr<Later>* later) const {
  const Slot& slot = slots_[static_cast<size_t>(index)];
  if (slot.kind != kLater) return slot.data;
  *later = later_.at(index);
  return nullptr;
}

void StorageTable::settle(int64_t index, const std::shared_ptr<Later>& later) {
  Slot& slot = slots_[static_cast<size_t>(index)];
  const auto found = later_.find(index);
  if (!slot.alive || found == later_.end() || found->second != later) return;
  if (later->lost) {  // it stays without memory: asking for it throws
    figures_[kDeviceFigures * slot.device + kLiveBytes] -= static_cast<double>(slot.bytes);
    figures_[kDeviceFigures * slot.device + kFreedBytes] += static_cast<double>(slot.bytes);
    slot.bytes = 0;
    return;
  }
  if (!later->data) later->data = Pool::instance().get(slot.bytes);
  if (!later->data) {
    later->lost = true;
    return;
  }
  slot.data = later->data;
  slot.kind = kPlain;
  later_.erase(found);
}

void StorageTable::make(double handle) {
  const int64_t index = index_of(handle);
  if (index < 0 || slots_[static_cast<size_t>(index)].kind != kLater) return;
  if (slots_[static_cast<size_t>(index)].pins > 0) throw NotNow("values are written to what recorded calls have used");
  settle(index, std::shared_ptr<Later>(later_.at(index)));
  if (slots_[static_cast<size_t>(index)].kind == kLater) throw std::bad_alloc();
}

void StorageTable::sweep(Sweep kind) {
  for (int l = 0; l <= (kind == Sweep::after_full ? 1 : 0); l++) {
    auto& list = lists_[l];
    size_t i = 0;
    while (i < list.size()) {
      napi_handle_scope scope;
      if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
      for (int k = 0; k < kScopeBatch && i < list.size(); k++) {
        const int32_t index = list[i];
        napi_value owner = nullptr;
        const bool known = napi_get_reference_value(env_, slots_[static_cast<size_t>(index)].owner, &owner) == napi_ok;
        figures_[kSwept]++;
        if (known && !owner) {
          unlink(index);
          drop(index);
        } else if (l == 0 && kind == Sweep::after_minor && ++slots_[static_cast<size_t>(index)].age >= 2) {
          unlink(index);
          link(index, 1);
        } else {
          i++;
        }
      }
      napi_close_handle_scope(env_, scope);
    }
  }
}

}  // namespace flambeau
