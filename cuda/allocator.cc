#include "allocator.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "device.h"
#include "emulator/emulator.h"

// There with the emulator only: a library for GPUs is linked without it.
extern "C" __attribute__((weak)) int flambeau_emulator_fresh(void* device, uint64_t bytes, struct CUstream_st* stream);

namespace flambeau::cuda {
namespace {
constexpr size_t kMB = size_t{1} << 20;
constexpr size_t kGrain = 512, kSmall = kMB, kSmallSegment = 2 * kMB, kLargeSegment = 20 * kMB, kHuge = 10 * kMB;
}  // namespace

bool caching_wanted() {
  const char* asked = std::getenv("FLAMBEAU_CUDA_CACHING");
  return !asked || std::strcmp(asked, "0") != 0;
}

/** A piece of a segment; its neighbours in memory are linked. */
struct Allocator::Block {
  std::byte* data;
  size_t size;
  size_t asked = 0;
  cudaStream_t stream;
  bool small;
  bool idle = false;
  Block *before = nullptr, *after = nullptr;
  std::vector<cudaStream_t> users = {};   // other streams that were told to use it
  std::vector<cudaEvent_t> pending = {};  // what they had queued when it was freed
};

bool Allocator::BySize::operator()(const Block* a, const Block* b) const {
  return a->size != b->size ? a->size < b->size : a->data < b->data;
}
void Allocator::Figure::add(double n) {
  now += n;
  added += n;
  peak = std::max(peak, now);
}
void Allocator::Figure::take(double n) {
  now -= n;
  taken += n;
}

void Allocator::ByPool::add(double n, bool is_small) {
  all.add(n);
  (is_small ? small : large).add(n);
}
void Allocator::ByPool::take(double n, bool is_small) {
  all.take(n);
  (is_small ? small : large).take(n);
}
void Allocator::ByPool::reset_peaks() {
  for (Figure* f : {&all, &large, &small}) f->peak = f->now;
}
void Allocator::Sized::add(const Block& block) {
  bytes.add(static_cast<double>(block.size), block.small);
  count.add(1, block.small);
}
void Allocator::Sized::take(const Block& block) {
  bytes.take(static_cast<double>(block.size), block.small);
  count.take(1, block.small);
}

Allocator::Allocator(int device) : device_(device), caching_(caching_wanted()) {}

Allocator::~Allocator() = default;  // the driver takes the memory back when the process ends

size_t Allocator::rounded(size_t bytes) { return std::max(kGrain, (bytes + kGrain - 1) / kGrain * kGrain); }

size_t Allocator::segment_for(size_t size) {
  if (size <= kSmall) return kSmallSegment;
  return size < kHuge ? kLargeSegment : (size + kSmallSegment - 1) / kSmallSegment * kSmallSegment;
}

Allocator::Block* Allocator::find(size_t size, cudaStream_t stream) {
  auto& lists = size <= kSmall ? small_ : large_;
  const auto list = lists.find(stream);
  if (list == lists.end()) return nullptr;
  Block key{nullptr, size, 0, stream, false};
  const auto found = list->second.lower_bound(&key);
  if (found == list->second.end()) return nullptr;
  Block* block = *found;
  // a huge segment is not worn down by small requests
  if (size > kSmall && block->size > kLargeSegment && block->size - size > block->size / 2 + kLargeSegment)
    return nullptr;
  list->second.erase(found);
  return block;
}

Allocator::Block* Allocator::fresh(size_t size, cudaStream_t stream) {
  const size_t bytes = caching_ ? segment_for(size) : size;
  if (reserved_.bytes.all.now + static_cast<double>(bytes) > static_cast<double>(limit_)) return nullptr;
  void* data = nullptr;
  if (cudaMalloc(&data, bytes) != cudaSuccess) {
    cudaGetLastError();  // it was told to the caller as a refusal
    return nullptr;
  }
  auto block = std::make_unique<Block>(Block{static_cast<std::byte*>(data), bytes, 0, stream, size <= kSmall});
  Block* raw = block.get();
  reserved_.add(*raw);
  idle_.emplace(raw, std::move(block));
  return raw;
}

/** Takes what is needed of a block that is in no list; the rest becomes a block of its own. */
std::byte* Allocator::use(Block* block, size_t size, size_t asked) {
  const size_t rest = block->size - size;
  if (block->before || block->after) split_.take(*block);
  if (caching_ && (block->small ? rest >= kGrain : rest > kSmall)) {
    auto tail = std::make_unique<Block>(Block{block->data + size, rest, 0, block->stream, block->small});
    tail->before = block;
    tail->after = block->after;
    if (block->after) block->after->before = tail.get();
    block->after = tail.get();
    block->size = size;
    tail->idle = true;
    (tail->small ? small_ : large_)[tail->stream].insert(tail.get());
    Block* raw = tail.get();
    split_.add(*raw);
    idle_.emplace(raw, std::move(tail));
  }
  block->idle = false;
  block->asked = asked;
  auto node = idle_.extract(block);
  allocated_.add(*block);
  active_.add(*block);
  requested_.add(static_cast<double>(asked), block->small);
  std::byte* data = block->data;
  used_.emplace(data, std::move(node.mapped()));
  if (flambeau_emulator_fresh) flambeau_emulator_fresh(data, size, block->stream);
  return data;
}

std::byte* Allocator::get(size_t bytes, cudaStream_t stream) {
  if (bytes > SIZE_MAX / 2) return nullptr;
  const size_t size = rounded(bytes);
  const std::lock_guard lock(mutex_);
  if (!waiting_.empty()) settle(false);
  Block* block = caching_ ? find(size, stream) : nullptr;
  if (!block) block = fresh(size, stream);
  if (!block) {
    retries_++;
    settle(true);
    block = caching_ ? find(size, stream) : nullptr;
  }
  if (!block) {
    trim_locked(0);
    block = fresh(size, stream);
  }
  if (!block) {
    refusals_++;
    return nullptr;
  }
  return use(block, size, bytes);
}

void Allocator::put(std::byte* data) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = used_.find(data);
  if (found == used_.end()) return;
  Block* block = found->second.get();
  allocated_.take(*block);
  requested_.take(static_cast<double>(block->asked), block->small);
  auto node = used_.extract(found);
  idle_.emplace(block, std::move(node.mapped()));
  for (cudaStream_t stream : block->users) {
    cudaEvent_t event = nullptr;
    if (cudaEventCreateWithFlags(&event, cudaEventDisableTiming) != cudaSuccess) continue;
    cudaEventRecord(event, stream);
    block->pending.push_back(event);
  }
  block->users.clear();
  if (block->pending.empty())
    release(block);
  else
    waiting_.push_back(block);
}

