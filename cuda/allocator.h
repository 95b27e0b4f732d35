// Caching allocator of one GPU: blocks are cut from large segments and handed out again in the order of streams, so
// that neither cudaMalloc nor cudaFree, which wait for the whole device, is on the way of a step. Called by backend.cc.
#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>
#include <vector>

#include "../native/device.h"

namespace flambeau::cuda {

/** Whether freed memory is kept; FLAMBEAU_CUDA_CACHING=0 says no. */
bool caching_wanted();

class Allocator {
 public:
  explicit Allocator(int device);
  ~Allocator();

  /** A block for work on `stream`, aligned to 512 bytes; null when the device or the limit refuses. */
  std::byte* get(size_t bytes, cudaStream_t stream);
  /** The block may be handed out again, at once to the stream it was made for. */
  void put(std::byte* block) noexcept;
  /** `stream` uses the block too: it is handed out again when what is queued there now is done. */
  void record_stream(std::byte* block, cudaStream_t stream);
  /** Gives segments that are wholly free back to the device until at most `keep` free bytes are left. */
  void trim(size_t keep);
  void set_limit(size_t bytes);
  PoolStats pool() const;
  /** As torch.cuda.memory_stats() names them. */
  Figures figures() const;
  void reset_peaks();

 private:
  struct Block;
  struct BySize {
    bool operator()(const Block* a, const Block* b) const;
  };
  using FreeList = std::set<Block*, BySize>;
  /** A count with its peak and the sums of what was added and taken. */
  struct Figure {
    double now = 0, peak = 0, added = 0, taken = 0;
    void add(double n);
    void take(double n);
  };
  /** A figure of all blocks, and of the large and the small ones apart. */
  struct ByPool {
    Figure all, large, small;
    void add(double n, bool is_small);
    void take(double n, bool is_small);
    void reset_peaks();
  };
  /** Bytes of blocks, and how many they are. */
  struct Sized {
    ByPool bytes, count;
    void add(const Block& block);
    void take(const Block& block);
  };

  static size_t rounded(size_t bytes);
  static size_t segment_for(size_t size);
  Block* find(size_t size, cudaStream_t stream);
  Block* fresh(size_t size, cudaStream_t stream);
  void release(Block* block) noexcept;
  void merge(Block* block, Block* with) noexcept;
  bool settle(bool wait) noexcept;
  void trim_locked(size_t keep);
  std::byte* use(Block* block, size_t size, size_t asked);

  const int device_;
  const bool caching_;
  mutable std::mutex mutex_;
  std::map<cudaStream_t, FreeList> small_, large_;  // per stream; small blocks have segments of their own
  std::unordered_map<std::byte*, std::unique_ptr<Block>> used_;
  std::unordered_map<Block*, std::unique_ptr<Block>> idle_;
  std::vector<Block*> waiting_;  // freed, but another stream may still read them
  size_t limit_ = SIZE_MAX;
  // those that tensors hold; these and freed ones that streams still use; whole segments; idle parts of segments
  Sized allocated_, active_, reserved_, split_;
  ByPool requested_;
  double retries_ = 0, refusals_ = 0;
};

}  // namespace flambeau::cuda
