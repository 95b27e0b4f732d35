#include "queue.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "errors.h"
#include "plan_copy.h"
#include "pool.h"

namespace flambeau {

size_t Queue::memory_of(double handle) {
  const int64_t slot = storages_.slot_of(handle);
  const auto known = by_slot_.find(slot);
  if (known != by_slot_.end()) return known->second;
  by_slot_.emplace(slot, memory_.size());
  Memory memory{slot, nullptr, nullptr};
  memory.data = storages_.memory(slot, &memory.later);
  memory_.push_back(std::move(memory));
  storages_.pin(handle);
  return memory_.size() - 1;
}

void Queue::record(KernelFn run, const Plan& plan, const Reader& reader) {
  Call& call = calls_.emplace_back();
  try {
    fill(call, run, plan, reader);
  } catch (...) {
    calls_.pop_back();  // the function may go on
    throw;
  }
}

void Queue::fill(Call& call, KernelFn run, const Plan& plan, const Reader& reader) {
  double handles[kMaxOperands];
  reader.handles(plan, handles);
  call.run = run;
  call.dims.resize(static_cast<size_t>(dims_of(plan)));
  copy_plan(call.plan, plan, call.dims.data());
  for (int i = 0; i < plan.operands; i++) {
    const Operand& from = plan.operand[i];
    Operand& operand = call.plan.operand[i];
    if (!from) continue;
    if (handles[i] < 0) {
      std::memcpy(call.scalars[i], from.data, sizeof call.scalars[i]);
      operand.data = call.scalars[i];
      continue;
    }
    const size_t memory = memory_of(handles[i]);
    memory_[memory].last = static_cast<int64_t>(calls_.size()) - 1;
    call.places.push_back({i, memory, from.data - storages_.find(handles[i]).data});
  }
}

void Queue::before_read(double handle) const {
  const int64_t slot = storages_.slot_of(handle);
  if (slot < 0 || (by_slot_.count(slot) == 0 && storages_.there(slot))) return;
  throw NotNow(
      "inside runAsync the values of what it computes, or has computed with, cannot be read, nor can shapes depend on "
      "them (nonzero, maskedSelect, unique): do that with what runAsync gives");
}

void Queue::before_write(double handle) {
  if (by_slot_.count(storages_.slot_of(handle)) != 0) {
    throw NotNow("values cannot be written to what was computed with before inside runAsync");
  }
  storages_.make(handle);
}

void Queue::start() {
  made_ = storages_.stop_recording();
  // those that the host wrote to, and those that are gone
  std::erase_if(made_, [&](const auto& made) { return !storages_.awaits(made.first, made.second); });
  for (Memory& memory : memory_) memory.temporary = memory.later && storages_.forgotten(memory.slot);
  for (const auto& [slot, later] : made_) {
    if (by_slot_.count(slot) != 0) continue;
    storages_.pin_slot(slot);
    memory_.push_back({slot, nullptr, later});
    unwritten_.push_back(later);
  }
}

/** Gives memory to what has none. */
void Queue::need(Later& later) {
  Pool& pool = Pool::instance();
  if (!later.data) later.data = pool.get(later.bytes);
  if (later.data) return;
  const PoolStats stats = pool.stats();
  char words[256];
  const auto mib = [](size_t bytes) { return static_cast<double>(bytes) / 0x1p20; };
  std::snprintf(
      words, sizeof words,
      "tried to allocate %.2f MiB; %.2f MiB are reserved by the process (%.2f MiB of them free) and the limit is "
      "%.2f MiB",
      mib(later.bytes), mib(stats.reserved), mib(stats.cached), mib(stats.limit));
  throw NoMemory(words);
}

void Queue::run(Call& call, int64_t number) {
  for (const Place& place : call.places) {
    Memory& memory = memory_[place.memory];
    if (memory.later) {
      if (memory.later->lost) throw NotNow("a tensor was never computed: the runAsync that it was made in failed");
      need(*memory.later);
      memory.data = memory.later->data;
    }
    call.plan.operand[place.operand].data = memory.data + place.offset;
  }
  call.run(call.plan);
  for (const Place& place : call.places) {
    Memory& memory = memory_[place.memory];
    if (!memory.temporary || memory.last != number || !memory.later->data) continue;
    Pool::instance().put(memory.later->data, memory.later->bytes);
    memory.later->data = nullptr;
  }
}

void Queue::run(const std::function<bool()>& cancelled) {
  int64_t number = -1;
  for (Call& call : calls_) {
    number++;
    if (cancelled()) {
      failure_ = {true, call.plan.kernel, number, "FLAMBEAU_INTERNAL", "cancelled"};
      break;
    }
    const auto note = [&](const char* code, const char* message) {
      failure_ = {true, call.plan.kernel, number, code, message};
    };
    if (!attempt([&] { run(call, number); }, note)) break;
  }
  for (const auto& later : unwritten_) {
    if (failure_.failed) break;
    attempt([&] { need(*later); },
            [&](const char* code, const char* message) { failure_ = {true, -1, -1, code, message}; });
  }
  if (failure_.failed) lose();
}

/** On the executor's thread: queues behind this one ask what is lost, and need the memory. */
void Queue::lose() {
  for (const auto& [slot, later] : made_) {
    later->lost = true;
    if (later->data) Pool::instance().put(later->data, later->bytes);
    later->data = nullptr;
  }
}

void Queue::finish() {
  for (const auto& [slot, later] : made_) storages_.settle(slot, later);
  for (const Memory& memory : memory_) storages_.unpin(memory.slot);
  memory_.clear();
  made_.clear();
  calls_.clear();
}

void Queue::discard() {
  if (made_.empty()) start();
  lose();
  finish();
}

void Executor::start(std::unique_ptr<Queue>& queue) {
  if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(queue));
  }
  wake_.notify_one();
}

std::unique_ptr<Queue> Executor::take() {
  const std::lock_guard lock(mutex_);
  if (done_.empty()) return nullptr;
  std::unique_ptr<Queue> queue = std::move(done_.front());
  done_.pop_front();
  return queue;
}

void Executor::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const std::unique_ptr<Queue>& next = waiting_.front();
    Queue& queue = *next;
    lock.unlock();
    queue.run([this] { return stopping_.load(std::memory_order_relaxed); });
    lock.lock();
    done_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    if (!stopping_) notify_();
  }
}

void Executor::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace flambeau
