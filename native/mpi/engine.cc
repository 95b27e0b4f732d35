#include "engine.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace flambeau::mpi {
namespace {

using namespace std::chrono_literals;

/** How long the end of a process waits for what it began, and for the others. */
constexpr double kGrace = 10, kFinalize = 600;

void check(const char* what, int code) {
  if (code != MPI_SUCCESS) throw std::runtime_error(std::string(what) + ": " + error_text(code));
}
double seconds_since(Clock::time_point then) { return std::chrono::duration<double>(Clock::now() - then).count(); }

/** Node opens addons with names of their own; Open MPI's plugins look for those of the library among all. */
void make_global() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&MPI_Init_thread), &info) && info.dli_fname) {
    dlopen(info.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
  }
}

}  // namespace

Engine& Engine::instance() {
  static Engine engine;
  return engine;
}

Engine::~Engine() {
  // finish() was called, or MPI never ran; should neither be so, threads must not be destroyed while they run
  if (collectives_.joinable()) collectives_.detach();
  if (progress_.joinable()) progress_.detach();
}

std::string Engine::library() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  int length = 0;
  MPI_Get_library_version(text, &length);
  const std::string all(text, static_cast<size_t>(length));
  return all.substr(0, all.find_first_of(",\n"));
}

void Engine::start(std::function<void()> completed) {
  notify_ = std::move(completed);
  if (running_) return;
  if (finalized_) throw std::runtime_error("MPI was finalized, as the process is about to end");
  make_global();
  int there = 0, level = MPI_THREAD_SINGLE;
  check("MPI_Initialized", MPI_Initialized(&there));
  if (there)
    check("MPI_Query_thread", MPI_Query_thread(&level));
  else
    check("MPI_Init_thread", MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &level));
  if (level < MPI_THREAD_MULTIPLE) {
    throw std::runtime_error("this MPI was built without MPI_THREAD_MULTIPLE, which is needed");
  }
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
  MPI_Comm here = MPI_COMM_NULL;
  if (MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &here) == MPI_SUCCESS) {
    MPI_Comm_rank(here, &local_rank_);
    MPI_Comm_size(here, &local_size_);
    MPI_Comm_free(&here);
  }
  reductions_.make();
  running_ = true;
  collectives_ = std::thread([this] { collectives(); });
  progress_ = std::thread([this] { progress(); });
}

int Engine::create_group(const std::vector<int>& ranks, bool local, int tag, const std::string& name) {
  if (!running_) throw std::runtime_error("MPI does not run");
  {
    // what was asked for before comes first, on all ranks
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [&] { return queue_.empty() && !current_; });
  }
  const auto found = std::find(ranks.begin(), ranks.end(), rank_);
  const bool member = found != ranks.end();
  MPI_Comm comm = MPI_COMM_NULL;
  if (local) {
    if (!member) return -1;
    MPI_Group world = MPI_GROUP_NULL, part = MPI_GROUP_NULL;
    check("MPI_Comm_group", MPI_Comm_group(MPI_COMM_WORLD, &world));
    MPI_Group_incl(world, static_cast<int>(ranks.size()), ranks.data(), &part);
    const int code = MPI_Comm_create_group(MPI_COMM_WORLD, part, tag, &comm);
    MPI_Group_free(&part);
    MPI_Group_free(&world);
    check("MPI_Comm_create_group", code);
  } else {
    const int key = static_cast<int>(found - ranks.begin());
    check("MPI_Comm_split", MPI_Comm_split(MPI_COMM_WORLD, member ? 0 : MPI_UNDEFINED, key, &comm));
    if (!member) return -1;
  }
  MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
  auto made = std::make_unique<Group>();
  made->comm = comm;
  made->name = name;
  MPI_Comm_rank(comm, &made->rank);
  MPI_Comm_size(comm, &made->size);
  groups_.push_back(std::move(made));
  return static_cast<int>(groups_.size()) - 1;
}

Group* Engine::group(int number) {
  if (number < 0 || static_cast<size_t>(number) >= groups_.size() || !groups_[static_cast<size_t>(number)]) {
    throw std::invalid_argument("there is no such group any more");
  }
  return groups_[static_cast<size_t>(number)].get();
}

void Engine::free_group(int number) {
  Group* gone = group(number);
  {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [&] { return queue_.empty() && !current_; });
    for (auto& [id, op] : messages_) {
      if (op->group != gone || op->kind != Kind::receive) continue;
      op->cancelled = true;
      MPI_Cancel(&op->request);
    }
    const auto busy = [&] {
      return std::any_of(messages_.begin(), messages_.end(), [&](const auto& m) { return m.second->group == gone; });
    };
    const auto since = Clock::now();
    while (busy()) {
      poll();
      if (seconds_since(since) > kGrace) {
        throw std::runtime_error("a message of " + gone->name + " was sent with isend and has not been received");
      }
      ended_.wait_for(lock, 1ms);
    }
  }
  MPI_Comm_free(&gone->comm);
  groups_[static_cast<size_t>(number)].reset();
}

