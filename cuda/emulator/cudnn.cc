// See cudnn.h: plain sums over the taps. Three engines are thought of for a graph: one that does what it must not, one
// that takes nothing, and the one that computes. Operands are checked against their allocations when the work runs, in
// the order of its stream, and fresh memory that nobody wrote is not a number.
#include "cudnn.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "elements.h"
#include "runtime.h"

namespace flambeau::emulator {
using namespace FLAMBEAU_LEVEL;
namespace {

enum Status { kSuccess = 0, kBadParameter = 2000, kNotSupported = 3000, kExecutionFailed = 5000 };
inline constexpr size_t kDims = 5;
using Numbers = std::array<int64_t, kDims>;

/** A tensor's or a weight's. */
struct Shape {
  int type = 0, ndim = 0;
  Numbers size{}, stride{};
  int64_t reach() const {
    int64_t last = 0;
    for (size_t d = 0; d < static_cast<size_t>(ndim); d++) last += (size[d] - 1) * stride[d];
    return last + 1;
  }
  size_t item() const { return element_size(type); }
};
struct Convolution {
  int dims = 0;
  int64_t groups = 1;
  Numbers pad{}, stride{}, dilation{};
};
struct Handle {
  Stream* stream = nullptr;
};

/** A descriptor: what was set, by the number of the attribute. */
struct Node {
  int kind = 0;
  bool finished = false;
  std::map<int, std::vector<std::byte>> attributes;
  int engine = 0;  // of a configuration

  template <class T>
  std::vector<T> list(int attribute) const {
    const auto at = attributes.find(attribute);
    if (at == attributes.end()) return {};
    std::vector<T> out(at->second.size() / sizeof(T));
    std::memcpy(static_cast<void*>(out.data()), at->second.data(), out.size() * sizeof(T));
    return out;
  }
  template <class T>
  T one(int attribute) const {
    const std::vector<T> all = list<T>(attribute);
    return all.empty() ? T{} : all[0];
  }
};

int create(void** at) {
  *at = std::make_unique<Handle>().release();
  return kSuccess;
}
size_t version() { return 90000; }
int set_stream(void* handle, void* stream) {
  const std::lock_guard<std::recursive_mutex> hold(Runtime::get().lock);
  static_cast<Handle*>(handle)->stream = Runtime::get().stream(stream);
  return kSuccess;
}
int make(int kind, void** at) {
  auto node = std::make_unique<Node>();
  node->kind = kind;
  *at = node.release();
  return kSuccess;
}
int drop(void* at) {
  const std::unique_ptr<Node> owner(static_cast<Node*>(at));
  return kSuccess;
}
/** Bytes of an element of cudnnBackendAttributeType_t. */
size_t bytes_of(int form) { return form == 1 || form == 4 || form == 7 || form == 8 || form == 11 ? 4 : 8; }
int set(void* at, int attribute, int form, int64_t count, const void* values) {
  Node& node = *static_cast<Node*>(at);
  if (node.finished) return kBadParameter;
  const auto* from = static_cast<const std::byte*>(values);
  node.attributes[attribute] = std::vector<std::byte>(from, from + static_cast<size_t>(count) * bytes_of(form));
  return kSuccess;
}
/** The second engine of the two that are thought of takes nothing, so that callers must go on to the next. */
int finalize(void* at) {
  Node& node = *static_cast<Node*>(at);
  if (node.kind == 5 && node.one<Node*>(401)->engine == 1) return kNotSupported;
  for (const int64_t stride : node.list<int64_t>(903))
    if (stride < 1) return kBadParameter;
  node.finished = true;
  return kSuccess;
}
int get(void* at, int attribute, int form, int64_t most, int64_t* count, void* out) {
  const Node& node = *static_cast<Node*>(at);
  *count = 1;
  if (attribute == 402) {  // memory of a plan
    *static_cast<int64_t*>(out) = 64;
  } else if (attribute == 300) {  // engine of a configuration
    (*static_cast<Node**>(out))->engine = node.engine;
  } else if (attribute == 1303) {  // notes: the first engine adds up in halves, the last is as it should be
    *count = node.engine == 0 ? 1 : 0;
    if (*count == 1) *static_cast<int*>(out) = 2;
  } else if (attribute == 202) {  // configurations
    *count = std::min<int64_t>(most, 3);
    for (int i = 0; i < *count; i++) {
      Node& config = *static_cast<Node**>(out)[i];
      config.engine = i;
      config.attributes[801] = node.attributes.at(201);
    }
  } else {
    return kBadParameter;
  }
  return form == 3 || form == 11 || form == 15 ? kSuccess : kBadParameter;
}

// ---- the sums

struct Picture {
  Shape shape;
  const void* address = nullptr;
  std::byte* bytes = nullptr;
  bool find(int device) {
    const auto at = reinterpret_cast<uint64_t>(address);
    DeviceMemory& memory = DeviceMemory::get();
    if (memory.find(at).device != device) return false;
    bytes = memory.translate(at, static_cast<size_t>(shape.reach()) * shape.item());
    return bytes != nullptr;
  }
  void visit(auto&& f) const {
    Numbers at{};
    for (;;) {
      int64_t place = 0;
      for (size_t d = 0; d < kDims; d++) place += at[d] * shape.stride[d];
      f(at, place);
      size_t d = static_cast<size_t>(shape.ndim);
      while (d > 0 && ++at[d - 1] == shape.size[d - 1]) at[--d] = 0;
      if (d == 0) return;
    }
  }
};

/** x, w and y, and which of them is computed: 2 of y, 1 of x, 0 of w. */
struct Call {
  Convolution c;
  Picture x, w, y;
  int result, device;

