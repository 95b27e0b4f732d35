// See cudnn.h. Plans are kept for each shape: making one takes milliseconds. They are made by cuDNN's graphs, of one
// operation here, since its older functions take 30 microseconds of the host for each call.
#include "cudnn.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "cudnn_library.h"
#include "gemm.h"

namespace flambeau::cuda {
namespace {

std::atomic<bool> enabled{true}, benchmark{false}, deterministic{false}, allow_tf32{true};

/** An algorithm may take so much memory beside the operands. With "cudnnBenchmark" so many are timed. */
inline constexpr int64_t kMostMemory = int64_t{1} << 30;
/** Up to so much of it is kept for the stream's next one: results, which JavaScript holds for a while, would be put
 * into it meanwhile, and each call would ask the driver for another. */
inline constexpr int64_t kMostKept = int64_t{256} << 20;
inline constexpr int kMostTimed = 8, kMostFound = 32;

int cudnn_type(DType d) {
  switch (d) {
    case DType::f32: return kFloat;
    case DType::f64: return kDouble;
    case DType::f16: return kHalf;
    default: return kBFloat16;
  }
}

inline constexpr int kDims = 5;
/** Sizes and strides as cuDNN wants them: 4 or 5 dims, a stride for dims of one element too. */
struct Sizes {
  int ndim = 0;
  std::array<int64_t, kDims> size{}, stride{};
};

/** The dims of a dense tensor from the innermost on: as they are, or with the channels, the second, innermost. */
std::array<int, kDims> inner_first(int ndim, bool last) {
  std::array<int, kDims> order{};
  size_t at = 0;
  if (last) order[at++] = 1;
  for (int d = ndim - 1; d >= (last ? 2 : 1); d--) order[at++] = d;
  return order;  // and the images, 0, outermost
}

/** Whether the dims follow each other without gaps in that order; those of one element may be anywhere. */
bool is_dense(const Operand& x, bool last) {
  int64_t expected = 1;
  const std::array<int, kDims> order = inner_first(x.ndim, last);
  for (int i = 0; i < x.ndim; i++) {
    const int d = order[static_cast<size_t>(i)];
    if (x.sizes[d] == 1) continue;
    if (x.strides[d] != expected) return false;
    expected *= x.sizes[d];
  }
  return true;
}

/** The strides of a dense tensor with its dims in that order. */
void lay(const Operand& x, bool last, int64_t* strides) {
  int64_t next = 1;
  const std::array<int, kDims> order = inner_first(x.ndim, last);
  for (int i = 0; i < x.ndim; i++) {
    const int d = order[static_cast<size_t>(i)];
    strides[d] = next;
    next *= x.sizes[d];
  }
}

/** Reads an operand; false if a stride is 0, or a number does not fit. */
bool read_sizes(const Operand& x, bool last, Sizes& out) {
  constexpr int64_t most = (int64_t{1} << 31) - 1;
  std::array<int64_t, kDims> strides{};
  int64_t next = 1, numel = 1;
  const std::array<int, kDims> order = inner_first(x.ndim, last);
  for (int i = 0; i < x.ndim; i++) {
    const int d = order[static_cast<size_t>(i)];
    const auto at = static_cast<size_t>(d);
    strides[at] = x.sizes[d] == 1 ? next : x.strides[d];
    if (strides[at] <= 0 || strides[at] > most || x.sizes[d] > most) return false;
    next = std::max(next, strides[at] * x.sizes[d]);
    numel *= x.sizes[d];
  }
  if (numel == 0 || numel > most || next > most) return false;
  const int extra = x.ndim == 3 ? 1 : 0;  // a row is a picture of one row
  out.ndim = x.ndim + extra;
  for (int d = 0; d < x.ndim; d++) {
    const auto to = static_cast<size_t>(d < 2 ? d : d + extra), from = static_cast<size_t>(d);
    out.size[to] = x.sizes[d];
    out.stride[to] = strides[from];
  }
  if (extra) {
    out.size[2] = 1;
    out.stride[2] = strides[2] * x.sizes[2];
  }
  return true;
}

/** What is known of a shape: how it is computed, if cuDNN takes it. What a plan was made of stays with it. */
struct Prepared {
  std::vector<Descriptor> parts;
  Descriptor plan;
  int64_t memory = 0;
  bool takes = false;
  // the pointers that came last: in a training loop they come again
  Descriptor pack;
  std::array<const void*, 4> packed{};

