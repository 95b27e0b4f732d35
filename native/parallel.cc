#include "parallel.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace flambeau {
namespace {

thread_local bool inside = false;

/** FLAMBEAU_NUM_THREADS (lib/native.ts refuses what is no number), or the cores that this process may run on: mpirun
 * gives each of its processes some. */
int default_threads() {
  const char* wanted = std::getenv("FLAMBEAU_NUM_THREADS");
  int n = wanted ? std::atoi(wanted) : 0;
#if defined(__linux__)
  cpu_set_t mask;
  if (n <= 0 && sched_getaffinity(0, sizeof mask, &mask) == 0) n = CPU_COUNT(&mask);
#endif
  if (n <= 0) n = static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(n, 1, 1024);
}

/** Keeps the first exception of a region's chunks. */
class FirstError {
 public:
  void keep() noexcept {
    std::lock_guard<std::mutex> guard(mutex_);
    if (!error_) error_ = std::current_exception();
  }
  void rethrow() {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr error_;
};

}  // namespace

int64_t streaming_bytes() {
  static const int64_t bytes = [] {
    // Linux tells what the cores of one cache share; sysconf adds up all caches of the machine. Elsewhere 32 MB. (Not
    // by C++'s streams: an addon that brings its C++ library along would be 180 KB larger.)
    struct Close {
      void operator()(std::FILE* file) const { std::fclose(file); }
    };
    const std::unique_ptr<std::FILE, Close> file(std::fopen("/sys/devices/system/cpu/cpu0/cache/index3/size", "r"));
    int kilobytes = 0;
    if (!file || std::fscanf(file.get(), "%d", &kilobytes) != 1) kilobytes = 0;
    return std::clamp<int64_t>(kilobytes > 0 ? kilobytes : 32768, 8192, 131072) * 512;
  }();
  return bytes;
}

namespace detail {
bool in_parallel() { return inside; }

void run_tasks(int64_t n, ChunkFn fn, void* context) {
  if (n > 1 && num_threads() > 1 && !inside) return run_chunks(n, fn, context);
  for (int64_t i = 0; i < n; i++) fn(context, i);
}
void run_range(int64_t n, int64_t grain, RangeFn fn, void* context) {
  if (n <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  if (n < 2 * grain || num_threads() == 1 || inside) return fn(context, 0, n);
  // More chunks than threads, so that a thread that loses its core leaves little behind.
  const int64_t chunks = std::min<int64_t>((n + grain - 1) / grain, int64_t{8} * num_threads());
  const int64_t step = (n + chunks - 1) / chunks;
  parallel_tasks((n + step - 1) / step, [&](int64_t i) { fn(context, i * step, std::min(n, (i + 1) * step)); });
}
}  // namespace detail
}  // namespace flambeau

#ifdef FLAMBEAU_OPENMP

#include <omp.h>

#include <atomic>

namespace flambeau {
namespace {
std::atomic<int> threads{default_threads()};
}
const char* threads_backend() { return "openmp"; }
int num_threads() { return threads.load(std::memory_order_relaxed); }
void set_num_threads(int n) {
  if (n < 1 || n > 1024) throw std::invalid_argument("setNumThreads: expected a number from 1 to 1024");
  threads.store(n);
}

namespace detail {
void run_chunks(int64_t chunks, ChunkFn fn, void* context) {
  FirstError error;
#pragma omp parallel num_threads(num_threads())
  {
    inside = true;
#pragma omp for schedule(dynamic, 1)
    for (int64_t i = 0; i < chunks; i++) {
      try {
        fn(context, i);
      } catch (...) {
        error.keep();
      }
    }
    inside = false;
  }
  error.rethrow();
}
}  // namespace detail
}  // namespace flambeau

#else

#include <atomic>
#include <condition_variable>
#include <memory>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace flambeau {
namespace {

/** The core this thread is on; -1 where that is not known. */
inline int current_core() {
#if defined(__linux__)
  return sched_getcpu();
#else
  return -1;
#endif
}

/** Leaves the core a region's caller is on: where others compute too, the system takes many milliseconds to do it. */
void step_aside(int core) {
#if defined(__linux__)
  if (core < 0 || current_core() != core) return;
  cpu_set_t all;
  if (sched_getaffinity(0, sizeof all, &all) != 0) return;
  cpu_set_t others = all;
  CPU_CLR(static_cast<size_t>(core), &others);
  if (CPU_COUNT(&others) > 0 && sched_setaffinity(0, sizeof others, &others) == 0) {
    sched_setaffinity(0, sizeof all, &all);
  }
#else
  static_cast<void>(core);
#endif
}

inline void pause_briefly() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/** One region, on its caller's stack; whoever holds an unfinished chunk of it may look at it. */
struct Job {
  detail::ChunkFn fn;
  void* context;
  std::atomic<int64_t> done{0};
  FirstError error{};

