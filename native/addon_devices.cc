// The part of the Node-API surface that GPUs need; lib/cuda/native.ts is its typed mirror. loadBackend() opens the
// backend's library and gives its functions as an object.
#include <cstring>
#include <memory>

#include "addon.h"
#include "device_call.h"

namespace flambeau {
namespace {

DeviceBackend& backend() {
  if (!device_backend()) throw std::runtime_error("no device backend is loaded");
  return *device_backend();
}
/** An index of a GPU as an argument. */
int gpu(const Napi::CallbackInfo& info, size_t i) { return index_argument(info, i, backend().devices() - 1); }

Napi::Object as_object(Napi::Env env, const Figures& figures) {
  Napi::Object out = Napi::Object::New(env);
  for (const auto& [name, value] : figures) out.Set(name, value);
  return out;
}

using Entry = Napi::Value (*)(const Napi::CallbackInfo& info);
/** A function of the addon; the road of its errors is in the file once. */
[[gnu::noinline]] void add_entry(Napi::Env env, Instance& self, Napi::Object to, const char* name, Entry f) {
  const auto call = [f](const Napi::CallbackInfo& info) -> Napi::Value {
    Napi::Value out = info.Env().Undefined();
    guarded(info.Env(), [&] { out = f(info); });
    return out;
  };
  to.Set(name, Napi::Function::New(env, call, name, &self));
}
/** That gives what `F{}(info)` gives, or nothing. */
template <class F>
Napi::Value result_of(const Napi::CallbackInfo& info) {
  if constexpr (std::is_void_v<decltype(F{}(info))>) {
    F{}(info);
    return info.Env().Undefined();
  } else {
    return Napi::Value::From(info.Env(), F{}(info));
  }
}

Napi::Value status(const Napi::CallbackInfo& info) {
  Napi::Object out = Napi::Object::New(info.Env());
  out.Set("devices", backend().devices());
  if (backend().devices() > 0)
    out.Set("reason", info.Env().Null());
  else
    out.Set("reason", backend().reason());
  return out;
}

Napi::Value properties(const Napi::CallbackInfo& info) {
  const DeviceProperties p = backend().properties(gpu(info, 0));
  Napi::Object out = as_object(info.Env(), p.figures);
  out.Set("name", p.name);
  out.Set("uuid", p.uuid);
  out.Set("pciBusId", p.pci_bus_id);
  return out;
}

Napi::Value libraries(const Napi::CallbackInfo& info) {
  Napi::Array out = Napi::Array::New(info.Env());
  for (const LibraryInfo& library : backend().libraries()) {
    Napi::Object row = Napi::Object::New(info.Env());
    row.Set("name", library.name);
    row.Set("version", library.version);
    row.Set("path", library.path);
    row.Set("reason", library.reason);
    out.Set(out.Length(), row);
  }
  return out;
}

Napi::Value architectures(const Napi::CallbackInfo& info) {
  Napi::Array out = Napi::Array::New(info.Env());
  for (const std::string& name : backend().architectures()) out.Set(out.Length(), name);
  return out;
}

Napi::Value memory_info(const Napi::CallbackInfo& info) {
  const auto [available, total] = backend().memory_info(gpu(info, 0));
  Napi::Array out = Napi::Array::New(info.Env(), 2);
  out.Set(0u, static_cast<double>(available));
  out.Set(1u, static_cast<double>(total));
  return out;
}

/** Waits on a thread of the pool for bytes that a device sends, then resolves with an ArrayBuffer. */
class AsyncRead : public Napi::AsyncWorker {
 public:
  AsyncRead(Napi::Env env, std::unique_ptr<PendingRead> pending, size_t bytes)
      : AsyncWorker(env, "flambeau"),
        deferred_(Napi::Promise::Deferred::New(env)),
        pending_(std::move(pending)),
        bytes_(bytes) {}
  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    try {
      if (pending_) pending_->wait(bytes_.data());
    } catch (const std::out_of_range& e) {
      code_ = "FLAMBEAU_INDEX";
      SetError(e.what());
    } catch (const std::exception& e) {
      code_ = "FLAMBEAU_CUDA";
      SetError(e.what());
    }
    pending_.reset();
  }
  void OnOK() override {
    Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(Env(), bytes_.size());
    if (!bytes_.empty()) std::memcpy(buffer.Data(), bytes_.data(), bytes_.size());
    deferred_.Resolve(buffer);
  }
  void OnError(const Napi::Error& error) override {
    error.Value().Set("code", code_);
    deferred_.Reject(error.Value());
  }

