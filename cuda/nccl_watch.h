// Communicators of NCCL, the work that they have under way, and the thread that watches both: NCCL itself waits for
// ever. Used by nccl.cc.
#pragma once
#include <cuda_runtime_api.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "nccl_library.h"

namespace flambeau::cuda {

/** One rank of a group, bound to a GPU. Its work runs in a stream of its own. */
struct Communicator {
  std::mutex calls;  // held while work is put into the stream
  std::mutex state;  // of the next two; never held for long
  Nccl::Comm at = nullptr;
  std::string failure;  // why it can do no more
  int device = 0, rank = 0, size = 1;
  std::string group;
  cudaStream_t stream = nullptr;
  cudaEvent_t ready = nullptr;  // behind what the current stream had queued

  /** "rank 1 of 4, group 'default_pg', cuda:0" */
  std::string name() const;
  /** NCCL's, or throws what it failed with. */
  Nccl::Comm usable();
};

/** What was queued, until the event has passed. */
struct CollectiveWork {
  CollectiveWork(std::shared_ptr<Communicator> comm, const char* kind, size_t count, const char* dtype, double timeout);
  ~CollectiveWork();
  CollectiveWork(const CollectiveWork&) = delete;
  CollectiveWork& operator=(const CollectiveWork&) = delete;
  /** Whether it is done, or will never be. */
  bool done() const;
  std::string name() const;

  const std::shared_ptr<Communicator> comm;
  const double timeout;  // seconds; 0: none
  const std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  cudaEvent_t event = nullptr;
  std::atomic<bool> failed{false};  // it was not done when its communicator failed

 private:
  const char* kind_;
  size_t count_;
  const char* dtype_;
};

class CollectiveWatch {
 public:
  static CollectiveWatch& get();
  CollectiveWatch();
  void add(std::shared_ptr<CollectiveWork> work);
  /** Throws what a communicator failed with since the last call, unless somebody was told. */
  static void raise();
  static void told();

 private:
  void watch(const std::stop_token& stop);
  void look();
  /** Ends a communicator that cannot go on: who waits for its work goes on, and is told. */
  void fail(Communicator& comm, const std::string& why);

  std::mutex lock_;
  std::condition_variable_any more_;
  std::vector<std::shared_ptr<CollectiveWork>> under_way_;
  std::jthread thread_;  // the last: it uses the others
};

/** A stream for a communicator on the current device, and back: streams never end, for memory may know them. */
cudaStream_t take_collective_stream(int device);
void put_collective_stream(int device, cudaStream_t stream);

}  // namespace flambeau::cuda
