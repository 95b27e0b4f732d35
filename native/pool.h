// Process-wide caching allocator for CPU storages. Fresh pages cost more than most arithmetic, so blocks are kept and
// handed out again, the warmest first. Called by storage.cc only.
#pragma once
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_set>
#include <vector>

namespace flambeau {

/** Bytes, process-wide. */
struct PoolStats {
  size_t reserved = 0;  // taken from the system
  size_t cached = 0;    // of these, waiting to be handed out again
  size_t limit = 0;     // reserved never exceeds this
};

/**
 * Size classes: 64-byte steps to 4 KB, four classes to the octave above. Blocks up to 1 MB are cut from 8 MB chunks on
 * huge pages; larger ones stand alone, aligned to 2 MB from that size on. Thread-safe.
 */
class Pool {
 public:
  static Pool& instance();

  /** A block of at least `bytes`, uninitialised and aligned to 64; null when the limit or the system refuses. */
  std::byte* get(size_t bytes);
  void put(std::byte* block, size_t bytes) noexcept;
  /** Gives cached memory back to the system until at most `keep` bytes of it are left. */
  void trim(size_t keep) noexcept;
  PoolStats stats() const;
  void set_limit(size_t bytes);

  /** The size of the block that `bytes` gets. */
  static size_t block_size(size_t bytes);

 private:
  struct Chunk;
  static int class_of(size_t bytes, size_t* size);
  std::byte* fresh(size_t size);
  void trim_locked(size_t keep) noexcept;

  mutable std::mutex mutex_;
  std::vector<std::byte*> free_[320];
  std::unordered_set<Chunk*> chunks_;
  Chunk* current_ = nullptr;
  size_t reserved_ = 0, cached_ = 0, limit_ = SIZE_MAX;
};

}  // namespace flambeau
