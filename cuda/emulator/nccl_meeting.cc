// See nccl_meeting.h.
#include "nccl_meeting.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <set>
#include <thread>

namespace flambeau::emulator {
namespace {

using Clock = std::chrono::steady_clock;
const char kPrefix[] = "flambeau-nccl-";
/** So long the others are waited for. */
constexpr auto kPatience = std::chrono::seconds(60);

/** A dead process whose parent has not asked for it yet is there still, as a zombie. */
bool alive(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(file, text)) return false;
  const size_t end = text.rfind(')');
  return end == std::string::npos || end + 2 >= text.size() || (text[end + 2] != 'Z' && text[end + 2] != 'X');
}

/** Names that have to go should the process end before the others have come. */
class Names {
 public:
  static Names& get() {
    static Names names;
    return names;
  }
  ~Names() {
    for (const std::string& name : names_) shm_unlink(name.c_str());
  }
  void add(const std::string& name) {
    const std::lock_guard hold(lock_);
    names_.insert(name);
  }
  void remove(const std::string& name) {
    const std::lock_guard hold(lock_);
    names_.erase(name);
    shm_unlink(name.c_str());
  }

 private:
  std::mutex lock_;
  std::set<std::string> names_;
};

}  // namespace

/** Zero at first, as fresh shared memory is. */
struct Meeting::Control {
  std::atomic<int> size, joined, broken;
  struct Rank {
    std::atomic<int> process, left;
    alignas(64) std::atomic<uint64_t> step;
    CallName call;
  } ranks[kMostRanks];
  Box boxes[kMostRanks][kMostRanks];
  static size_t head() { return (sizeof(Control) + 4095) / 4096 * 4096; }
  static size_t bytes(int size) {
    const auto n = static_cast<size_t>(size);
    return head() + n * kWindow + n * n * kBox;
  }
};

std::string Meeting::fresh_name() {
  std::error_code failed;
  for (std::filesystem::directory_iterator at("/dev/shm", failed), end; !failed && at != end; at.increment(failed)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with(kPrefix) && !alive(std::atoi(name.c_str() + sizeof kPrefix - 1)))
      shm_unlink(("/" + name).c_str());
  }
  std::random_device random;
  char text[96];
  std::snprintf(text, sizeof text, "/%s%d-%08x%08x", kPrefix, getpid(), random(), random());
  return text;
}

std::shared_ptr<Meeting> Meeting::join(const std::string& name, int rank, int size, std::string& why) {
  if (size > kMostRanks) {
    why = "the emulator has at most " + std::to_string(kMostRanks) + " ranks";
    return nullptr;
  }
  const int file = shm_open(name.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) {
    why = "shared memory cannot be opened: " + std::string(std::strerror(errno));
    return nullptr;
  }
  Names::get().add(name);
  const size_t bytes = Control::bytes(size);
  // memory that is not there would be found by a signal later
  const int full = posix_fallocate(file, 0, static_cast<off_t>(bytes));
  void* at = full != 0 ? MAP_FAILED : mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (at == MAP_FAILED) {
    why = "no room in shared memory for " + std::to_string(bytes) + " bytes";
    Names::get().remove(name);
    return nullptr;
  }
  auto meeting = std::make_shared<Meeting>(at, bytes, rank, size);
  Control& control = *meeting->at_;
  int none = 0;
  if (!control.size.compare_exchange_strong(none, size) && none != size) {
    control.broken = 1;
    why = "the ranks do not agree on their number: " + std::to_string(size) + " and " + std::to_string(none);
  }
  none = 0;
  if (why.empty() && !control.ranks[rank].process.compare_exchange_strong(none, getpid())) {
    control.broken = 1;
    why = "there are two ranks " + std::to_string(rank);
  }
  if (why.empty()) control.joined++;
  const auto start = Clock::now();
  while (why.empty() && control.joined < size) {
    if (control.broken != 0) why = "a rank does not fit the others";
    if (meeting->missing() >= 0) why = "rank " + std::to_string(meeting->missing_) + " has died";
    if (Clock::now() - start > kPatience) why = "not all ranks have come";
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  Names::get().remove(name);
  return why.empty() ? meeting : nullptr;
}

Meeting::Meeting(void* at, size_t bytes, int rank, int size)
    : at_(static_cast<Control*>(at)), bytes_(bytes), rank_(rank), size_(size) {}
Meeting::~Meeting() { munmap(at_, bytes_); }

bool Meeting::all_at(uint64_t step) const {
  for (int i = 0; i < size_; i++)
    if (at_->ranks[i].step.load(std::memory_order_acquire) < step) return false;
  return true;
}
void Meeting::set_step(uint64_t step) { at_->ranks[rank_].step.store(step, std::memory_order_release); }
CallName& Meeting::call(int rank) { return at_->ranks[rank].call; }
std::byte* Meeting::window(int rank) {
  return reinterpret_cast<std::byte*>(at_) + Control::head() + static_cast<size_t>(rank) * kWindow;
}
Meeting::Box& Meeting::box(int from, int to) { return at_->boxes[from][to]; }
std::byte* Meeting::box_bytes(int from, int to) {
  return window(size_) + static_cast<size_t>(from * size_ + to) * kBox;
}

void Meeting::leave() { at_->ranks[rank_].left = 1; }

int Meeting::missing() {
  const int64_t now = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch()).count();
  if (missing_ >= 0 || now - looked_ < 100) return missing_;
  looked_ = now;
  for (int i = 0; i < size_; i++) {
    const int process = at_->ranks[i].process;
    if (i != rank_ && (at_->ranks[i].left != 0 || (process != 0 && !alive(process)))) missing_ = i;
  }
  return missing_;
}

}  // namespace flambeau::emulator
