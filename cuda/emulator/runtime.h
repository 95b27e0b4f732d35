// The state behind the functions of the runtime library: streams, events, errors, pinned memory. Used by cudart_*.cc
// and by the stand-ins for other libraries (cublas.cc).
#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "machine.h"
#include "modules.h"

namespace flambeau::emulator {

/** Work is done in order. A task that returns false waits for an event: it is asked again later. */
struct Stream {
  std::deque<std::function<bool()>> tasks;
  bool blocking = true;  // ordered with the default stream
  int priority = 0;
};

/** One recording of an event. Who waits keeps it: the event may be recorded anew meanwhile. */
struct Recording {
  bool done = false;
  Stream* stream = nullptr;
  std::chrono::steady_clock::time_point time;
};
struct Event {
  std::shared_ptr<Recording> last;
  bool timing = true;
};

/** All of it under one lock: callers may be threads. */
class Runtime {
 public:
  Runtime();  // but there is one, and get() has it
  static Runtime& get();
  std::recursive_mutex lock;

  Stream* default_stream() { return streams_.front().get(); }
  Stream* stream(void* handle);  // the default one for null and the special handles; null if it is none
  Stream* create_stream(bool blocking);
  void destroy_stream(Stream* stream);
  Event* create_event(bool timing);
  Event* event(void* handle);
  void destroy_event(Event* event);

  /** Queues work; runs it at once unless LAZY is set. */
  void enqueue(Stream* stream, std::function<bool()> task);
  void drain(Stream* stream);
  void drain_all();
  /** Runs the stream until the recording is done. */
  void wait(const std::shared_ptr<Recording>& recording);

  // Errors: the last one is the thread's; the sticky one is everybody's until the end, as after a fault on a GPU.
  int fail(int code, const std::string& text = "");
  int take_last_error();
  int last_error() const;
  int sticky() const { return sticky_; }
  void clear_sticky();
  void fault(int code, const std::string& text);

  void* allocate_host(size_t bytes);
  bool free_host(void* p);
  bool pinned(const void* p) const;
  bool register_host(const void* p, size_t bytes);  // false if a part of it is already
  bool unregister_host(const void* p) { return registered_.erase(reinterpret_cast<uint64_t>(p)) != 0; }

 private:
  bool step(Stream* stream);
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<std::unique_ptr<Event>> events_;
  struct Free {
    void operator()(void* p) const;
  };
  std::map<uint64_t, std::pair<std::unique_ptr<void, Free>, size_t>> host_;
  std::map<uint64_t, size_t> registered_;
  int sticky_ = 0;
};

}  // namespace flambeau::emulator
