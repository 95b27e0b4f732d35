// The runtime library's streams and events, and waiting for them.
#include <cuda_runtime_api.h>

#include <algorithm>

#include "runtime.h"

using namespace flambeau::emulator;  // NOLINT: the functions here are C

namespace {

using Hold = std::lock_guard<std::recursive_mutex>;
cudaError_t status() { return static_cast<cudaError_t>(Runtime::get().sticky()); }
cudaError_t fail(cudaError_t code, const std::string& text = "") {
  return static_cast<cudaError_t>(Runtime::get().fail(code, text));
}

/** No defect, but it stays as the last error until that is taken, as on a GPU. */
cudaError_t not_ready() { return static_cast<cudaError_t>(Runtime::get().fail(cudaErrorNotReady)); }

/** Calls f with the stream, under the lock; an unknown one is an error. */
template <class F>
cudaError_t with_stream(const char* function, cudaStream_t handle, F&& f) {
  Runtime& r = Runtime::get();
  const Hold hold(r.lock);
  Stream* s = r.stream(handle);
  if (s == nullptr) return fail(cudaErrorInvalidResourceHandle, std::string(function) + ": no such stream");
  return f(r, s);
}
template <class F>
cudaError_t with_event(const char* function, cudaEvent_t handle, F&& f) {
  Runtime& r = Runtime::get();
  const Hold hold(r.lock);
  Event* e = r.event(handle);
  if (e == nullptr) return fail(cudaErrorInvalidResourceHandle, std::string(function) + ": no such event");
  return f(r, e);
}

}  // namespace

extern "C" {

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* out, unsigned flags, int priority) {
  const Hold hold(Runtime::get().lock);
  if (status() != cudaSuccess) return status();
  if (flags > cudaStreamNonBlocking) return fail(cudaErrorInvalidValue, "cudaStreamCreate: unknown flags");
  int least = 0, greatest = 0;
  cudaDeviceGetStreamPriorityRange(&least, &greatest);
  Stream* s = Runtime::get().create_stream(flags == cudaStreamDefault);
  s->priority = std::clamp(priority, greatest, least);
  *out = reinterpret_cast<cudaStream_t>(s);
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* out, unsigned flags) {
  return cudaStreamCreateWithPriority(out, flags, 0);
}
cudaError_t cudaStreamCreate(cudaStream_t* out) { return cudaStreamCreateWithFlags(out, cudaStreamDefault); }
cudaError_t cudaStreamGetPriority(cudaStream_t handle, int* priority) {
  return with_stream("cudaStreamGetPriority", handle, [&](Runtime&, Stream* s) {
    *priority = s->priority;
    return cudaSuccess;
  });
}
cudaError_t cudaStreamGetFlags(cudaStream_t handle, unsigned* flags) {
  return with_stream("cudaStreamGetFlags", handle, [&](Runtime&, Stream* s) {
    *flags = s->blocking ? cudaStreamDefault : cudaStreamNonBlocking;
    return cudaSuccess;
  });
}
cudaError_t cudaStreamDestroy(cudaStream_t handle) {
  return with_stream("cudaStreamDestroy", handle, [](Runtime& r, Stream* s) {
    if (s->id == 0) return fail(cudaErrorInvalidResourceHandle, "cudaStreamDestroy of the default stream");
    r.destroy_stream(s);
    return cudaSuccess;
  });
}
cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  return with_stream("cudaStreamSynchronize", handle, [](Runtime& r, Stream* s) {
    r.drain(s);
    return status();
  });
}
// A question makes progress: else a caller that asks again and again would never see the end of lazy work.
cudaError_t cudaStreamQuery(cudaStream_t handle) {
  return with_stream("cudaStreamQuery", handle, [](Runtime& r, Stream* s) {
    const bool done = s->tasks.empty();
    r.run(s);
    return done || status() != cudaSuccess ? status() : not_ready();
  });
}
cudaError_t cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus* out) {
  *out = cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags) {
  if (flags > cudaEventWaitExternal) return fail(cudaErrorInvalidValue);
  return with_stream("cudaStreamWaitEvent", stream, [&](Runtime&, Stream* s) {
    return with_event("cudaStreamWaitEvent", event, [&](Runtime& r, Event* e) {
      r.enqueue(s, "cudaStreamWaitEvent", [&r, recording = e->last] { return r.reach(recording.get()); });
      return cudaSuccess;
    });
  });
}
cudaError_t cudaDeviceSynchronize() {
  const Hold hold(Runtime::get().lock);
  Runtime::get().drain_device(Runtime::device());
  return status();
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* out, unsigned flags) {
  const Hold hold(Runtime::get().lock);
  constexpr unsigned kKnown = cudaEventBlockingSync | cudaEventDisableTiming | cudaEventInterprocess;
  const bool untimed = (flags & cudaEventDisableTiming) != 0;
  if ((flags & ~kKnown) != 0 || ((flags & cudaEventInterprocess) != 0 && !untimed)) return fail(cudaErrorInvalidValue);
  *out = reinterpret_cast<cudaEvent_t>(Runtime::get().create_event((flags & cudaEventDisableTiming) == 0));
  return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* out) { return cudaEventCreateWithFlags(out, cudaEventDefault); }
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return with_event("cudaEventDestroy", event, [](Runtime& r, Event* e) {
    r.destroy_event(e);
    return cudaSuccess;
  });
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return with_stream("cudaEventRecord", stream, [&](Runtime&, Stream* s) {
    return with_event("cudaEventRecord", event, [&](Runtime& r, Event* e) {
      if (e->device != s->device) {
        return fail(cudaErrorInvalidResourceHandle, "cudaEventRecord: event and stream are of different devices");
      }
      e->last = std::make_shared<Recording>();
      e->last->stream = s;
      r.enqueue(s, "cudaEventRecord", [recording = e->last] {
        recording->done = true;
        recording->time = std::chrono::steady_clock::now();
        return true;
      });
      return status();
    });
  });
}
cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned flags) {
  return flags > cudaEventRecordExternal ? fail(cudaErrorInvalidValue) : cudaEventRecord(event, stream);
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return with_event("cudaEventSynchronize", event, [](Runtime& r, Event* e) {
    r.wait(e->last);
    return status();
  });
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  return with_event("cudaEventQuery", event, [](Runtime& r, Event* e) {
    const bool done = e->last == nullptr || e->last->done;
    r.reach(e->last.get());
    return done || status() != cudaSuccess ? status() : not_ready();
  });
}
cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t from, cudaEvent_t to) {
  return with_event("cudaEventElapsedTime", from, [&](Runtime&, Event* a) {
    return with_event("cudaEventElapsedTime", to, [&](Runtime&, Event* b) {
      if (a->device != b->device || !a->timing || !b->timing || a->last == nullptr || b->last == nullptr) {
        return fail(cudaErrorInvalidResourceHandle, "cudaEventElapsedTime: not recorded, or without timing");
      }
      if (!a->last->done || !b->last->done) return not_ready();
      *ms = std::chrono::duration<float, std::milli>(b->last->time - a->last->time).count();
      return cudaSuccess;
    });
  });
}

}  // extern "C"