  void run(int64_t chunk) noexcept {
    const bool outer = inside;
    inside = true;
    try {
      fn(context, chunk);
    } catch (...) {
      error.keep();
    }
    inside = outer;
    done.fetch_add(1, std::memory_order_release);
  }
};

/**
 * A process-wide pool. The caller works too and waits only for chunks that another thread has really begun, so a worker
 * that the system has put aside delays nobody unless it holds a chunk. Several JavaScript threads share the pool: one
 * of them gets the workers, the others run their regions alone meanwhile.
 */
class Pool {
 public:
  int size() const { return size_.load(std::memory_order_relaxed); }

  void resize(int n) {
    std::lock_guard<std::mutex> guard(owner_);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
      epoch_.fetch_add(1);
    }
    wake_.notify_all();
    for (auto& t : workers_) t.join();
    workers_.clear();
    stopping_ = false;
    size_.store(n);
  }

  void run(int64_t chunks, detail::ChunkFn fn, void* context) {
    Job job{fn, context};
    std::unique_lock<std::mutex> owner(owner_, std::try_to_lock);
    if (!owner.owns_lock() || chunks > kMaxChunks) {
      for (int64_t i = 0; i < chunks; i++) job.run(i);
      job.error.rethrow();
      return;
    }
    start_workers();
    job_.store(&job, std::memory_order_relaxed);
    core_.store(current_core(), std::memory_order_relaxed);
    const uint64_t generation = (word_.load(std::memory_order_relaxed) >> 40) + 1;
    word_.store(generation << 40 | static_cast<uint64_t>(chunks) << 20, std::memory_order_release);
    epoch_.fetch_add(1, std::memory_order_seq_cst);
    if (sleeping_.load(std::memory_order_seq_cst) > 0) {
      std::lock_guard<std::mutex> lock(mutex_);
      wake_.notify_all();
    }
    work();
    for (int spins = 0; job.done.load(std::memory_order_acquire) < chunks; spins++) {
      if (spins < 4000)
        pause_briefly();
      else
        std::this_thread::yield();
    }
    job.error.rethrow();
  }

 private:
  static constexpr int64_t kMaxChunks = (1 << 20) - 1;

  /** Claims chunks of the current job until none is left. */
  void work() {
    uint64_t word = word_.load(std::memory_order_acquire);
    for (;;) {
      const uint64_t chunks = word >> 20 & kMaxChunks, next = word & kMaxChunks;
      if (next >= chunks) return;
      // Read before the claim: if the claim succeeds, the job it belongs to was still running, so this is that job.
      Job* job = job_.load(std::memory_order_relaxed);
      if (!word_.compare_exchange_weak(word, word + 1, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
      job->run(static_cast<int64_t>(next));
      word = word_.load(std::memory_order_acquire);
    }
  }

  void start_workers() {
    const int wanted = size() - 1;
    while (static_cast<int>(workers_.size()) < wanted) {
      const uint32_t seen = epoch_.load();
      try {
        workers_.emplace_back([this, seen] { loop(seen); });
      } catch (const std::system_error&) {
        size_.store(static_cast<int>(workers_.size()) + 1);  // the system gives no more threads: go on with these
        break;
      }
    }
  }

  void loop(uint32_t seen) {
    while (!stopping_.load()) {
      work();
      bool called = false;
      for (int s = 0; s < 3000 && !called; s++) {
        pause_briefly();
        called = epoch_.load(std::memory_order_relaxed) != seen;
      }
      if (!called) {
        std::unique_lock<std::mutex> lock(mutex_);
        sleeping_.fetch_add(1, std::memory_order_seq_cst);
        wake_.wait(lock, [&] { return epoch_.load(std::memory_order_seq_cst) != seen; });
        sleeping_.fetch_sub(1, std::memory_order_seq_cst);
      }
      seen = epoch_.load();
      step_aside(core_.load(std::memory_order_relaxed));
    }
  }

  std::mutex owner_;  // held by the JavaScript thread whose region the workers run
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::thread> workers_;
  // generation (24 bits) | chunks (20) | next (20): a late worker can never take a chunk of a job it has not read
  alignas(64) std::atomic<uint64_t> word_{0};
  std::atomic<Job*> job_{nullptr};
  std::atomic<int> core_{-1};  // the caller's
  alignas(64) std::atomic<uint32_t> epoch_{0};
  std::atomic<int> sleeping_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<int> size_{default_threads()};
};

/** Never destroyed: at exit a JavaScript worker may still be inside a region. */
Pool& pool() {
  static Pool* const p = std::make_unique<Pool>().release();
  return *p;
}

}  // namespace

const char* threads_backend() { return "pool"; }
int num_threads() { return pool().size(); }
void set_num_threads(int n) {
  if (n < 1 || n > 1024) throw std::invalid_argument("setNumThreads: expected a number from 1 to 1024");
  if (n != num_threads()) pool().resize(n);
}

namespace detail {
void run_chunks(int64_t chunks, ChunkFn fn, void* context) { pool().run(chunks, fn, context); }
}  // namespace detail

}  // namespace flambeau

#endif
