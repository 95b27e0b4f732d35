// MPI in this process: its groups, the thread that runs collectives in the order of the calls, and the one that moves
// messages on and watches the time. One for the process; used by addon.cc, on the thread of JavaScript alone.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "operation.h"

namespace flambeau::mpi {

class Engine {
 public:
  static Engine& instance();
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /** MPI_Init, or nothing where that was done. `completed` is called on other threads when an operation has ended. */
  void start(std::function<void()> completed);
  bool running() const { return running_; }
  int rank() const { return rank_; }
  int size() const { return size_; }
  /** The rank among the processes of this machine, and how many these are. */
  int local_rank() const { return local_rank_; }
  int local_size() const { return local_size_; }
  /** "Open MPI v4.1.4, …". */
  static std::string library();

  /** A group of these ranks of MPI_COMM_WORLD, its own order; -1 for who is not in it. All processes of the world call
   * it, or with `local` those of the group alone. */
  int create_group(const std::vector<int>& ranks, bool local, int tag, const std::string& name);
  /** What it still does is waited for; messages that nobody sent are given up. */
  void free_group(int group);
  Group* group(int number);

  /** Runs it to its end: at once on this thread where nothing is before it. Gives the error. */
  std::string run(Operation& op);
  /** Starts it; gives its number. */
  int64_t launch(std::unique_ptr<Operation> op);
  /** Waits for one that was launched, seconds at most (0 or less: until it has ended); whether it has ended. */
  bool wait(int64_t id, double seconds);
  /** Somebody waits for it from now on, so the time counts. */
  void watch(int64_t id);
  bool done(int64_t id);
  /** Takes an operation that has ended out of the table; null if there is none. */
  std::unique_ptr<Operation> take(int64_t id);
  /** The numbers of those that have ended since the last call. */
  std::vector<int64_t> completed();

  /** Says so and ends all processes of the job. */
  [[noreturn]] void abort(const std::string& message, int code);
  /** Waits for what is under way, and MPI_Finalize. Nothing where MPI does not run. */
  void finish();

 private:
  Engine() = default;
  void collectives();
  void progress();
  void post(Operation& op);
  bool test(Operation& op);
  void end(int64_t id, Operation& op);
  bool poll();
  std::string overdue();
  std::string describe(const Operation& op) const;

  std::mutex mutex_;
  std::condition_variable queued_, ended_, moving_;
  std::deque<std::pair<int64_t, Operation*>> queue_;
  Operation* current_ = nullptr;  // the collective that runs
  Operation* direct_ = nullptr;   // the message that the thread of JavaScript waits for
  std::unordered_map<int64_t, std::unique_ptr<Operation>> operations_;
  std::vector<std::pair<int64_t, Operation*>> messages_;  // under way
  std::vector<int64_t> completed_;
  int64_t next_ = 1;
  bool stopping_ = false, running_ = false, finalized_ = false, closing_ = false;
  bool polled_ = false;  // by a thread that waits for a message
  Clock::time_point closing_since_{};
  int rank_ = 0, size_ = 1, local_rank_ = 0, local_size_ = 1;
  std::vector<std::unique_ptr<Group>> groups_;
  ReductionTable reductions_;
  std::function<void()> notify_;
  std::thread collectives_, progress_;
};

}  // namespace flambeau::mpi
