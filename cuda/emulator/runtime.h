// The state behind the functions of the runtime library: streams, events, errors, pinned memory. Used by cudart_*.cc
// and by the stand-ins for other libraries (cublas.cc).
#pragma once
#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "machine.h"
#include "modules.h"

namespace flambeau::emulator {

/** One piece of queued work. If `run` returns false it waits for an event: it is asked again later. */
struct Task {
  std::function<bool()> run;
  std::string_view name;  // of the kernel or the function
  uint64_t number = 0;    // in the order in which the host queued them
};

/** Work is done in order. */
struct Stream {
  std::deque<Task> tasks;
  uint32_t id = 0;  // 0 is the default one of its device
  int device = 0;
  bool blocking = true;  // ordered with the default stream
  int priority = 0;
  int outside = 0;  // tasks that wait for other processes (nccl.cc)
  std::chrono::steady_clock::time_point outside_since = {};
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
  int device = 0;
};

/** All of it under one lock: callers may be threads. */
class Runtime {
 public:
  static Runtime& get();
  std::recursive_mutex lock;

  /** The device of the calling thread. */
  static int device();
  static void set_device(int device);
  Stream* default_stream(int device);
  Stream* stream(void* handle);  // the thread's default one for null and the special handles; null if it is none
  Stream* create_stream(bool blocking);
  void destroy_stream(Stream* stream);
  Event* create_event(bool timing);
  Event* event(void* handle);
  void destroy_event(Event* event);

  /** Queues work; runs it at once unless LAZY is set. `name` must last. */
  void enqueue(Stream* stream, std::string_view name, std::function<bool()> task);
  /**
   * Called by a task that copies out of device memory. Work that was queued before it but has not run must not write
   * there later: nothing says that it comes before the copy, so on a GPU it may come after, or before, or meanwhile.
   */
  void note_read(const std::byte* bytes, size_t n);
  /** Runs what can run now. */
  void run(Stream* stream);
  /** Runs all that is in the stream. */
  void drain(Stream* stream);
  void drain_all();
  void drain_device(int device);
  /** Runs the stream until the recording is done. */
  void wait(std::shared_ptr<Recording> recording);
  /** Runs what can run now; true if the recording is done then. For tasks, and for questions. */
  bool reach(const Recording* recording);
  /**
   * Counts the tasks of a stream that wait for other processes. While there are any, who waits for a stream lets other
   * threads have the lock in between, and a thread moves these streams on: a GPU does so by itself.
   */
  void expect(Stream* stream, int more);

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
  bool unregister_host(const void* p);

 private:
  bool step(Stream* stream);
  bool pause();
  void move_on();
  struct Read {
    const std::byte* bytes;
    size_t n;
    uint64_t number;  // of the copy
    std::string name;
    std::vector<std::byte> seen;  // while a task runs that was queued before
  };
  void check_reads(const Stream& stream, const Task& task);
  std::vector<Read> reads_;
  const Task* running_ = nullptr;
  const Stream* running_on_ = nullptr;
  uint64_t tasks_queued_ = 0;
  uint32_t streams_made_ = 0;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::array<Stream*, kMostDevices> defaults_ = {};
  std::vector<std::unique_ptr<Event>> events_;
  struct Free {
    void operator()(void* p) const;
  };
  std::map<uint64_t, std::pair<std::unique_ptr<void, Free>, size_t>> host_;
  std::map<uint64_t, size_t> registered_;
  int sticky_ = 0;
  int outside_ = 0;
};

}  // namespace flambeau::emulator
