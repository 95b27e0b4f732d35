// See runtime.h.
#include "runtime.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

namespace flambeau::emulator {
namespace {

thread_local int thread_error = 0;
thread_local int thread_device = 0;

}  // namespace

Runtime& Runtime::get() {
  static Runtime& runtime = *std::make_unique<Runtime>().release();  // threads may outlive main()
  return runtime;
}

int Runtime::device() { return thread_device; }
void Runtime::set_device(int device) { thread_device = device; }

Stream* Runtime::default_stream(int device) {
  Stream*& s = defaults_[static_cast<size_t>(device)];
  if (s == nullptr) {
    streams_.push_back(std::make_unique<Stream>());
    s = streams_.back().get();
    s->device = device;
  }
  return s;
}

Stream* Runtime::stream(void* handle) {
  // 1 and 2 are cudaStreamLegacy and cudaStreamPerThread.
  if (reinterpret_cast<uint64_t>(handle) <= 2) return default_stream(device());
  const auto at = std::find_if(streams_.begin(), streams_.end(), [&](const auto& s) { return s.get() == handle; });
  return at == streams_.end() ? nullptr : at->get();
}
Stream* Runtime::create_stream(bool blocking) {
  streams_.push_back(std::make_unique<Stream>());
  streams_.back()->blocking = blocking;
  streams_.back()->id = ++streams_made_;
  streams_.back()->device = device();
  return streams_.back().get();
}
void Runtime::destroy_stream(Stream* stream) {
  drain(stream);
  std::erase_if(streams_, [&](const auto& s) { return s.get() == stream; });
}

Event* Runtime::create_event(bool timing) {
  events_.push_back(std::make_unique<Event>());
  events_.back()->timing = timing;
  events_.back()->device = device();
  return events_.back().get();
}
Event* Runtime::event(void* handle) {
  const auto at = std::find_if(events_.begin(), events_.end(), [&](const auto& e) { return e.get() == handle; });
  return at == events_.end() ? nullptr : at->get();
}
void Runtime::destroy_event(Event* event) {
  std::erase_if(events_, [&](const auto& e) { return e.get() == event; });
}

void Runtime::enqueue(Stream* stream, std::string_view name, std::function<bool()> task) {
  // The default stream and blocking streams wait for each other: that is put in the queue as a task, too.
  if (settings().lazy || outside_ > 0) {
    Stream* of_device = default_stream(stream->device);
    if (stream == of_device) {
      std::vector<Stream*> others;
      for (const auto& s : streams_) {
        if (s.get() != stream && s->device == stream->device && s->blocking && !s->tasks.empty())
          others.push_back(s.get());
      }
      if (!others.empty()) {
        const auto wait = [this, others] {
          bool done = true;
          for (Stream* s : others) {
            if (this->stream(s) == nullptr) continue;  // it was destroyed
            run(s);
            done = done && s->tasks.empty();
          }
          return done;
        };
        stream->tasks.push_back({wait, "wait", ++tasks_queued_});
      }
    } else if (stream->blocking && !of_device->tasks.empty()) {
      drain(of_device);
    }
  }
  stream->tasks.push_back({std::move(task), name, ++tasks_queued_});
  if (!settings().lazy) run(stream);
}

bool Runtime::step(Stream* stream) {
  if (stream->tasks.empty()) return false;
  Task task = std::move(stream->tasks.front());
  stream->tasks.pop_front();
  const Task* outer = std::exchange(running_, &task);
  const Stream* outer_on = std::exchange(running_on_, stream);
  for (Read& read : reads_) {
    if (task.number < read.number) read.seen.assign(read.bytes, read.bytes + read.n);
  }
  const bool done = task.run();
  running_ = outer;
  running_on_ = outer_on;
  if (!reads_.empty()) check_reads(*stream, task);
  if (!done) stream->tasks.push_front(std::move(task));
  return done;
}

namespace {

std::string name_of(const Stream& s) {
  const std::string name = s.id == 0 ? "the default stream" : "stream " + std::to_string(s.id);
  return s.device == 0 ? name : name + " of device " + std::to_string(s.device);
}

}  // namespace

void Runtime::note_read(const std::byte* bytes, size_t n) {
  if (!settings().lazy || running_ == nullptr) return;
  const uint64_t number = running_->number;
  const bool earlier = std::any_of(streams_.begin(), streams_.end(), [&](const auto& s) {
    return !s->tasks.empty() && s->tasks.front().number < number;
  });
  if (earlier) {
    reads_.push_back({bytes, n, number, std::string(running_->name) + " on " + name_of(*running_on_), {}});
  }
}

// After a task: what was queued before a copy has just changed what the copy read.
void Runtime::check_reads(const Stream& stream, const Task& task) {
  uint64_t oldest = ~uint64_t{0};
  for (const auto& s : streams_) {
    if (!s->tasks.empty()) oldest = std::min(oldest, s->tasks.front().number);
  }
  std::erase_if(reads_, [&](const Read& read) {
    const bool before = task.number < read.number && read.seen.size() == read.n;
    const bool changed = before && std::memcmp(read.seen.data(), read.bytes, read.n) != 0;
    if (changed) {
      report("missing wait: " + std::string(task.name) + ", queued on " + name_of(stream) + ", writes what the later " +
             read.name + " has read already; nothing makes the copy wait for it");
    }
    return changed || oldest > read.number;
  });
}

void Runtime::run(Stream* stream) {
  while (step(stream)) continue;
}

// True if it makes sense to try again. Within a task nothing may change, and nobody else can have the lock.
bool Runtime::pause() {
  if (outside_ == 0 || running_ != nullptr) return false;
  lock.unlock();
  std::this_thread::sleep_for(std::chrono::microseconds(50));
  lock.lock();
  return true;
}

void Runtime::drain(Stream* stream) {
  do run(stream);
  while (!stream->tasks.empty() && pause() && this->stream(stream) != nullptr);
}

void Runtime::drain_all() {
  bool left = true;
  do {
    for (bool progress = true; progress;) {
      progress = false;
      for (size_t i = 0; i < streams_.size(); i++) {
        while (step(streams_[i].get())) progress = true;
      }
    }
    left = std::any_of(streams_.begin(), streams_.end(), [](const auto& s) { return !s->tasks.empty(); });
  } while (left && pause());
}

void Runtime::drain_device(int device) {
  for (size_t i = 0; i < streams_.size(); i++) {
    if (streams_[i]->device == device) drain(streams_[i].get());
  }
}

bool Runtime::reach(const Recording* recording) {
  if (recording == nullptr) return true;
  while (!recording->done && stream(recording->stream) != nullptr && step(recording->stream)) continue;
  return recording->done || stream(recording->stream) == nullptr;
}
void Runtime::wait(std::shared_ptr<Recording> recording) {
  while (!reach(recording.get()) && pause()) continue;
}

void Runtime::expect(Stream* stream, int more) {
  if (stream->outside == 0) stream->outside_since = std::chrono::steady_clock::now();
  stream->outside += more;
  outside_ += more;
  if (more < 0) stream->outside_since = std::chrono::steady_clock::now();
  if (more > 0) move_on();
}

// Lazy work runs late, but not never: another process may wait for it.
void Runtime::move_on() {
  static std::jthread mover([this](const std::stop_token& stop) {
    constexpr auto kLate = std::chrono::milliseconds(20);
    while (!stop.stop_requested()) {
      bool any = false;
      {
        const std::lock_guard<std::recursive_mutex> hold(lock);
        any = outside_ > 0;
        const auto now = std::chrono::steady_clock::now();
        for (size_t i = 0; any && i < streams_.size(); i++) {
          Stream* const s = streams_[i].get();
          if (s->outside > 0 && (!settings().lazy || now - s->outside_since > kLate)) run(s);
        }
      }
      std::this_thread::sleep_for(any ? std::chrono::microseconds(100) : std::chrono::microseconds(2000));
    }
  });
}

int Runtime::fail(int code, const std::string& text) {
  thread_error = code;
  if (!text.empty()) report(text);
  return code;
}
int Runtime::take_last_error() {
  const int code = last_error();
  thread_error = 0;
  return code;
}
void Runtime::fault(int code, const std::string& text) {
  report(text);
  sticky_ = code;
}
int Runtime::last_error() const { return sticky_ != 0 ? sticky_ : thread_error; }
void Runtime::clear_sticky() { sticky_ = thread_error = 0; }

void Runtime::Free::operator()(void* p) const { std::free(p); }
void* Runtime::allocate_host(size_t bytes) {
  constexpr size_t kPage = 4096;
  std::unique_ptr<void, Free> p(std::aligned_alloc(kPage, (std::max<size_t>(bytes, 1) + kPage - 1) / kPage * kPage));
  void* raw = p.get();
  if (raw != nullptr) {
    host_[reinterpret_cast<uint64_t>(raw)] = {std::move(p), bytes};
    DeviceMemory::get().share(reinterpret_cast<uint64_t>(raw), bytes);
  }
  return raw;
}
bool Runtime::free_host(void* p) {
  if (host_.erase(reinterpret_cast<uint64_t>(p)) == 0) return false;
  DeviceMemory::get().unshare(reinterpret_cast<uint64_t>(p));
  return true;
}

bool Runtime::register_host(const void* p, size_t bytes) {
  const auto begin = reinterpret_cast<uint64_t>(p);
  const auto next = registered_.lower_bound(begin);
  if (pinned(p) || (next != registered_.end() && next->first - begin < bytes)) return false;
  registered_[begin] = bytes;
  DeviceMemory::get().share(begin, bytes);
  return true;
}

bool Runtime::unregister_host(const void* p) {
  if (registered_.erase(reinterpret_cast<uint64_t>(p)) == 0) return false;
  DeviceMemory::get().unshare(reinterpret_cast<uint64_t>(p));
  return true;
}

bool Runtime::pinned(const void* p) const {
  const auto a = reinterpret_cast<uint64_t>(p);
  const auto inside = [a](const auto& map, const auto& size_of) {
    auto at = map.upper_bound(a);
    return at != map.begin() && a - std::prev(at)->first < size_of(std::prev(at)->second);
  };
  return inside(host_, [](const auto& v) { return v.second; }) || inside(registered_, [](size_t v) { return v; });
}

}  // namespace flambeau::emulator
