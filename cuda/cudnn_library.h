// cuDNN 9 as cudnn.cc uses it: the functions that make and run graphs of operations, and their numbers, stated here so
// that its headers are not needed. It is opened by name when it is first wanted.
#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "../native/device.h"

namespace flambeau::cuda {

/** cudnnStatus_t: from 2000 on what was asked for is not taken, from 4000 on something failed. */
inline constexpr int kRefused = 2000, kFailed = 4000;
/** cudnnBackendDescriptorType_t, cudnnBackendAttributeName_t and cudnnBackendAttributeType_t: those that are used. */
enum CudnnKind {
  kConvolution = 1,
  kEngine = 2,
  kConfig = 3,
  kHeuristics = 4,
  kPlan = 5,
  kGraph = 15,
  kPack = 16,
  kTensor = 17
};
/** The operations and the first of their attributes, by ConvResult: forward, data, weight. */
inline constexpr int kOperation[3] = {10, 12, 11};
enum CudnnAttribute {
  kComputeType = 100,
  kMode = 101,
  kDilations = 102,
  kStrides = 103,
  kPadsAfter = 104,
  kPadsBefore = 105,
  kSpatialDims = 106,
  kHeuristicsMode = 200,
  kHeuristicsGraph = 201,
  kHeuristicsResults = 202,
  kConfigEngine = 300,
  kPlanHandle = 400,
  kPlanConfig = 401,
  kPlanMemory = 402,
  kGraphHandle = 800,
  kGraphOperations = 801,
  kTensorAlignment = 900,
  kTensorType = 901,
  kTensorSizes = 902,
  kTensorStrides = 903,
  kTensorId = 906,
  kPackIds = 1000,
  kPackPointers = 1001,
  kPackMemory = 1003,
  kEngineNotes = 1303
};
/** alpha, beta, the convolution, x, w, y of each operation. */
inline constexpr int kOperands[3][6] = {
    {700, 701, 702, 704, 703, 705}, {706, 707, 708, 710, 709, 711}, {712, 713, 714, 716, 715, 717}};
enum CudnnForm {
  kHandle = 0,
  kDataType = 1,
  kInt64 = 3,
  kFloat32 = 4,
  kFloat64 = 5,
  kPointer = 6,
  kConvolutionMode = 7,
  kHeuristic = 8,
  kNote = 11,
  kDescriptor = 15
};
/** cudnnBackendNumericalNote_t: what an engine does to numbers. */
enum CudnnNote { kTensorCore = 0, kDownConverts = 1, kReducedSums = 2, kNondeterministic = 4, kNotes = 10 };
/** Rules of thumb that look at the shape, and engines that take nearly everything. */
inline constexpr int kGuess = 3, kFallback = 2, kCrossCorrelation = 1;
inline constexpr int kFloat = 0, kDouble = 1, kHalf = 2, kBFloat16 = 9;

/** The functions. */
struct Cudnn {
  using Handle = void*;
  int (*create)(Handle*) = nullptr;
  int (*set_stream)(Handle, cudaStream_t) = nullptr;
  int (*make)(int, void**) = nullptr;
  int (*drop)(void*) = nullptr;
  int (*finalize)(void*) = nullptr;
  int (*set)(void*, int, int, int64_t, const void*) = nullptr;
  int (*get)(void*, int, int, int64_t, int64_t*, void*) = nullptr;
  int (*execute)(Handle, void*, void*) = nullptr;
  size_t (*version)() = nullptr;
  LibraryInfo info{"cuDNN", "", "", ""};
  bool there = false;

  Cudnn();

 private:
  template <class Take>
  bool take_all(Take&& take);
};
Cudnn& cudnn();

/** Thrown where cuDNN does not take something. */
struct Refused {};
[[noreturn]] void fail(const char* what, int status);
/** Throws Refused or, where something broke, DeviceFailure, unless the status is success. */
void expect(const char* what, int status);

/** Anything that cuDNN is told of: made, described by attributes, finished. */
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int kind) { expect("making a descriptor", cudnn().make(kind, &at_)); }
  ~Descriptor() {
    if (at_) cudnn().drop(at_);
  }
  Descriptor(Descriptor&& other) noexcept : at_(std::exchange(other.at_, nullptr)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(at_, other.at_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  void* get() const { return at_; }

  template <class T>
  Descriptor& set(int attribute, int form, const T* values, size_t count) {
    expect("setting an attribute", cudnn().set(at_, attribute, form, static_cast<int64_t>(count), values));
    return *this;
  }
  template <class T>
  Descriptor& set(int attribute, int form, const T& value) {
    return set(attribute, form, &value, 1);
  }
  Descriptor& set(int attribute, const Descriptor& value) { return set<void*>(attribute, kDescriptor, value.at_); }
  Descriptor& finish() {
    expect("finishing a descriptor", cudnn().finalize(at_));
    return *this;
  }

 private:
  void* at_ = nullptr;
};

}  // namespace flambeau::cuda
