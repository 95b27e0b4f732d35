#include "streams.h"

#include <map>
#include <mutex>

#include "device.h"

namespace flambeau::cuda {
namespace {

template <class Handle>
class Numbered {
 public:
  int add(Handle handle) {
    const std::lock_guard lock(mutex_);
    handles_[++last_] = handle;
    return last_;
  }
  Handle at(int number, const char* what) const {
    const std::lock_guard lock(mutex_);
    const auto found = handles_.find(number);
    if (found == handles_.end()) throw DeviceFailure(std::string("unknown ") + what);
    return found->second;
  }
  /** Null if it is not there. */
  Handle remove(int number) {
    const std::lock_guard lock(mutex_);
    const auto node = handles_.extract(number);
    return node ? node.mapped() : nullptr;
  }

 private:
  mutable std::mutex mutex_;
  std::map<int, Handle> handles_;
  int last_ = 0;
};

Numbered<cudaStream_t> streams;
Numbered<cudaEvent_t> events;
thread_local int current_streams[kMaxDevices] = {};

}  // namespace

cudaStream_t stream_at(int stream) { return stream == 0 ? nullptr : streams.at(stream, "stream"); }
int current_stream(int device) { return current_streams[device]; }
void set_stream(int device, int stream) {
  stream_at(stream);
  current_streams[device] = stream;
}
int create_stream(int, int priority) {
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, priority), "Stream");
  return streams.add(stream);
}
void destroy_stream(int stream) {
  if (cudaStream_t found = streams.remove(stream)) cudaStreamDestroy(found);  // its work is finished first
  for (int& current : current_streams) current = current == stream ? 0 : current;
}
bool stream_done(int stream) {
  const cudaError_t status = cudaStreamQuery(stream_at(stream));
  if (status == cudaErrorNotReady) return false;
  check(status, "query");
  return true;
}

int create_event(bool timing) {
  cudaEvent_t event = nullptr;
  check(cudaEventCreateWithFlags(&event, timing ? cudaEventDefault : cudaEventDisableTiming), "Event");
  return events.add(event);
}
void destroy_event(int event) {
  if (cudaEvent_t found = events.remove(event)) cudaEventDestroy(found);
}
void record_event(int event, int stream) {
  check(cudaEventRecord(events.at(event, "event"), stream_at(stream)), "record");
}
bool event_done(int event) {
  const cudaError_t status = cudaEventQuery(events.at(event, "event"));
  if (status == cudaErrorNotReady) return false;
  check(status, "query");
  return true;
}
void wait_event(int event) { check(cudaEventSynchronize(events.at(event, "event")), "synchronize"); }
void stream_wait_event(int stream, int event) {
  check(cudaStreamWaitEvent(stream_at(stream), events.at(event, "event"), 0), "waitEvent");
}
double elapsed(int from, int to) {
  float ms = 0;
  check(cudaEventElapsedTime(&ms, events.at(from, "event"), events.at(to, "event")), "elapsedTime");
  return static_cast<double>(ms);
}

}  // namespace flambeau::cuda