std::string Engine::describe(const Operation& op) const {
  std::string text = kind_name(op.kind);
  const size_t count = std::max(op.out_count, op.in_count);
  if (op.kind != Kind::barrier) text += " of " + std::to_string(count) + " elements of " + dtype_name(op.dtype);
  if (op.kind == Kind::send) text += " to rank " + std::to_string(op.peer);
  if (op.kind == Kind::receive) text += op.peer < 0 ? " from any rank" : " from rank " + std::to_string(op.peer);
  text += " in " + op.group->name;
  return is_message(op.kind) ? text : text + " (call " + std::to_string(op.call) + " of that group)";
}

// ---- collectives
// ------------------------------------------------------------------------------------------------------

void Engine::collectives() {
  std::unique_lock lock(mutex_);
  for (;;) {
    queued_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const auto [id, op] = queue_.front();
    queue_.pop_front();
    current_ = op;
    op->since = Clock::now();
    lock.unlock();
    op->error = run_collective(*op, reductions_);
    op->until = Clock::now();
    lock.lock();
    current_ = nullptr;
    end(id, *op);
  }
}

/** Under the lock. */
void Engine::end(int64_t id, Operation& op) {
  op.done = true;
  ended_.notify_all();
  if (id == 0) return;
  completed_.push_back(id);
  notify_();
}

std::string Engine::run(Operation& op) {
  std::unique_lock lock(mutex_);
  if (is_message(op.kind)) {
    op.watched = true;
    op.since = Clock::now();
    post(op);
    direct_ = &op;
    polled_ = true;
    while (!test(op)) {
      lock.unlock();
      std::this_thread::yield();
      lock.lock();
    }
    polled_ = false;
    direct_ = nullptr;
    return op.error;
  }
  if (!queue_.empty() || current_) ended_.wait(lock, [&] { return queue_.empty() && !current_; });
  op.call = ++op.group->calls;
  op.since = Clock::now();
  current_ = &op;
  lock.unlock();
  std::string error = run_collective(op, reductions_);
  lock.lock();
  current_ = nullptr;
  return error;
}

int64_t Engine::launch(std::unique_ptr<Operation> op) {
  std::unique_lock lock(mutex_);
  const int64_t id = next_++;
  Operation& o = *op;
  operations_[id] = std::move(op);
  if (is_message(o.kind)) {
    post(o);
    if (test(o)) {
      end(id, o);
    } else {
      messages_.emplace_back(id, &o);
      moving_.notify_all();
    }
  } else {
    o.call = ++o.group->calls;
    queue_.emplace_back(id, &o);
    queued_.notify_one();
  }
  return id;
}

// ---- messages
// -----------------------------------------------------------------------------------------------------------

/** Under the lock, as what follows. */
void Engine::post(Operation& op) {
  constexpr size_t most = size_t{1} << 31;
  const size_t count = op.kind == Kind::send ? op.in_count : op.out_count;
  if (count >= most) {
    op.error = "a message has at most 2147483647 elements";
    return;
  }
  const int n = static_cast<int>(count);
  const MPI_Datatype type = type_of(op.dtype);
  const MPI_Comm comm = op.group->comm;
  const int code = op.kind == Kind::send
                       ? MPI_Isend(op.in, n, type, op.peer, op.tag, comm, &op.request)
                       : MPI_Irecv(op.out, n, type, op.peer < 0 ? MPI_ANY_SOURCE : op.peer, op.tag, comm, &op.request);
  if (code != MPI_SUCCESS) op.error = error_text(code);
}

bool Engine::test(Operation& op) {
  if (op.done) return true;
  if (!op.error.empty()) return op.done = true;
  int there = 0;
  MPI_Status status{};
  const int code = MPI_Test(&op.request, &there, &status);
  if (code != MPI_SUCCESS) {
    op.error = error_text(code);
    return op.done = true;
  }
  if (!there) return false;
  op.done = true;
  if (op.kind != Kind::receive) return true;
  int cancelled = 0, count = 0;
  MPI_Test_cancelled(&status, &cancelled);
  if (cancelled) {
    op.error = "the process group was destroyed before a message came";
    return true;
  }
  op.source = status.MPI_SOURCE;
  MPI_Get_count(&status, type_of(op.dtype), &count);
  if (count >= 0 && static_cast<size_t>(count) != op.out_count) {
    op.error = "the message from rank " + std::to_string(op.source) + " of the group has " + std::to_string(count) +
               " elements, and the tensor " + std::to_string(op.out_count);
  }
  return true;
}

/** Looks after the messages under way; whether any has ended. */
bool Engine::poll() {
  bool any = false;
  for (size_t i = 0; i < messages_.size();) {
    const auto [id, op] = messages_[i];
    if (!test(*op)) {
      i++;
      continue;
    }
    messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(i));
    end(id, *op);
    any = true;
  }
  return any;
}

