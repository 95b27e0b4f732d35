// Calls of kernels that are recorded while JavaScript runs a function, and run afterwards on a thread of their own, so
// that the event loop is free meanwhile: torch.runAsync. Called by addon_async.cc.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "plan.h"
#include "reader.h"
#include "storage.h"

namespace flambeau {

/** The first call that failed: as run() would have thrown it. */
struct Failure {
  bool failed = false;
  int kernel = -1;  // -1: all calls ran, but there is no memory for a result that none of them wrote to
  int64_t call = -1;
  const char* code = "";
  std::string message;
};

/**
 * The calls of one function, with the storages they use pinned. record() to start() and finish() are called by the
 * thread of the JavaScript environment, run() by the executor in between. Temporaries get their memory from the pool
 * with the first call that uses them, and give it back after the last: a queue needs no more memory than the same calls
 * made one after the other.
 */
class Queue {
 public:
  Queue(StorageTable& storages) : storages_(storages) { storages_.record(); }
  /** Keeps a call for later. The plan was checked, and is copied. */
  void record(KernelFn run, const Plan& plan, const Reader& reader);
  /** The host is about to read a storage: throws unless that was there before, and no recorded call has used it. */
  void before_read(double handle) const;
  /** The host is about to write to a storage: gives it its memory. Throws where calls were recorded that use it. */
  void before_write(double handle);
  /** The function has returned: notes which temporaries nobody holds. */
  void start();
  /** Runs the calls, until one fails or `cancelled()`. */
  void run(const std::function<bool()>& cancelled);
  /** Unpins the storages; what was made is there, or lost if it was not computed. */
  void finish();
  /** The function failed: what it made is lost. */
  void discard();
  size_t size() const { return calls_.size(); }
  const Failure& failure() const { return failure_; }

  napi_ref callback = nullptr;  // whom to tell the end

 private:
  /** The memory of a storage. */
  struct Memory {
    int64_t slot;
    std::byte* data;
    std::shared_ptr<Later> later;  // where it has none yet
    int64_t last = 0;              // the call that uses it last
    bool temporary = false;        // gone after that
  };
  struct Place {
    int operand;
    size_t memory;
    int64_t offset;
  };
  struct Call {
    KernelFn run;
    Plan plan;
    std::vector<int64_t> dims;  // sizes and strides, to which the plan points
    std::vector<Place> places;
    alignas(8) std::byte scalars[kMaxOperands][8];
  };
  void fill(Call& call, KernelFn run, const Plan& plan, const Reader& reader);
  size_t memory_of(double handle);
  void run(Call& call, int64_t number);
  void need(Later& later);
  void lose();

  StorageTable& storages_;
  std::deque<Call> calls_;  // never moved: plans point into them
  std::vector<Memory> memory_;
  std::unordered_map<int64_t, size_t> by_slot_;
  std::vector<std::pair<int64_t, std::shared_ptr<Later>>> made_;  // what was made meanwhile, and its slot
  std::vector<std::shared_ptr<Later>> unwritten_;                 // of that, what no call uses
  Failure failure_;
};

/** Runs the queues of one JavaScript environment, one after the other, on a thread that starts with the first. */
class Executor {
 public:
  /** `notify` is called on that thread whenever a queue has run. */
  Executor(std::function<void()> notify) : notify_(std::move(notify)) {}
  ~Executor() { stop(); }
  /** Throws std::system_error if there is no thread to be had; then the queue is still the caller's. */
  void start(std::unique_ptr<Queue>& queue);
  /** A queue that has run, null if there is none. */
  std::unique_ptr<Queue> take();
  /** Waits for the call that runs, and runs no other. */
  void stop();

 private:
  void loop();

  std::function<void()> notify_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Queue>> waiting_, done_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace flambeau
