// Threads. One small interface, two implementations chosen at build: a process-wide pool (default) and OpenMP.
// Kernels call parallel_for; the caller takes part, chunks are claimed one by one, so a busy neighbour costs little.
#pragma once
#include <algorithm>
#include <cstdint>
#include <type_traits>

namespace flambeau {

/** How many threads a region may use, the caller included. */
int num_threads();
/** Throws std::invalid_argument unless 1 <= n <= 1024. */
void set_num_threads(int n);
/** The name of the implementation: "pool" or "openmp". */
const char* threads_backend();

// What regions call lies behind a pointer: its body is compiled once, not once for each way of running it.
namespace detail {
using ChunkFn = void (*)(void* context, int64_t chunk);
/** Calls fn(context, 0 … chunks-1), on several threads where it pays; returns when all are done. Never throws by
 * itself; the first exception of a chunk is rethrown here. Nested calls run on the calling thread. */
void run_chunks(int64_t chunks, ChunkFn fn, void* context);
bool in_parallel();
/** parallel_tasks and parallel_for. */
void run_tasks(int64_t n, ChunkFn fn, void* context);
using RangeFn = void (*)(void* context, int64_t begin, int64_t end);
void run_range(int64_t n, int64_t grain, RangeFn fn, void* context);
}  // namespace detail

/** Bytes that a kernel reads and writes from which on its result goes past the caches to memory: half of the last-level
 * cache. It would be gone before anyone reads it, and lines that are overwritten whole need not be read first. */
int64_t streaming_bytes();

/** Floats an element-wise chunk should at least hold; below twice this a region stays on one thread. */
inline constexpr int64_t kGrain = 32768;

/** Calls `f(i)` for every i in [0, n), one task each. For tasks that are already large. */
template <class F>
void parallel_tasks(int64_t n, F&& f) {
  using Fn = std::remove_reference_t<F>;
  detail::run_tasks(
      n, [](void* context, int64_t i) { (*static_cast<Fn*>(context))(i); },
      const_cast<void*>(static_cast<const void*>(&f)));
}

/** Calls `f(begin, end)` over [0, n) cut into chunks of at least `grain`. */
template <class F>
void parallel_for(int64_t n, int64_t grain, F&& f) {
  using Fn = std::remove_reference_t<F>;
  detail::run_range(
      n, grain, [](void* context, int64_t begin, int64_t end) { (*static_cast<Fn*>(context))(begin, end); },
      const_cast<void*>(static_cast<const void*>(&f)));
}

}  // namespace flambeau
