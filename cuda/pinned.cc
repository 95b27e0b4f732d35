#include "pinned.h"

#include <bit>

#include "allocator.h"

namespace flambeau::cuda {

/** Whether all copies of a block are done; forgets those that are. */
bool PinnedMemory::done(Block& block) noexcept {
  while (!block.uses.empty()) {
    if (cudaEventQuery(block.uses.back().second) == cudaErrorNotReady) return false;
    cudaEventDestroy(block.uses.back().second);
    block.uses.pop_back();
  }
  return true;
}

std::byte* PinnedMemory::find(size_t size) noexcept {
  for (auto at = idle_.lower_bound({size, nullptr}); at != idle_.end() && at->first == size; ++at) {
    Block& block = blocks_.at(at->second);
    if (!done(block)) continue;
    std::byte* const data = at->second;
    block.idle = false;
    idle_.erase(at);
    return data;
  }
  return nullptr;
}

std::byte* PinnedMemory::get(size_t bytes) {
  if (bytes > size_t{1} << 46) return nullptr;
  const size_t size = std::bit_ceil(bytes < 512 ? size_t{512} : bytes);
  std::unique_lock lock(mutex_);
  if (std::byte* const found = find(size)) return found;
  void* data = nullptr;
  if (cudaMallocHost(&data, size) != cudaSuccess) {
    cudaGetLastError();  // it is told to the caller as a refusal
    lock.unlock();
    trim();
    lock.lock();
    if (cudaMallocHost(&data, size) != cudaSuccess) {
      cudaGetLastError();
      return nullptr;
    }
  }
  blocks_.emplace(static_cast<std::byte*>(data), Block{size, false, {}});
  return static_cast<std::byte*>(data);
}

void PinnedMemory::put(std::byte* data) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = blocks_.find(data);
  if (found == blocks_.end()) return;
  if (caching_wanted()) {
    found->second.idle = true;
    idle_.emplace(found->second.size, data);
    return;
  }
  for (const auto& [stream, event] : found->second.uses) cudaEventDestroy(event);
  blocks_.erase(found);
  cudaFreeHost(data);  // waits for the device
}

void PinnedMemory::used(const std::byte* at, cudaStream_t stream) noexcept {
  const std::lock_guard lock(mutex_);
  auto after = blocks_.upper_bound(const_cast<std::byte*>(at));
  if (after == blocks_.begin()) return;
  auto& [data, block] = *--after;
  if (at >= data + block.size) return;
  for (const auto& [other, event] : block.uses) {
    if (other != stream || cudaEventRecord(event, stream) != cudaSuccess) continue;
    return;
  }
  cudaEvent_t event = nullptr;
  if (cudaEventCreateWithFlags(&event, cudaEventDisableTiming) != cudaSuccess ||
      cudaEventRecord(event, stream) != cudaSuccess) {
    cudaStreamSynchronize(stream);  // without a mark, the copy is waited for
    if (event) cudaEventDestroy(event);
    return;
  }
  block.uses.emplace_back(stream, event);
}

void PinnedMemory::trim() noexcept {
  const std::lock_guard lock(mutex_);
  for (auto at = idle_.begin(); at != idle_.end();) {
    std::byte* const data = at->second;
    if (!done(blocks_.at(data))) {
      ++at;
      continue;
    }
    at = idle_.erase(at);
    blocks_.erase(data);
    cudaFreeHost(data);
  }
}

PinnedMemory& pinned_memory() {
  static PinnedMemory memory;
  return memory;
}

}  // namespace flambeau::cuda
