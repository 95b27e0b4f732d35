// Streams and events by number, and which stream is current where. Used by backend.cc and device.cc.
#pragma once
#include <cuda_runtime_api.h>

namespace flambeau::cuda {

/** The stream behind a number; 0 is the default stream. Throws DeviceFailure for one that is not there. */
cudaStream_t stream_at(int stream);
/** Of the calling thread. */
int current_stream(int device);
void set_stream(int device, int stream);
int create_stream(int device, int priority);
void destroy_stream(int stream);
bool stream_done(int stream);

int create_event(bool timing);
void destroy_event(int event);
void record_event(int event, int stream);
bool event_done(int event);
void wait_event(int event);
void stream_wait_event(int stream, int event);
double elapsed(int from, int to);

}  // namespace flambeau::cuda
