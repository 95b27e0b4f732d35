// What the files of the Node-API surface share: an environment's instance, errors, arguments. Used by addon.cc and
// addon_devices.cc.
#pragma once
#include <algorithm>
#include <cmath>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "backend.h"
#include "device.h"
#include "napi.h"
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
  try {
    f();
  } catch (const PlanError& e) {
    raise(env, "FLAMBEAU_PLAN", e.what());
  } catch (const PlacementError& e) {
    raise(env, "FLAMBEAU_DEVICE", e.what());
  } catch (const DeviceFailure& e) {
    raise(env, "FLAMBEAU_CUDA", e.what());
  } catch (const std::out_of_range& e) {
    raise(env, "FLAMBEAU_INDEX", e.what());
  } catch (const std::domain_error& e) {
    raise(env, "FLAMBEAU_VALUE", e.what());
  } catch (const std::invalid_argument& e) {
    raise(env, "FLAMBEAU_VALUE", e.what());
  } catch (const std::bad_alloc&) {
    raise(env, "FLAMBEAU_MEMORY", "no memory for temporary results");
  } catch (const std::exception& e) {
    raise(env, "FLAMBEAU_INTERNAL", e.what());
  } catch (...) {
    raise(env, "FLAMBEAU_INTERNAL", "unknown native error");
  }
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

/** Adds the entries of addon_devices.cc. */
void add_device_entries(Napi::Env env, Napi::Object exports, Instance& self);

}  // namespace flambeau