 private:
  Napi::Promise::Deferred deferred_;
  std::unique_ptr<PendingRead> pending_;
  std::vector<std::byte> bytes_;
  const char* code_ = "";
};

/** readAsync(handle, byteOffset, bytes): a promise of an ArrayBuffer with what the storage holds once the work queued
 * so far is done. */
Napi::Value read_async(const Napi::CallbackInfo& info) {
  const double bytes = number_argument(info, 2);
  const StorageTable::View at = bytes_at(instance(info), number_argument(info, 0), number_argument(info, 1), bytes);
  if (at.device == 0) throw std::invalid_argument("readAsync: the storage is on the CPU");
  std::unique_ptr<PendingRead> pending;
  if (at.bytes > 0) pending.reset(backend().begin_read(at.data, at.device - 1, at.bytes));
  auto* work = std::make_unique<AsyncRead>(info.Env(), std::move(pending), at.bytes).release();  // deletes itself
  const Napi::Promise promise = work->promise();
  work->Queue();
  return promise;
}

/** copyBytes(to, toByte, from, fromByte, bytes, nonBlocking): between storages of any two devices. */
void copy_bytes(const Napi::CallbackInfo& info) {
  Instance& self = instance(info);
  check_not_recording(self, "copies between devices cannot be part of runAsync");
  const double bytes = number_argument(info, 4);
  const StorageTable::View to = bytes_at(self, number_argument(info, 0), number_argument(info, 1), bytes);
  const StorageTable::View from = bytes_at(self, number_argument(info, 2), number_argument(info, 3), bytes);
  const bool non_blocking = info.Length() > 5 && info[5].ToBoolean().Value();
  if (to.bytes == 0) return;
  if (to.device == 0 && from.device == 0)
    std::memmove(to.data, from.data, to.bytes);
  else
    backend().copy(to.data, to.device - 1, from.data, from.device - 1, to.bytes, non_blocking);
}

/** recordStream(handle, stream): a stream still uses the storage when it is freed. */
void record_stream(const Napi::CallbackInfo& info) {
  const StorageTable::View at = bytes_at(instance(info), number_argument(info, 0), 0, 0);
  if (at.device > 0) backend().record_stream(at.device - 1, at.data, index_argument(info, 1));
}

/** allocatePinned(bytes): an ArrayBuffer over page-locked memory; null where there is none, or where this JavaScript
 * has no buffers over memory that is not its own. */
Napi::Value allocate_pinned(const Napi::CallbackInfo& info) {
  const double bytes = number_argument(info, 0);
  if (!(bytes >= 1 && bytes <= 0x1p53)) throw std::invalid_argument("allocatePinned: expected bytes");
  std::byte* block = backend().get_pinned(static_cast<size_t>(bytes));
  if (!block) return info.Env().Null();
  const napi_finalize put = [](napi_env, void* data, void*) { backend().put_pinned(static_cast<std::byte*>(data)); };
  napi_value buffer = nullptr;
  if (napi_create_external_arraybuffer(info.Env(), block, static_cast<size_t>(bytes), put, nullptr, &buffer) !=
      napi_ok) {
    backend().put_pinned(block);
    return info.Env().Null();
  }
  return {info.Env(), buffer};
}

/** The numbers of a Float64Array. */
std::span<double> list_argument(const Napi::CallbackInfo& info, size_t i) {
  napi_typedarray_type type = napi_int8_array;
  size_t count = 0;
  void* data = nullptr;
  const napi_status status = napi_get_typedarray_info(info.Env(), info[i], &type, &count, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_float64_array) throw std::invalid_argument("expected a Float64Array");
  return {static_cast<double*>(data), count};
}
Memory find_memory(void* self, const double* triple) {
  const StorageTable::View at = bytes_at(*static_cast<Instance*>(self), triple[0], triple[1], triple[2]);
  return {static_cast<Instance*>(self)->storages.find(triple[0]).data, at.data, at.bytes, at.device - 1};
}
/** call(what, numbers, memory): see device_call.h. Gives how many numbers came of it. */
double call(const Napi::CallbackInfo& info) {
  Instance& self = instance(info);
  check_not_recording(self, "work between processes cannot be part of runAsync");
  if (!info[0].IsString()) throw std::invalid_argument("expected a string");
  return device_call()(info[0].As<Napi::String>(), list_argument(info, 1), list_argument(info, 2), find_memory, &self);
}

void fill(Napi::Env env, Instance& self, Napi::Object out) {
  using Info = const Napi::CallbackInfo&;
  const auto add = [&]<class F>(const char* name, F f) {
    if constexpr (std::is_same_v<F, Entry>)
      add_entry(env, self, out, name, f);
    else
      add_entry(env, self, out, name, result_of<F>);
  };
  add("status", status);
  add("properties", properties);
  add("libraries", libraries);
  add("architectures", architectures);
  add("memoryInfo", memory_info);
  add("memoryStats", [](Info info) { return as_object(info.Env(), backend().memory_stats(gpu(info, 0))); });
  add("resetPeaks", [](Info info) { backend().reset_peaks(gpu(info, 0)); });
  add("synchronize", [](Info info) { backend().synchronize(gpu(info, 0)); });
  add("readAsync", read_async);
  add("recordStream", [](Info info) { record_stream(info); });
  add("allocatePinned", allocate_pinned);
  add("call", [](Info info) { return call(info); });

  add("createStream", [](Info info) {
    return static_cast<double>(
        backend().create_stream(gpu(info, 0), static_cast<int>(std::clamp(number_argument(info, 1), -100.0, 100.0))));
  });
  add("destroyStream", [](Info info) { backend().destroy_stream(index_argument(info, 0)); });
  add("currentStream", [](Info info) { return static_cast<double>(backend().current_stream(gpu(info, 0))); });
  add("setStream", [](Info info) { backend().set_stream(gpu(info, 0), index_argument(info, 1)); });
  add("streamDone", [](Info info) { return backend().stream_done(gpu(info, 0), index_argument(info, 1)); });
  add("waitStream", [](Info info) { backend().wait_stream(gpu(info, 0), index_argument(info, 1)); });
  add("createEvent", [](Info info) {
    return static_cast<double>(backend().create_event(gpu(info, 0), info.Length() > 1 && info[1].ToBoolean().Value()));
  });
  add("destroyEvent", [](Info info) { backend().destroy_event(index_argument(info, 0)); });
  add("recordEvent",
      [](Info info) { backend().record_event(index_argument(info, 0), gpu(info, 1), index_argument(info, 2)); });
  add("eventDone", [](Info info) { return backend().event_done(index_argument(info, 0)); });
  add("waitEvent", [](Info info) { backend().wait_event(index_argument(info, 0)); });
  add("streamWaitEvent",
      [](Info info) { backend().stream_wait_event(gpu(info, 0), index_argument(info, 1), index_argument(info, 2)); });
  add("elapsed", [](Info info) { return backend().elapsed(index_argument(info, 0), index_argument(info, 1)); });
  add("setOption", [](Info info) {
    if (info.Length() < 1 || !info[0].IsString()) throw std::invalid_argument("expected a name");
    return backend().set_option(info[0].As<Napi::String>().Utf8Value(), number_argument(info, 1));
  });
}

/** loadBackend(path): opens the library, makes its kernels known to run(), and gives its functions. */
Napi::Value load_backend(const Napi::CallbackInfo& info) {
  if (info.Length() < 1 || !info[0].IsString()) throw std::invalid_argument("loadBackend: expected a path");
  const DeviceBackend& opened = open_backend(info[0].As<Napi::String>().Utf8Value());
  Instance& self = instance(info);
  const std::vector<std::string_view> names = opened.kernels();
  for (size_t k = 0; k < self.kernels.size(); k++) {
    const auto found = std::find(names.begin(), names.end(), self.kernels[k].name);
    self.device_kernels[k] = found == names.end() ? -1 : static_cast<int>(found - names.begin());
  }
  Napi::Object out = Napi::Object::New(info.Env());
  fill(info.Env(), self, out);
  return out;
}

}  // namespace

void add_device_entries(Napi::Env env, Napi::Object exports, Instance& self) {
  add_entry(env, self, exports, "loadBackend", load_backend);
  const auto copy = [](const Napi::CallbackInfo& info) { copy_bytes(info); };
  add_entry(env, self, exports, "copyBytes", result_of<decltype(copy)>);
}

}  // namespace flambeau
