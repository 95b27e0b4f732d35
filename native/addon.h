// What the files of the Node-API surface share: an environment's instance, errors, arguments. Used by addon.cc and
// addon_devices.cc, addon_async.cc.
#pragma once
#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "backend.h"
#include "device.h"
#include "errors.h"
#include "napi.h"
#include "queue.h"
#include "reader.h"
#include "storage.h"

namespace flambeau {

/** What the addon owns in one JavaScript environment (the main thread, or a worker). */
struct Instance {
  explicit Instance(napi_env env);

  StorageTable storages;
  Reader reader;
  std::vector<Kernel> kernels = cpu_backend().table.kernels();
  std::vector<uint32_t> optional;               // which operands each does without, as bits
  std::vector<int> device_kernels;              // the number of each in the device backend, -1 where it has none
  napi_ref figures = nullptr, words = nullptr;  // strong: the arrays that native reads and writes
  napi_ref canary = nullptr;                    // weak
  double group = 0;                             // whose worker this environment is, see shared.h
  std::unique_ptr<Queue> recording;             // where run() puts its calls meanwhile, see addon_async.cc
  std::unique_ptr<Executor> executor;
  napi_threadsafe_function ran = nullptr;  // what the executor calls
  int64_t queues = 0;                      // started and not finished
};

/** Of the exports that a function belongs to: a library that is loaded twice may have loaded the addon twice, too. */
inline Instance& instance(const Napi::CallbackInfo& info) { return *static_cast<Instance*>(info.Data()); }

/** Codes that lib/dispatch.ts turns into the error classes of the public API. */
inline void raise(napi_env env, const char* code, const char* message) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_error(env, code, message);
}

/** Runs `f`, turning C++ exceptions into JavaScript ones. Nothing may leave through the C boundary. */
template <class F>
void guarded(napi_env env, F&& f) noexcept {
  attempt(f, [env](const char* code, const char* message) { raise(env, code, message); });
}

inline double number_argument(const Napi::CallbackInfo& info, size_t i) {
  if (info.Length() <= i || !info[i].IsNumber()) throw std::invalid_argument("expected a number");
  return info[i].As<Napi::Number>().DoubleValue();
}
/** A whole number from 0 to `most`. */
inline int index_argument(const Napi::CallbackInfo& info, size_t i, double most = 0x7fffffff) {
  const double v = number_argument(info, i);
  if (!(v >= 0 && v <= most) || v != std::floor(v)) throw std::invalid_argument("expected a whole number");
  return static_cast<int>(v);
}

/** Bytes [offset, offset + count) of a storage, or PlanError. */
StorageTable::View bytes_at(Instance& self, double handle, double offset, double count);

/** Throws where calls are recorded, which `what` says cannot be part of them. */
inline void check_not_recording(const Instance& self, const char* what) {
  if (self.recording) throw NotNow(what);
}
/** Adds the entries of addon_async.cc. */
void add_async_entries(Napi::Env env, Napi::Object exports, Instance& self);

/** Adds the entries of addon_devices.cc. */
void add_device_entries(Napi::Env env, Napi::Object exports, Instance& self);

}  // namespace flambeau
