// Memory that several JavaScript environments (the main thread, workers) may hold at once: blocks of the pool that one
// hands to another without copying, and mapped files. Used by storage.cc, which holds it, and addon.cc, which hands it
// over.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace flambeau {

/** Bytes that are freed when the last of their holders lets go. */
class SharedBlock {
 public:
  /** A block of the pool, which now belongs to this. Held once. */
  static SharedBlock* of_pool(std::byte* data, size_t bytes);
  /** The pages of a file, written to privately: the file never changes. Held once. Throws std::runtime_error. */
  static SharedBlock* of_file(const std::string& path);

  void hold() { holders_.fetch_add(1, std::memory_order_relaxed); }
  void let_go() noexcept;

  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  /** Whether its bytes count as memory in use: pages of a file do not, the system can drop them. */
  bool counted() const { return !mapped_; }

 private:
  SharedBlock(std::byte* data, size_t bytes, bool mapped) : data_(data), bytes_(bytes), mapped_(mapped) {}
  ~SharedBlock();

  std::byte* data_;
  size_t bytes_;
  bool mapped_;
  std::atomic<size_t> holders_{1};
};

/**
 * Blocks under way from one environment to another, by numbers that can travel in messages: each is one hold, which
 * whoever claims the number takes over. A group is what one worker sends and receives: it can be abandoned, which frees
 * what was not claimed, and tells whether the worker's environment has ended. Process-wide and thread-safe.
 */
class Handover {
 public:
  static Handover& instance();

  double create_group();
  /** The environment of the group's worker has ended: what it sent may still be claimed. */
  void leave(double group) noexcept;
  bool ended(double group);
  void abandon(double group) noexcept;

  /** A number for one hold of the block, -1 if the group was abandoned. */
  double put(SharedBlock* block, double group);
  /** The block of that number with the hold on it, null if there is none. */
  SharedBlock* claim(double number);

 private:
  struct Entry {
    SharedBlock* block;
    double group;
  };
  std::mutex mutex_;
  std::unordered_map<double, Entry> entries_;
  std::unordered_set<double> open_, ended_;
  double numbers_ = 0, groups_ = 0;
};

}  // namespace flambeau