bool Engine::wait(int64_t id, double seconds) {
  std::unique_lock lock(mutex_);
  const auto found = operations_.find(id);
  if (found == operations_.end()) return true;
  Operation& op = *found->second;
  const auto start = Clock::now();
  const auto over = [&] { return seconds > 0 && seconds_since(start) >= seconds; };
  if (!is_message(op.kind)) {
    const auto ended = [&] { return op.done; };
    if (seconds <= 0) {
      ended_.wait(lock, ended);
      return true;
    }
    return ended_.wait_for(lock, std::chrono::duration<double>(seconds), ended);
  }
  if (!op.watched) op.since = start;
  op.watched = true;
  polled_ = true;
  while (!op.done && !over()) {
    if (poll()) continue;
    lock.unlock();
    std::this_thread::yield();
    lock.lock();
  }
  polled_ = false;
  if (!op.done) op.watched = false;
  moving_.notify_all();
  return op.done;
}

void Engine::watch(int64_t id) {
  std::unique_lock lock(mutex_);
  const auto found = operations_.find(id);
  if (found == operations_.end() || found->second->watched) return;
  found->second->watched = true;
  found->second->since = Clock::now();
}

bool Engine::done(int64_t id) {
  std::unique_lock lock(mutex_);
  const auto found = operations_.find(id);
  if (found == operations_.end()) return true;
  if (!found->second->done && is_message(found->second->kind)) poll();
  return found->second->done;
}

std::unique_ptr<Operation> Engine::take(int64_t id) {
  std::unique_lock lock(mutex_);
  const auto found = operations_.find(id);
  if (found == operations_.end() || !found->second->done) return nullptr;
  std::unique_ptr<Operation> op = std::move(found->second);
  operations_.erase(found);
  return op;
}

std::vector<int64_t> Engine::completed() {
  std::unique_lock lock(mutex_);
  return std::move(completed_);
}

// ---- the watch
// ----------------------------------------------------------------------------------------------------------

/** What has lasted too long, in words; empty if nothing has. */
std::string Engine::overdue() {
  const auto late = [](const Operation* op) { return op && op->timeout > 0 && seconds_since(op->since) > op->timeout; };
  const Operation* op = late(current_) ? current_ : late(direct_) ? direct_ : nullptr;
  for (const auto& [id, message] : messages_) {
    if (!op && message->watched && late(message)) op = message;
  }
  if (op) {
    char limit[32];
    std::snprintf(limit, sizeof limit, "%g", op->timeout);
    return describe(*op) + " has not ended within " + limit +
           " s: another rank has not made the same call, has made it with other sizes, or hangs. With "
           "FLAMBEAU_DISTRIBUTED_DEBUG=detail the calls of all ranks are compared before each collective.";
  }
  if (closing_ && seconds_since(closing_since_) > (finalized_ ? kFinalize : kGrace)) {
    const Operation* left = current_ ? current_ : !messages_.empty() ? messages_.front().second : nullptr;
    return left ? "the process ends while " + describe(*left) + " is under way"
                : std::string("the other ranks have not ended within 600 s of this one");
  }
  return {};
}

void Engine::progress() {
  std::unique_lock lock(mutex_);
  auto pause = 20us;
  while (!stopping_) {
    if (messages_.empty() || polled_) {
      moving_.wait_for(lock, 100ms);
      pause = 20us;
    } else {
      pause = poll() ? 20us : std::min(2 * pause, std::chrono::microseconds(1000));
      if (!messages_.empty()) moving_.wait_for(lock, pause);
    }
    const std::string late = overdue();
    if (!late.empty()) {
      lock.unlock();
      abort(late, 1);
    }
  }
}

void Engine::abort(const std::string& message, int code) {
  if (!message.empty()) {
    std::fprintf(stderr, "flambeau: rank %d of %d: %s\n", rank_, size_, message.c_str());
    std::fflush(stderr);
  }
  // should MPI itself hang
  std::thread([code] {
    std::this_thread::sleep_for(5s);
    _exit(code);
  }).detach();
  MPI_Abort(MPI_COMM_WORLD, code);
  _exit(code);
}

void Engine::finish() {
  if (!running_) return;
  {
    std::unique_lock lock(mutex_);
    closing_ = true;
    closing_since_ = Clock::now();
    for (auto& [id, op] : messages_) {
      if (op->kind != Kind::receive) continue;
      op->cancelled = true;
      MPI_Cancel(&op->request);
    }
    // the watch ends the job if that takes too long
    while (!queue_.empty() || current_ || !messages_.empty()) {
      poll();
      ended_.wait_for(lock, 1ms);
    }
    finalized_ = true;
    closing_since_ = Clock::now();
  }
  for (auto& group : groups_) {
    if (group) MPI_Comm_free(&group->comm);
  }
  groups_.clear();
  reductions_.free();
  MPI_Finalize();
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    running_ = false;
  }
  queued_.notify_all();
  moving_.notify_all();
  collectives_.join();
  progress_.join();
}

}  // namespace flambeau::mpi