  void run(Cudnn::Handle handle, const std::array<std::byte*, 3>& data, void* workspace);
};

/** A convolution whose operands cuDNN can be told of. */
struct Call {
  const Convolution& c;
  bool last;  // channels are the innermost dim of all
  Sizes x, w, y;
  std::array<int64_t, 3> stride{}, pad{}, dilation{};

  explicit Call(const Convolution& c)
      : c(c), last(!(is_dense(c.x, false) && is_dense(c.y, false)) && is_dense(c.x, true) && is_dense(c.y, true)) {}

  /** Fills in the rest; false if it cannot be told. The weight has the same order of dims as the pictures. */
  bool read() {
    Operand weight = c.w;
    int64_t strides[kDims];
    lay(c.w, last, strides);
    weight.strides = strides;
    if (!read_sizes(c.x, last, x) || !read_sizes(c.y, last, y) || !read_sizes(weight, last, w)) return false;
    const int extra = x.ndim - c.x.ndim;
    for (int d = 0; d < x.ndim - 2; d++) {
      const auto i = static_cast<size_t>(d), at = i + 2;
      const bool made = d < extra;
      stride[i] = made ? 1 : c.stride[d - extra];
      pad[i] = made ? 0 : c.pad[d - extra];
      dilation[i] = made ? 1 : c.dilation[d - extra];
      // a gradient of an input may be larger than what reaches the output
      const int64_t room = x.size[at] + 2 * pad[i] - dilation[i] * (w.size[at] - 1) - 1;
      if (room < 0 || y.size[at] != room / stride[i] + 1) return false;
    }
    return true;
  }

  std::vector<int64_t> key(const std::array<std::byte*, 3>& data) const {
    std::vector<int64_t> k{
        current().device, static_cast<int>(c.result), static_cast<int>(c.x.dtype), x.ndim, allow_tf32, deterministic,
        benchmark};
    k.reserve(64);
    for (const Sizes* s : {&x, &w, &y}) {
      k.insert(k.end(), s->size.begin(), s->size.end());
      k.insert(k.end(), s->stride.begin(), s->stride.end());
    }
    for (const auto* list : {&stride, &pad, &dilation}) k.insert(k.end(), list->begin(), list->end());
    for (const std::byte* at : data) k.push_back(alignment(at));
    return k;
  }

