// The entries behind torch.runAsync: calls of run() in between are recorded, then run on another thread. lib/async.ts
// is the only caller.
#include <system_error>

#include "addon.h"

namespace flambeau {
namespace {

/** Finishes a queue that has run, and tells its callback(code, message, kernel, call), nulls and -1 if all is well. */
void finish(napi_env env, Instance& self, Queue& queue) {
  queue.finish();
  if (--self.queues == 0) napi_unref_threadsafe_function(env, self.ran);
  napi_value callback = nullptr, receiver = nullptr, arguments[4] = {};
  napi_get_reference_value(env, queue.callback, &callback);
  napi_delete_reference(env, queue.callback);
  napi_get_null(env, &receiver);
  const Failure& failure = queue.failure();
  if (!failure.failed) {
    arguments[0] = arguments[1] = receiver;
  } else {
    napi_create_string_utf8(env, failure.code, NAPI_AUTO_LENGTH, &arguments[0]);
    napi_create_string_utf8(env, failure.message.c_str(), failure.message.size(), &arguments[1]);
  }
  napi_create_int32(env, failure.kernel, &arguments[2]);
  napi_create_int64(env, failure.call, &arguments[3]);
  napi_call_function(env, receiver, callback, 4, arguments, nullptr);
}

/** On the thread of JavaScript, after a queue has run there may be several. */
void on_ran(napi_env env, napi_value, void* context, void*) {
  if (!env) return;  // it ends
  Instance& self = *static_cast<Instance*>(context);
  guarded(env, [&] {
    while (const std::unique_ptr<Queue> queue = self.executor->take()) finish(env, self, *queue);
  });
}

/** The environment ends: no call of a kernel may outlive it. Before the hook of Node-API's own, which frees `ran`. */
void stop(void* data) {
  Instance& self = *static_cast<Instance*>(data);
  self.executor->stop();
  napi_release_threadsafe_function(self.ran, napi_tsfn_abort);
}

/** The executor, made when it is first needed. */
void need_executor(Napi::Env env, Instance& self) {
  if (self.executor) return;
  const Napi::String name = Napi::String::New(env, "flambeau");
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, &self, on_ran, &self.ran) !=
      napi_ok) {
    throw std::runtime_error("the environment gives no thread-safe function");
  }
  napi_unref_threadsafe_function(env, self.ran);
  self.executor = std::make_unique<Executor>(
      [ran = self.ran] { napi_call_threadsafe_function(ran, nullptr, napi_tsfn_nonblocking); });
  napi_add_env_cleanup_hook(env, stop, &self);
}

/** record(): calls of run() are recorded from now on. */
void record(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    Instance& self = instance(info);
    check_not_recording(self, "runAsync was called inside runAsync");
    need_executor(info.Env(), self);
    self.recording = std::make_unique<Queue>(self.storages);
  });
}

/** recorded(): how many calls were. */
Napi::Value recorded(const Napi::CallbackInfo& info) {
  const Instance& self = instance(info);
  return Napi::Number::New(info.Env(), self.recording ? static_cast<double>(self.recording->size()) : 0);
}

/** discard(): no more, and none of them is run. */
void discard(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    const std::unique_ptr<Queue> queue = std::move(instance(info).recording);
    if (queue) queue->discard();
  });
}

/** start(callback): no more; runs them on another thread, and calls callback(code, message, kernel, call) afterwards.
 */
void start(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    Instance& self = instance(info);
    if (info.Length() < 1 || !info[0].IsFunction()) throw std::invalid_argument("start: expected a function");
    std::unique_ptr<Queue> queue = std::move(self.recording);
    if (!queue) throw std::invalid_argument("start: nothing was recorded");
    queue->start();
    napi_create_reference(info.Env(), info[0], 1, &queue->callback);
    try {
      self.executor->start(queue);
    } catch (const std::system_error&) {
      napi_delete_reference(info.Env(), queue->callback);
      queue->discard();
      throw;
    }
    if (self.queues++ == 0) napi_ref_threadsafe_function(info.Env(), self.ran);
  });
}

}  // namespace

void add_async_entries(Napi::Env env, Napi::Object exports, Instance& self) {
  const auto add = [&](const char* name, auto f) { exports.Set(name, Napi::Function::New(env, f, name, &self)); };
  add("record", record);
  add("recorded", recorded);
  add("start", start);
  add("discard", discard);
}

}  // namespace flambeau