  /** All that meets: f(place in x, place in w, place in y). */
  void meet(auto&& f) const {
    const int64_t group_in = w.shape.size[1], group_out = w.shape.size[0] / c.groups;
    y.visit([&](const Numbers& at, int64_t to) {
      w.visit([&](const Numbers& tap, int64_t weight) {
        if (tap[0] != at[1]) return;
        int64_t from = at[0] * x.shape.stride[0] + (at[1] / group_out * group_in + tap[1]) * x.shape.stride[1];
        for (size_t d = 0; d < static_cast<size_t>(c.dims); d++) {
          const int64_t i = at[d + 2] * c.stride[d] - c.pad[d] + tap[d + 2] * c.dilation[d];
          if (i < 0 || i >= x.shape.size[d + 2]) return;
          from += i * x.shape.stride[d + 2];
        }
        f(from, weight, to);
      });
    });
  }
  void run() {
    for (Picture* p : {&x, &w, &y}) {
      if (p->find(device)) continue;
      Runtime::get().fault(700, "cuDNN: an operand is not inside one allocation of the device");
      return;
    }
    const Picture& to = result == 2 ? y : result == 1 ? x : w;
    std::vector<double> sums(static_cast<size_t>(to.shape.reach()));
    const auto read = [](const Picture& p, int64_t i) { return element(p.bytes, i, p.shape.type); };
    meet([&](int64_t from, int64_t weight, int64_t at) {
      if (result == 2) sums[static_cast<size_t>(at)] += read(x, from) * read(w, weight);
      if (result == 1) sums[static_cast<size_t>(from)] += read(y, at) * read(w, weight);
      if (result == 0) sums[static_cast<size_t>(weight)] += read(y, at) * read(x, from);
    });
    to.visit([&](const Numbers&, int64_t i) {
      put(to.bytes, i, to.shape.type, sums[static_cast<size_t>(i)]);
      DeviceMemory::get().set_written(to.bytes + i * static_cast<int64_t>(to.shape.item()), to.shape.item());
    });
  }
};

int enqueue(void* handle, const Call& given) {
  Call call = given;
  // as the real one: channels of a group must match, and all be of one dtype
  if (call.x.shape.size[1] != call.w.shape.size[1] * call.c.groups || call.y.shape.size[1] != call.w.shape.size[0] ||
      call.x.shape.type != call.w.shape.type || call.x.shape.type != call.y.shape.type)
    return kBadParameter;
  Runtime& r = Runtime::get();
  const std::lock_guard<std::recursive_mutex> hold(r.lock);
  Stream* stream = static_cast<Handle*>(handle)->stream;
  if (stream == nullptr) stream = r.default_stream(Runtime::device());
  call.device = stream->device;
  r.enqueue(stream, "cuDNN", [call]() mutable {
    if (Runtime::get().sticky() == 0) call.run();
    return true;
  });
  return r.sticky() == 0 ? kSuccess : kExecutionFailed;
}

int execute(void* handle, void* plan, void* pack) {
  const Node* const graph = static_cast<Node*>(plan)->one<Node*>(401)->one<Node*>(801);
  const Node& op = *graph->one<Node*>(801);
  const Node& packed = *static_cast<Node*>(pack);
  // the convolution, x, w, y of each operation
  const std::array<int, 4> forward{702, 704, 703, 705}, data{708, 710, 709, 711}, weight{714, 716, 715, 717};
  const std::array<int, 4>& names = op.kind == 10 ? forward : op.kind == 12 ? data : weight;
  const auto picture = [&](int attribute) {
    const Node& tensor = *op.one<Node*>(attribute);
    Picture p;
    const std::vector<int64_t> sizes = tensor.list<int64_t>(902), strides = tensor.list<int64_t>(903);
    p.shape.type = tensor.one<int>(901);
    p.shape.ndim = static_cast<int>(sizes.size());
    std::copy(sizes.begin(), sizes.end(), p.shape.size.begin());
    std::copy(strides.begin(), strides.end(), p.shape.stride.begin());
    const std::vector<int64_t> ids = packed.list<int64_t>(1000);
    const auto at = std::find(ids.begin(), ids.end(), tensor.one<int64_t>(906)) - ids.begin();
    p.address = packed.list<void*>(1001)[static_cast<size_t>(at)];
    return p;
  };
  const Node& of = *op.one<Node*>(names[0]);
  Call call{{}, picture(names[1]), picture(names[2]), picture(names[3]), op.kind == 10 ? 2 : op.kind == 12 ? 1 : 0, 0};
  call.c.dims = static_cast<int>(of.one<int64_t>(106));
  for (const auto& [attribute, to] :
       {std::pair{105, &call.c.pad}, std::pair{103, &call.c.stride}, std::pair{102, &call.c.dilation}}) {
    const std::vector<int64_t> values = of.list<int64_t>(attribute);
    std::copy(values.begin(), values.end(), to->begin());
  }
  call.c.groups = call.x.shape.size[1] / call.w.shape.size[1];
  return enqueue(handle, call);
}

}  // namespace

void* emulator_cudnn(const char* name) {
  const auto as = [](auto* f) { return reinterpret_cast<void*>(f); };
  const struct {
    std::string_view name;
    void* function;
  } all[] = {
      {"cudnnCreate", as(create)},
      {"cudnnSetStream", as(set_stream)},
      {"cudnnGetVersion", as(version)},
      {"cudnnBackendCreateDescriptor", as(make)},
      {"cudnnBackendDestroyDescriptor", as(drop)},
      {"cudnnBackendFinalize", as(finalize)},
      {"cudnnBackendSetAttribute", as(set)},
      {"cudnnBackendGetAttribute", as(get)},
      {"cudnnBackendExecute", as(execute)},
  };
  for (const auto& f : all)
    if (f.name == name) return f.function;
  return nullptr;
}

}  // namespace flambeau::emulator