  /** Bytes that a pointer is a multiple of, as far as vectors reach. */
  static int64_t alignment(const std::byte* at) {
    const auto bits = static_cast<int64_t>(reinterpret_cast<uintptr_t>(at));
    return std::min<int64_t>(16, bits & -bits);
  }
};

/** A graph of one operation: the convolution. The operands are numbered 0 to 2: x, w, y. */
Descriptor describe(Cudnn::Handle handle, const Call& call, const std::array<std::byte*, 3>& data,
                    std::vector<Descriptor>& parts) {
  const DType dtype = call.c.x.dtype;
  const int type = cudnn_type(dtype), sums = dtype == DType::f64 ? kDouble : kFloat;
  const auto which = static_cast<size_t>(call.c.result);
  const auto& [alpha, beta, of, x, w, y] = kOperands[which];
  Descriptor operation(kOperation[which]);
  int64_t id = 0;
  for (const auto& [sizes, attribute] : {std::pair{&call.x, x}, std::pair{&call.w, w}, std::pair{&call.y, y}}) {
    const auto n = static_cast<size_t>(sizes->ndim);
    Descriptor tensor(kTensor);
    tensor.set(kTensorType, kDataType, type)
        .set(kTensorSizes, kInt64, sizes->size.data(), n)
        .set(kTensorStrides, kInt64, sizes->stride.data(), n)
        .set(kTensorId, kInt64, id)
        .set(kTensorAlignment, kInt64, Call::alignment(data[static_cast<size_t>(id)]))
        .finish();
    operation.set(attribute, tensor);
    parts.push_back(std::move(tensor));
    id++;
  }
  const auto dims = static_cast<size_t>(call.x.ndim - 2);
  Descriptor convolution(kConvolution);
  convolution.set(kSpatialDims, kInt64, static_cast<int64_t>(dims))
      .set(kComputeType, kDataType, sums)
      .set(kMode, kConvolutionMode, kCrossCorrelation)
      .set(kPadsBefore, kInt64, call.pad.data(), dims)
      .set(kPadsAfter, kInt64, call.pad.data(), dims)
      .set(kStrides, kInt64, call.stride.data(), dims)
      .set(kDilations, kInt64, call.dilation.data(), dims)
      .finish();
  operation.set(of, convolution);
  if (sums == kDouble)
    operation.set(alpha, kFloat64, 1.0).set(beta, kFloat64, 0.0);
  else
    operation.set(alpha, kFloat32, 1.0F).set(beta, kFloat32, 0.0F);
  operation.finish();
  Descriptor graph(kGraph);
  graph.set(kGraphHandle, kHandle, handle).set(kGraphOperations, operation).finish();
  parts.push_back(std::move(convolution));
  parts.push_back(std::move(operation));
  return graph;
}

/** Whether an engine computes as it is to: in a fixed order, in whole float32 where TF32 is not wanted. */
bool fits(const Descriptor& config, DType dtype) {
  Descriptor engine(kEngine);
  void* at = engine.get();
  int64_t count = 0;
  expect("asking for an engine", cudnn().get(config.get(), kConfigEngine, kDescriptor, 1, &count, &at));
  int notes[kNotes] = {};
  expect("asking for notes", cudnn().get(engine.get(), kEngineNotes, kNote, kNotes, &count, notes));
  for (const int note : std::vector<int>(notes, notes + std::min<int64_t>(count, kNotes))) {
    if (note == kReducedSums || (note == kNondeterministic && deterministic)) return false;
    if (dtype == DType::f32 && (note == kDownConverts || (note == kTensorCore && !allow_tf32))) return false;
  }
  return true;
}

/** The engines that are thought of for a graph, the quickest first. */
std::vector<Descriptor> configs_of(const Descriptor& graph, int mode) {
  Descriptor heuristics(kHeuristics);
  heuristics.set(kHeuristicsGraph, graph).set(kHeuristicsMode, kHeuristic, mode).finish();
  std::vector<Descriptor> configs;
  std::vector<void*> at;
  for (int i = 0; i < kMostFound; i++) at.push_back(configs.emplace_back(kConfig).get());
  int64_t count = 0;
  expect("asking for engines",
         cudnn().get(heuristics.get(), kHeuristicsResults, kDescriptor, kMostFound, &count, at.data()));
  configs.erase(configs.begin() + std::min<int64_t>(count, kMostFound), configs.end());
  return configs;
}

/** A plan for an engine; false if it does not take the shape after all. */
bool make_plan(Cudnn::Handle handle, Descriptor& config, Prepared& out) {
  try {
    Descriptor plan(kPlan);
    plan.set(kPlanHandle, kHandle, handle).set(kPlanConfig, config).finish();
    int64_t count = 0, memory = 0;
    expect("asking for the memory", cudnn().get(plan.get(), kPlanMemory, kInt64, 1, &count, &memory));
    if (memory > kMostMemory) return false;
    out.plan = std::move(plan);
    out.memory = memory;
    out.parts.push_back(std::move(config));
    return out.takes = true;
  } catch (const Refused&) {
    return false;
  }
}

/** Milliseconds of the second of two runs; more than any if it does not run. */
float time_of(Cudnn::Handle handle, Prepared& p, const std::array<std::byte*, 3>& data) {
  cudaEvent_t from = nullptr, to = nullptr;
  check(cudaEventCreate(&from), "cudaEventCreate");
  check(cudaEventCreate(&to), "cudaEventCreate");
  float ms = std::numeric_limits<float>::max();
  try {
    const Temporary memory(static_cast<size_t>(std::max<int64_t>(1, p.memory)));
    p.run(handle, data, memory.as<void>());
    check(cudaEventRecord(from, current().stream), "cudaEventRecord");
    p.run(handle, data, memory.as<void>());
    check(cudaEventRecord(to, current().stream), "cudaEventRecord");
    check(cudaEventSynchronize(to), "cudaEventSynchronize");
    check(cudaEventElapsedTime(&ms, from, to), "cudaEventElapsedTime");
  } catch (const Refused&) {
    // it runs on no such device: the next one may
  }
  check(cudaEventDestroy(from), "cudaEventDestroy");
  check(cudaEventDestroy(to), "cudaEventDestroy");
  return ms;
}

/** The first engine that takes the shape, or, with "cudnnBenchmark", the quickest of some. */
std::unique_ptr<Prepared> prepare(Cudnn::Handle handle, const Call& call, const std::array<std::byte*, 3>& data) {
  auto best = std::make_unique<Prepared>();
  float best_ms = std::numeric_limits<float>::max();
  int timed = 0;
  for (const int mode : {kGuess, kFallback}) {
    if (best->takes) break;
    try {
      auto out = std::make_unique<Prepared>();
      Descriptor graph = describe(handle, call, data, out->parts);
      std::vector<Descriptor> configs = configs_of(graph, mode);
      out->parts.push_back(std::move(graph));
      for (Descriptor& config : configs) {
        if (!fits(config, call.c.x.dtype) || !make_plan(handle, config, *out)) continue;
        if (!benchmark) return out;
        const float ms = time_of(handle, *out, data);
        if (ms < best_ms) {
          best_ms = ms;
          std::swap(best->plan, out->plan);
          best->memory = out->memory;
          best->takes = true;
        }
        out->pack = Descriptor();
        out->packed = {};
        if (++timed == kMostTimed) break;
      }
      // what the best plan was made of is among these
      for (Descriptor& part : out->parts) best->parts.push_back(std::move(part));
    } catch (const Refused&) {
      continue;
    }
  }
  return best;
}

void Prepared::run(Cudnn::Handle handle, const std::array<std::byte*, 3>& data, void* workspace) {
  const std::array<const void*, 4> now{data[0], data[1], data[2], workspace};
  if (!pack.get() || packed != now) {
    constexpr int64_t ids[3] = {0, 1, 2};
    Descriptor made(kPack);
    made.set(kPackIds, kInt64, ids, 3)
        .set(kPackPointers, kPointer, now.data(), 3)
        .set(kPackMemory, kPointer, workspace)
        .finish();
    pack = std::move(made);
    packed = now;
  }
  expect("a convolution", cudnn().execute(handle, plan.get(), pack.get()));
}

/** Memory of a stream for what runs there, one after the other. */
struct Kept {
  int64_t bytes = 0;
  std::unique_ptr<Temporary> memory;
  void* grown(int64_t wanted) {
    if (wanted > bytes || !memory) {
      memory.reset();
      memory = std::make_unique<Temporary>(static_cast<size_t>(std::max<int64_t>(1, wanted)));
      bytes = wanted;
    }
    return memory->as<void>();
  }
};

/** Of all devices, under one lock. Handles are the driver's to free at exit, as the GPUs' memory. */
struct State {
  std::mutex lock;
  std::map<std::pair<int, cudaStream_t>, Kept> kept;
  std::map<int, std::pair<Cudnn::Handle, std::optional<cudaStream_t>>> handles;  // and their streams
  std::map<std::vector<int64_t>, std::unique_ptr<Prepared>> shapes;
};
State& state() {
  static State& all = *std::make_unique<State>().release();  // outlives what is called at exit
  return all;
}
inline constexpr size_t kMostShapes = 4096;  // then they are asked for anew: sizes that never come again do not pile up

/** result += bias, rounded once more, as in PyTorch. */
void add_bias(const Convolution& c, const Operand& result, bool last) {
  Product p;
  p.dtype = result.dtype;
  p.batch = result.sizes[0];
  int64_t pixels = 1;
  for (int d = 2; d < result.ndim; d++) pixels *= result.sizes[d];
  const int64_t channels = result.sizes[1];
  p.m = last ? pixels : channels;
  p.n = last ? channels : pixels;
  p.c = {result.data, channels * pixels, last ? channels : pixels, 1};
  p.beta = 1;
  p.bias = c.bias.data;
  (last ? p.bias_col : p.bias_row) = c.bias.strides[0];
  add_partials(p, nullptr, 0);
}

}  // namespace

bool convolve_by_cudnn(const Convolution& c) {
  if (!enabled || !cudnn().there) return false;
  Call call(c);
  const Operand& result = c.result == ConvResult::Output ? c.y : c.x;
  if (!call.read() || (c.bias && !is_dense(result, call.last))) return false;

  // the weight, or its gradient, in the order that the pictures have
  std::unique_ptr<Temporary> copy;
  std::byte* weight = device_data<std::byte>(c.w);
  int64_t strides[kDims];
  lay(c.w, call.last, strides);
  if (!is_dense(c.w, call.last)) {
    copy = std::make_unique<Temporary>(static_cast<size_t>(c.w.numel()) * item_size(c.w.dtype));
    if (c.result != ConvResult::Weight)
      move_elements(c.w.dtype, c.w.ndim, c.w.sizes, copy->as<>(), strides, weight, c.w.strides);
    weight = copy->as<>();
  }
  const std::array<std::byte*, 3> data{device_data<std::byte>(c.x), weight, device_data<std::byte>(c.y)};
  {
    State& all = state();
    const std::lock_guard<std::mutex> hold(all.lock);
    auto& [handle, stream] = all.handles[current().device];
    if (!handle)
      if (const int status = cudnn().create(&handle)) fail("cudnnCreate", status);
    if (!stream || *stream != current().stream) {
      stream.reset();
      if (const int status = cudnn().set_stream(handle, current().stream)) fail("cudnnSetStream", status);
      stream = current().stream;
    }
    if (all.shapes.size() >= kMostShapes) all.shapes.clear();
    std::unique_ptr<Prepared>& known = all.shapes[call.key(data)];
    if (!known) known = prepare(handle, call, data);
    if (!known->takes) return false;
    Kept once;
    Kept& kept = known->memory > kMostKept ? once : all.kept[{current().device, current().stream}];
    try {
      known->run(handle, data, kept.grown(known->memory));
    } catch (const Refused&) {
      known->takes = false;  // nothing was done
      return false;
    }
  }
  if (copy && c.result == ConvResult::Weight)
    move_elements(c.w.dtype, c.w.ndim, c.w.sizes, device_data<std::byte>(c.w), c.w.strides, weight, strides);
  if (c.bias) add_bias(c, result, call.last);
  return true;
}

bool set_cudnn_option(std::string_view name, bool value) {
  for (const auto& [known, at] :
       {std::pair{"cudnnEnabled", &enabled}, std::pair{"cudnnBenchmark", &benchmark},
        std::pair{"cudnnDeterministic", &deterministic}, std::pair{"cudnnAllowTf32", &allow_tf32}})
    if (name == known) {
      *at = value;
      return true;
    }
  return false;
}

void drop_cudnn_memory() {
  State& all = state();
  const std::lock_guard<std::mutex> hold(all.lock);
  all.kept.clear();
}

LibraryInfo cudnn_info() { return cudnn().info; }

}  // namespace flambeau::cuda
