// Page-locked memory of the host, kept for the next who asks: locking pages takes long, and unlocking waits for the
// device. Called by backend.cc.
#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace flambeau::cuda {

class PinnedMemory {
 public:
  /** Null when there is none. */
  std::byte* get(size_t bytes);
  void put(std::byte* block) noexcept;
  /** A copy was queued on a stream of the current device: a block that `at` is in is not handed out before it is done.
   */
  void used(const std::byte* at, cudaStream_t stream) noexcept;
  /** Gives back what nobody holds. */
  void trim() noexcept;

 private:
  struct Block {
    size_t size;
    bool idle;
    std::vector<std::pair<cudaStream_t, cudaEvent_t>> uses;
  };
  static bool done(Block& block) noexcept;
  std::byte* find(size_t size) noexcept;

  std::mutex mutex_;
  std::map<std::byte*, Block> blocks_;
  std::set<std::pair<size_t, std::byte*>> idle_;  // some with copies that are not done
};

PinnedMemory& pinned_memory();

}  // namespace flambeau::cuda
