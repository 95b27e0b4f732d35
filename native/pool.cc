#include "pool.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <memory>

#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(_WIN32)
#include <malloc.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace flambeau {
namespace {

// Under AddressSanitizer (scripts/sanitize.mjs) blocks have a gap behind them, and what nobody owns must not be
// touched.
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kGap = 64;
void mark(std::byte* block, size_t owned, size_t size) {
  ASAN_POISON_MEMORY_REGION(block, size);
  ASAN_UNPOISON_MEMORY_REGION(block, owned);
}
#else
constexpr size_t kGap = 0;
void mark(std::byte*, size_t, size_t) {}
#endif

constexpr size_t kHuge = size_t{2} << 20;
constexpr size_t kChunk = size_t{8} << 20;
constexpr size_t kLargestInChunk = size_t{1} << 20;
/** Cached bytes above this go back to the system at once. */
constexpr size_t kCacheCap = size_t{4} << 30;

std::byte* system_alloc(size_t size, size_t alignment) {
#if defined(_WIN32)
  void* p = _aligned_malloc(size, alignment);
#else
  void* p = nullptr;
  if (posix_memalign(&p, alignment, size) != 0) p = nullptr;
#endif
#if defined(__linux__)
  if (p && alignment >= kHuge) madvise(p, size, MADV_HUGEPAGE);
#endif
  return static_cast<std::byte*>(p);
}

void system_free(void* p) {
#if defined(_WIN32)
  _aligned_free(p);
#else
  free(p);
#endif
}

}  // namespace

/** The head of an 8 MB chunk, at its start; a block finds it by masking its own address. */
struct Pool::Chunk {
  size_t used;  // bytes handed out from the bump pointer so far
  size_t live;  // blocks not in a free list

  static Chunk* of(std::byte* block) {
    return reinterpret_cast<Chunk*>(reinterpret_cast<uintptr_t>(block) & ~uintptr_t{kChunk - 1});
  }
};

Pool& Pool::instance() {
  // Never destroyed: a worker may still give blocks back while the process exits.
  static Pool* const pool = std::make_unique<Pool>().release();
  return *pool;
}

int Pool::class_of(size_t bytes, size_t* size) {
  if (bytes <= 4096) {
    const size_t k = std::max<size_t>((bytes + 63) / 64, 1);
    *size = k * 64;
    return static_cast<int>(k);
  }
  const int octave = std::bit_width(bytes - 1) - 1;
  const size_t quarter = size_t{1} << (octave - 2);
  const size_t k = (bytes + quarter - 1) / quarter;
  *size = k * quarter;
  return 65 + (octave - 12) * 4 + static_cast<int>(k - 4);
}

size_t Pool::block_size(size_t bytes) {
  size_t size;
  class_of(bytes, &size);
  return size;
}

std::byte* Pool::get(size_t bytes) {
  if (bytes > size_t{1} << 47) return nullptr;
  size_t size;
  const int c = class_of(bytes + kGap, &size);
  std::lock_guard<std::mutex> guard(mutex_);
  auto& list = free_[c];
  if (!list.empty()) {
    std::byte* block = list.back();
    list.pop_back();
    cached_ -= size;
    if (size <= kLargestInChunk) Chunk::of(block)->live++;
    mark(block, bytes, size);
    return block;
  }
  std::byte* block = fresh(size);
  if (!block && cached_ > 0) {
    trim_locked(0);
    block = fresh(size);
  }
  if (block) mark(block, bytes, size);
  return block;
}

std::byte* Pool::fresh(size_t size) {
  if (size > kLargestInChunk) {
    if (size > limit_ || reserved_ > limit_ - size) return nullptr;
    std::byte* block = system_alloc(size, size >= kHuge ? kHuge : 4096);
    if (block) reserved_ += size;
    return block;
  }
  if (!current_ || current_->used + size > kChunk) {
    if (kChunk > limit_ || reserved_ > limit_ - kChunk) return nullptr;
    std::byte* memory = system_alloc(kChunk, kChunk);
    if (!memory) return nullptr;
    if (current_) {  // what is left of the old chunk serves smaller blocks
      for (size_t left = kChunk - current_->used; left >= 64; left = kChunk - current_->used) {
        size_t piece = std::bit_floor(std::min(left, kLargestInChunk));
        free_[class_of(piece, &piece)].push_back(reinterpret_cast<std::byte*>(current_) + current_->used);
        cached_ += piece;
        current_->used += piece;
      }
    }
    current_ = new (memory) Chunk{64, 0};
    chunks_.insert(current_);
    reserved_ += kChunk;
  }
  std::byte* block = reinterpret_cast<std::byte*>(current_) + current_->used;
  current_->used += size;
  current_->live++;
  return block;
}

void Pool::put(std::byte* block, size_t bytes) noexcept {
  size_t size;
  const int c = class_of(bytes + kGap, &size);
  std::lock_guard<std::mutex> guard(mutex_);
  mark(block, 0, size);
  if (size > kLargestInChunk && cached_ + size > kCacheCap) {
    reserved_ -= size;
    system_free(block);
    return;
  }
  if (size <= kLargestInChunk) Chunk::of(block)->live--;
  try {
    free_[c].push_back(block);
    cached_ += size;
  } catch (const std::bad_alloc&) {  // no room to remember it: a large block goes back, a small one is lost
    if (size > kLargestInChunk) {
      reserved_ -= size;
      system_free(block);
    }
  }
}

void Pool::trim(size_t keep) noexcept {
  std::lock_guard<std::mutex> guard(mutex_);
  trim_locked(keep);
}

void Pool::trim_locked(size_t keep) noexcept {
  for (int c = 319; c >= 0 && cached_ > keep; c--) {
    auto& list = free_[c];
    if (list.empty()) continue;
    const size_t size = c <= 64 ? size_t(c) * 64 : (size_t(4 + (c - 65) % 4) << ((c - 65) / 4 + 10));
    if (size <= kLargestInChunk) continue;
    while (!list.empty() && cached_ > keep) {
      system_free(list.back());
      list.pop_back();
      cached_ -= size;
      reserved_ -= size;
    }
    list.shrink_to_fit();
  }
  if (cached_ <= keep) return;
  // Whole chunks that nobody uses: take their blocks out of the lists, then the chunks.
  for (int c = 0; c < 320; c++) {
    auto& list = free_[c];
    if (list.empty()) continue;  // first: the highest classes have sizes that no size_t holds
    const size_t size = c <= 64 ? size_t(c) * 64 : (size_t(4 + (c - 65) % 4) << ((c - 65) / 4 + 10));
    if (size > kLargestInChunk) continue;
    const auto dead = std::remove_if(list.begin(), list.end(), [](std::byte* b) { return Chunk::of(b)->live == 0; });
    cached_ -= size * static_cast<size_t>(list.end() - dead);
    list.erase(dead, list.end());
  }
  for (auto it = chunks_.begin(); it != chunks_.end();) {
    Chunk* chunk = *it;
    if (chunk->live != 0) {
      ++it;
      continue;
    }
    if (chunk == current_) current_ = nullptr;
    it = chunks_.erase(it);
    reserved_ -= kChunk;
    system_free(chunk);
  }
}

PoolStats Pool::stats() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return {reserved_, cached_, limit_};
}

void Pool::set_limit(size_t bytes) {
  std::lock_guard<std::mutex> guard(mutex_);
  limit_ = bytes;
}

}  // namespace flambeau
