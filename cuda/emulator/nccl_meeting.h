// Where the ranks of an emulated communicator meet: shared memory that is named by the communicator's id until all have
// come, and has no name afterwards, so that nothing is left of it whatever becomes of the processes. Used by
// nccl_work.cc.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace flambeau::emulator {

inline constexpr int kMostRanks = 32;
/** What a rank shows the others at a time, and what is on its way from one to another. */
inline constexpr size_t kWindow = size_t{256} << 10, kBox = size_t{32} << 10;

/** What a rank calls, for the others to compare. */
struct CallName {
  int kind, type, operation, root;
  uint64_t count;
  bool operator==(const CallName&) const = default;
};

class Meeting {
 public:
  /** Comes to the meeting of that name and waits for the others; null, and why, where they do not come or do not fit.
   */
  static std::shared_ptr<Meeting> join(const std::string& name, int rank, int size, std::string& why);
  /** A name that no other meeting has; what dead processes have left is cleared away. */
  static std::string fresh_name();
  /** Of memory that has been mapped: join() makes it. */
  Meeting(void* at, size_t bytes, int rank, int size);
  ~Meeting();
  Meeting(const Meeting&) = delete;
  Meeting& operator=(const Meeting&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }

  /** Rounds: in each all ranks first show their windows, then read those of the others. A rank's step is twice the
   * rounds that it has finished, and one more while it shows. */
  bool all_at(uint64_t step) const;
  void set_step(uint64_t step);
  CallName& call(int rank);
  std::byte* window(int rank);

  /** Pieces from one rank to another: how many were put into the box, and taken out. */
  struct Box {
    std::atomic<uint64_t> put, taken;
    uint64_t total;  // bytes of the message that the piece is of
  };
  Box& box(int from, int to);
  std::byte* box_bytes(int from, int to);

  /** Says that this rank gives up. */
  void leave();
  /** A rank that has given up or whose process has died; -1 if there is none. Looks no more than ten times a second. */
  int missing();

 private:
  struct Control;
  Control* at_;
  size_t bytes_;
  int rank_, size_;
  int64_t looked_ = 0;
  int missing_ = -1;
};

}  // namespace flambeau::emulator