/** Hands blocks out again whose other streams are done. */
bool Allocator::settle(bool wait) noexcept {
  bool any = false;
  for (size_t i = 0; i < waiting_.size();) {
    Block* block = waiting_[i];
    while (!block->pending.empty()) {
      cudaEvent_t event = block->pending.back();
      if (wait)
        cudaEventSynchronize(event);
      else if (cudaEventQuery(event) == cudaErrorNotReady)
        break;
      cudaEventDestroy(event);
      block->pending.pop_back();
    }
    if (!block->pending.empty()) {
      i++;
      continue;
    }
    waiting_[i] = waiting_.back();
    waiting_.pop_back();
    release(block);
    any = true;
  }
  return any;
}

void Allocator::merge(Block* block, Block* with) noexcept {
  if (!with || !with->idle) return;
  split_.take(*with);
  (with->small ? small_ : large_)[with->stream].erase(with);
  if (with == block->before) {
    block->data = with->data;
    block->before = with->before;
    if (with->before) with->before->after = block;
  } else {
    block->after = with->after;
    if (with->after) with->after->before = block;
  }
  block->size += with->size;
  idle_.erase(with);
}

void Allocator::release(Block* block) noexcept {
  active_.take(*block);
  if (!caching_) {
    cudaFree(block->data);  // waits for the device: what was queued on the block is done
    reserved_.take(*block);
    idle_.erase(block);
    return;
  }
  merge(block, block->before);
  merge(block, block->after);
  block->idle = true;
  if (block->before || block->after) split_.add(*block);
  (block->small ? small_ : large_)[block->stream].insert(block);
}

void Allocator::record_stream(std::byte* data, cudaStream_t stream) {
  const std::lock_guard lock(mutex_);
  const auto found = used_.find(data);
  if (found == used_.end() || found->second->stream == stream) return;
  auto& users = found->second->users;
  if (std::find(users.begin(), users.end(), stream) == users.end()) users.push_back(stream);
}

void Allocator::trim_locked(size_t keep) {
  settle(true);
  for (auto* lists : {&large_, &small_}) {
    for (auto& [stream, list] : *lists) {
      for (auto at = list.begin(); at != list.end();) {
        Block* block = *at;
        const double cached = reserved_.bytes.all.now - allocated_.bytes.all.now;
        if (block->before || block->after || cached <= static_cast<double>(keep)) {
          ++at;
          continue;
        }
        at = list.erase(at);
        cudaFree(block->data);
        reserved_.take(*block);
        idle_.erase(block);
      }
    }
  }
}

void Allocator::trim(size_t keep) {
  const std::lock_guard lock(mutex_);
  trim_locked(keep);
}

void Allocator::set_limit(size_t bytes) {
  const std::lock_guard lock(mutex_);
  limit_ = bytes;
}

PoolStats Allocator::pool() const {
  const std::lock_guard lock(mutex_);
  const double reserved = reserved_.bytes.all.now;
  return {static_cast<size_t>(reserved), static_cast<size_t>(reserved - allocated_.bytes.all.now), limit_};
}

Figures Allocator::figures() const {
  const std::lock_guard lock(mutex_);
  Figures out;
  const auto one = [&](const std::string& name, const Figure& f) {
    out.emplace_back(name + ".current", f.now);
    out.emplace_back(name + ".peak", f.peak);
    out.emplace_back(name + ".allocated", f.added);
    out.emplace_back(name + ".freed", f.taken);
  };
  const auto add = [&](const std::string& name, const ByPool& f) {
    one(name + ".all", f.all);
    one(name + ".large_pool", f.large);
    one(name + ".small_pool", f.small);
  };
  add("allocation", allocated_.count);
  add("segment", reserved_.count);
  add("active", active_.count);
  add("inactive_split", split_.count);
  add("allocated_bytes", allocated_.bytes);
  add("reserved_bytes", reserved_.bytes);
  add("active_bytes", active_.bytes);
  add("inactive_split_bytes", split_.bytes);
  add("requested_bytes", requested_);
  out.emplace_back("num_alloc_retries", retries_);
  out.emplace_back("num_ooms", refusals_);
  out.emplace_back("num_device_alloc", reserved_.count.all.added);
  out.emplace_back("num_device_free", reserved_.count.all.taken);
  return out;
}

void Allocator::reset_peaks() {
  const std::lock_guard lock(mutex_);
  for (Sized* sized : {&allocated_, &active_, &reserved_, &split_}) {
    for (ByPool* pools : {&sized->bytes, &sized->count}) pools->reset_peaks();
  }
  requested_.reset_peaks();
}

}  // namespace flambeau::cuda
