// See nccl_watch.h.
#include "nccl_watch.h"

#include <cstdio>
#include <utility>

#include "device.h"

namespace flambeau::cuda {
namespace {

using Clock = std::chrono::steady_clock;

/** Events and streams for the next who want one; as the GPUs' memory, they are the driver's to free at exit. */
template <class Handle>
class Spare {
 public:
  /** Null if there is none. */
  Handle take(int device) {
    const std::lock_guard hold(lock_);
    auto& list = spare_[device];
    if (list.empty()) return nullptr;
    const Handle handle = list.back();
    list.pop_back();
    return handle;
  }
  void put(int device, Handle handle) {
    const std::lock_guard hold(lock_);
    spare_[device].push_back(handle);
  }

 private:
  std::mutex lock_;
  std::map<int, std::vector<Handle>> spare_;
};
/** Works may outlive main(). */
Spare<cudaEvent_t>& events() {
  static Spare<cudaEvent_t>& all = *std::make_unique<Spare<cudaEvent_t>>().release();
  return all;
}
Spare<cudaStream_t>& streams() {
  static Spare<cudaStream_t>& all = *std::make_unique<Spare<cudaStream_t>>().release();
  return all;
}

/** What was not told yet. */
std::atomic<bool> has_failed{false};
std::mutex failed_lock;
std::string failed;

}  // namespace

cudaStream_t take_collective_stream(int device) {
  cudaStream_t stream = streams().take(device);
  if (!stream) check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "nccl");
  return stream;
}
void put_collective_stream(int device, cudaStream_t stream) { streams().put(device, stream); }

std::string Communicator::name() const {
  return "rank " + std::to_string(rank) + " of " + std::to_string(size) + ", " + group +
         ", cuda:" + std::to_string(device);
}
Nccl::Comm Communicator::usable() {
  const std::lock_guard hold(state);
  if (failure.empty()) return at;
  CollectiveWatch::told();
  throw DeviceFailure(failure);
}

CollectiveWork::CollectiveWork(std::shared_ptr<Communicator> of, const char* kind, size_t count, const char* dtype,
                               double seconds)
    : comm(std::move(of)),
      timeout(seconds),
      event(events().take(comm->device)),
      kind_(kind),
      count_(count),
      dtype_(dtype) {
  if (!event) check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "nccl");
}
CollectiveWork::~CollectiveWork() { events().put(comm->device, event); }
bool CollectiveWork::done() const {
  const cudaError_t status = cudaEventQuery(event);
  if (status == cudaErrorNotReady) cudaGetLastError();
  return status != cudaErrorNotReady;
}
std::string CollectiveWork::name() const {
  return std::string(kind_) + " of " + std::to_string(count_) + " elements of " + dtype_ + " by NCCL (" + comm->name() +
         ")";
}

CollectiveWatch& CollectiveWatch::get() {
  static CollectiveWatch watch;
  return watch;
}
CollectiveWatch::CollectiveWatch() : thread_([this](const std::stop_token& stop) { watch(stop); }) {}

void CollectiveWatch::add(std::shared_ptr<CollectiveWork> work) {
  const std::lock_guard hold(lock_);
  under_way_.push_back(std::move(work));
  if (under_way_.size() == 1) more_.notify_one();
}

void CollectiveWatch::watch(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock hold(lock_);
      if (!more_.wait(hold, stop, [this] { return !under_way_.empty(); })) return;
      // awake in time for the end of the process, and else only now and then
      more_.wait_for(hold, stop, std::chrono::milliseconds(50), [] { return false; });
    }
    look();
  }
}

void CollectiveWatch::look() {
  std::vector<std::shared_ptr<CollectiveWork>> all;
  {
    const std::lock_guard hold(lock_);
    all = under_way_;
  }
  std::vector<std::shared_ptr<CollectiveWork>> ended;
  for (const auto& work : all) {
    Communicator& comm = *work->comm;
    cudaSetDevice(comm.device);
    if (work->done()) {
      ended.push_back(work);
      continue;
    }
    int status = 0;
    {
      const std::lock_guard hold(comm.state);
      if (comm.at && nccl().async_error(comm.at, &status) != 0) status = 0;
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - work->since).count();
    char limit[32];
    std::snprintf(limit, sizeof limit, "%g", work->timeout);
    // 7: what it was asked for is under way
    if (status != 0 && status != 7)
      fail(comm, work->name() + " has failed: " + nccl().error_text(status));
    else if (work->timeout > 0 && seconds > work->timeout)
      fail(comm, work->name() + " has not ended within " + limit +
                     " s: another rank has not made the same call, has made it with other sizes, or hangs");
  }
  const std::lock_guard hold(lock_);
  for (const auto& work : ended) std::erase(under_way_, work);
}

void CollectiveWatch::fail(Communicator& comm, const std::string& why) {
  Nccl::Comm at = nullptr;
  {
    const std::lock_guard hold(comm.state);
    if (!comm.failure.empty()) return;
    comm.failure = why + "; the communicator is aborted";
    at = std::exchange(comm.at, nullptr);
  }
  {
    const std::lock_guard hold(lock_);
    for (const auto& work : under_way_)
      if (work->comm.get() == &comm && !work->done()) work->failed = true;
  }
  std::fprintf(stderr, "flambeau: %s\n", comm.failure.c_str());
  {
    const std::lock_guard note(failed_lock);
    failed = comm.failure;
    has_failed = true;
  }
  // the last: those who wait go on
  if (at) nccl().abort(at);
}

void CollectiveWatch::raise() {
  if (!has_failed) return;
  const std::lock_guard note(failed_lock);
  if (has_failed.exchange(false)) throw DeviceFailure(failed);
}
void CollectiveWatch::told() { has_failed = false; }

}  // namespace flambeau::cuda
