#include "reader.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

#include "plan_copy.h"

namespace flambeau {
namespace {

// Markers in the place of a handle.
constexpr double kScalar = -1, kAbsent = -2;
constexpr double kMaxIterations = 0x1p48;
/** Above this, an iteration space must be backed by elements that exist: stride 0 must not make an endless loop. */
constexpr double kFreeIterations = 0x1p32;
/** Of all sizes but zeros: partial products must not overflow either. */
constexpr double kMaxProduct = 0x1p60;
constexpr double kWhole = 0x1p53;

void store_scalar(std::byte* to, DType dtype, double value) {
  visit(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T& out = *reinterpret_cast<T*>(to);
    if constexpr (is_floating<T>) {
      if constexpr (is_half<T>)
        out = T(static_cast<float>(value));
      else
        out = static_cast<T>(value);
    } else if constexpr (is_bool<T>) {
      out = Bool(value != 0);
    } else {
      if (!(value >= -0x1p63 && value < 0x1p63)) throw std::domain_error("a scalar does not fit its dtype");
      out = static_cast<T>(static_cast<int64_t>(value));  // wraps, as PyTorch's integer casts do
    }
  });
}

/** The bit of word `i`; none beyond what a known plan can have. */
constexpr uint64_t bit(int i) { return i < KnownPlans::kWords ? uint64_t{1} << i : 0; }

}  // namespace

/** The words of a plan, one after another. A local of its reader, which keeps it in registers. */
class Reader::Words {
 public:
  explicit Words(const Reader& reader)
      : begin_(reader.words_), at_(reader.words_), end_(reader.words_ + reader.count_) {}

  int position() const { return static_cast<int>(at_ - begin_); }

  double next() {
    if (at_ == end_) throw PlanError("the plan is cut off");
    return *at_++;
  }
  /** A whole number from 0 to `limit`, still as a double. */
  double whole(double limit, const char* what) {
    const double v = next();
    if (!(v >= 0 && v <= limit) || v != static_cast<double>(static_cast<int64_t>(v))) throw PlanError(what);
    return v;
  }
  int64_t natural(double limit, const char* what) { return static_cast<int64_t>(whole(limit, what)); }
  void params(double* params, int& count) {
    count = static_cast<int>(natural(kMaxParams, "too many parameters"));
    for (int i = 0; i < count; i++) params[i] = next();
  }
  DType dtype() { return static_cast<DType>(natural(kDTypes - 1, "unknown dtype")); }

 private:
  const double* begin_;
  const double* at_;
  const double* end_;
};

/** Where in which storage an operand begins. */
struct Reader::Place {
  std::byte* storage;
  int64_t offset, bytes, item;
  int device;

  /** Whether `elements` from here on are inside the storage. */
  bool holds(double elements) const {
    return elements * static_cast<double>(item) + static_cast<double>(offset) <= static_cast<double>(bytes);
  }
};

inline Reader::Place Reader::read_place(Words& words, double handle, DType dtype) {
  const StorageTable::View view = storages_.find(handle);
  if (!view.data) throw PlanError("an operand's storage is gone");
  const int64_t offset = words.natural(kWhole, "bad offset");
  const int64_t item = static_cast<int64_t>(item_size(dtype));  // a power of two
  if (((offset | static_cast<int64_t>(reinterpret_cast<uintptr_t>(view.data))) & (item - 1)) != 0) {
    throw PlanError("a misaligned operand");
  }
  seen_ |= uint32_t{1} << view.device;
  return {view.data, offset, static_cast<int64_t>(view.bytes), item, view.device};
}

/**
 * Operand `i`; gives how many different elements it has. In a map plan `sizes` is the iteration space, already read;
 * otherwise it is filled here.
 */
template <bool structured>
inline double Reader::read_operand(Words& words, int i, double* sizes) {
  Operand& operand = plan_.operand[i];
  int64_t* const strides = strides_[i];
  operand.ndim = structured ? 0 : plan_.ndim;
  operand.sizes = structured ? sizes_[i] : map_sizes_;
  operand.strides = strides;
  const int at_word = words.position();
  const double handle = words.next();
  at_[i] = static_cast<uint16_t>(at_word);
  need_[i] = 0;
  if (handle == kAbsent) {
    plan_.absent |= uint32_t{1} << i;
    operand.data = nullptr;
    operand.dtype = DType::f32;
    operand.device = 0;
    operand.room = 0;
    return 1;
  }
  operand.dtype = words.dtype();
  if (handle == kScalar) {
    free_ |= bit(at_word + 2);
    store_scalar(scalars_[i], operand.dtype, words.next());
    operand.data = scalars_[i];
    operand.device = 0;
    operand.room = 1;
    std::fill_n(strides, operand.ndim, 0);
    return 1;
  }
  const Place at = read_place(words, handle, operand.dtype);
  free_ |= bit(at_word) | bit(at_word + 2);
  double elements = 1, product = 1;
  if constexpr (structured) {
    operand.ndim = static_cast<int>(words.natural(kMaxDims, "too many dimensions"));
    for (int d = 0; d < operand.ndim; d++) {
      sizes[d] = words.whole(kWhole, "bad size");
      sizes_[i][d] = static_cast<int64_t>(sizes[d]);
      elements *= sizes[d];
      product *= std::max(sizes[d], 1.0);
    }
  }
  double last = 0, distinct = 1;
  for (int d = 0; d < operand.ndim; d++) {
    const double stride = words.whole(kWhole, "bad stride");
    strides[d] = static_cast<int64_t>(stride);
    last += (sizes[d] - 1) * stride;
    if (stride != 0) distinct *= sizes[d];
  }
  operand.data = at.storage + std::min(at.offset, at.bytes);
  operand.device = static_cast<uint8_t>(at.device);
  operand.room = std::max<int64_t>(at.bytes - at.offset, 0) >> std::countr_zero(static_cast<uint64_t>(at.item));
  if (!(product <= kMaxProduct)) throw PlanError("too many elements");
  // An operand without elements is not touched. One that only lacks them along dims of stride 0 is: a sum over nothing.
  if (distinct == 0) {
    std::fill_n(strides, operand.ndim, 0);
    need_[i] = -1;
    return 1;
  }
  if (!at.holds(last + 1)) throw PlanError("an operand reaches outside its storage");
  if (elements > std::max(kFreeIterations, distinct)) throw PlanError("too many elements");
  need_[i] = static_cast<int64_t>(last + 1) * at.item;
  return distinct;
}

/** The plan's device, where it is not the CPU: each operand is there, or is one element of the host's memory. */
void Reader::settle_devices(Plan& plan) const {
  int device = 0;
  for (int i = 0; i < plan.operands; i++) {
    const Operand& x = plan.operand[i];
    if (x && x.device != 0 && device == 0) device = x.device;
  }
  for (int i = 0; i < plan.operands; i++) {
    const Operand& x = plan.operand[i];
    if (!x || x.device == device) continue;
    bool one = x.device == 0 && !(plan.absent >> i & 1);
    for (int d = 0; d < x.ndim; d++) one = one && (x.sizes[d] == 1 || x.strides[d] == 0);
    if (!one) {
      throw PlacementError("expected all tensors to be on the same device, but found at least two devices, " +
                           device_name(device) + " and " + device_name(x.device));
    }
  }
  plan.device = device;
}

/** The plan again with what its free words say now; null where one of them is not as it must be. */
inline const Plan* Reader::read_known(KnownPlans::Known& known) {
  Plan& plan = known.plan;
  const double* const words = words_;
  for (int i = 0; i < plan.params; i++) plan.param[i] = words[4 + i];
  uint32_t seen = 0;
  for (int i = 0, operands = plan.operands; i < operands; i++) {
    Operand& operand = plan.operand[i];
    if (known.need[i] == 0) {
      if (operand) store_scalar(scalars_[i], operand.dtype, words[known.at[i] + 2]);
      continue;
    }
    const StorageTable::View view = storages_.find(words[known.at[i]]);
    const double start = words[known.at[i] + 2];
    if (!(start >= 0 && start <= kWhole)) return nullptr;
    const int64_t offset = static_cast<int64_t>(start), rest = static_cast<int64_t>(view.bytes) - offset;
    const uintptr_t data = reinterpret_cast<uintptr_t>(view.data) + static_cast<uintptr_t>(offset);
    // what is not alive has no bytes
    if (static_cast<double>(offset) != start || rest < known.need[i]) return nullptr;
    if ((data & ((uintptr_t{1} << known.shift[i]) - 1)) != 0) return nullptr;
    operand.data = view.data + offset;
    operand.device = static_cast<uint8_t>(view.device);
    operand.room = rest >> known.shift[i];
    seen |= uint32_t{1} << view.device;
  }
  plan.device = 0;
  if (seen > 1) settle_devices(plan);
  return &plan;
}

/** Keeps the plan just read, where it is small enough and no operand is empty. */
void Reader::remember() {
  if (read_ > KnownPlans::kWords || plan_.operands > KnownPlans::kOperands) return;
  if (dims_of(plan_) > KnownPlans::kDims) return;
  if (std::any_of(need_, need_ + plan_.operands, [](int64_t need) { return need < 0; })) return;
  KnownPlans::Known& known = known_.room(words_);
  known.count = (static_cast<size_t>(read_) + KnownPlans::kStep - 1) / KnownPlans::kStep * KnownPlans::kStep;
  for (int i = 0; i < static_cast<int>(known.count); i++) {
    const bool fixed = i < read_ && !(free_ >> i & 1);
    known.fixed[i] = fixed ? ~uint64_t{0} : 0;
    known.word[i] = std::bit_cast<uint64_t>(words_[i]);
  }
  copy_plan(known.plan, plan_, known.dims);
  for (int i = 0; i < plan_.operands; i++) {
    known.need[i] = need_[i];
    known.at[i] = at_[i];
    known.shift[i] = static_cast<uint8_t>(std::countr_zero(static_cast<uint64_t>(item_size(plan_.operand[i].dtype))));
  }
}

const Plan& Reader::read() {
  if (count_ < KnownPlans::kWords) return read_anew();
  if (KnownPlans::Known* known = known_.find(words_)) {
    if (const Plan* plan = read_known(*known)) {
      placed_ = known->at;
      return *plan;
    }
  }
  read_anew();
  remember();
  return plan_;
}

const Plan& Reader::read_anew() {
  Words words(*this);
  double sizes[kMaxDims];
  plan_.kernel = static_cast<int>(words.natural(1e6, "bad kernel"));
  plan_.structured = words.natural(1, "bad mode") == 1;
  plan_.operands = static_cast<int>(words.natural(kMaxOperands, "too many operands"));
  words.params(plan_.param, plan_.params);
  free_ = 0;
  for (int i = 4; i < words.position() && i < KnownPlans::kWords; i++) free_ |= bit(i);
  placed_ = at_;
  plan_.absent = 0;
  plan_.device = 0;
  seen_ = 0;
  plan_.ndim = 0;
  plan_.sizes = map_sizes_;
  if (plan_.structured) {
    for (int i = 0; i < plan_.operands; i++) read_operand<true>(words, i, sizes);
    read_ = words.position();
    if (seen_ > 1) settle_devices(plan_);
    return plan_;
  }
  plan_.ndim = static_cast<int>(words.natural(kMaxDims, "too many dimensions"));
  double elements = 1, product = 1, backed = 0;
  for (int d = 0; d < plan_.ndim; d++) {
    sizes[d] = words.whole(kWhole, "bad size");
    map_sizes_[d] = static_cast<int64_t>(sizes[d]);
    elements *= sizes[d];
    product *= std::max(sizes[d], 1.0);
  }
  if (!(elements <= kMaxIterations && product <= kMaxProduct)) throw PlanError("too many elements");
  for (int i = 0; i < plan_.operands; i++) backed = std::max(backed, read_operand<false>(words, i, sizes));
  if (elements > std::max(kFreeIterations, backed)) throw PlanError("too many elements");
  read_ = words.position();
  if (seen_ > 1) settle_devices(plan_);
  return plan_;
}

void Reader::handles(const Plan& plan, double* out) const {
  for (int i = 0; i < plan.operands; i++) out[i] = words_[placed_[i]];
}

const ListPlan& Reader::read_list() {
  Words words(*this);
  list_.kernel = static_cast<int>(words.natural(1e6, "bad kernel"));
  list_.width = static_cast<int>(words.natural(8, "bad width"));
  list_.groups = words.natural(0x1p24, "too many tensors");
  words.params(list_.param, list_.params);
  list_.device = 0;
  list_.items.clear();
  seen_ = 0;
  const int64_t count = list_.groups * list_.width;
  if (static_cast<size_t>(count) * 4 > count_) throw PlanError("the plan is cut off");
  list_.items.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; i++) {
    const double handle = words.next();
    const DType dtype = words.dtype();
    const Place at = read_place(words, handle, dtype);
    const double numel = words.whole(kWhole, "bad size");
    if (!at.holds(numel)) throw PlanError("an operand reaches outside its storage");
    list_.items.push_back({at.storage + at.offset, dtype, static_cast<int64_t>(numel)});
  }
  if (seen_ > 1) {
    if (!std::has_single_bit(seen_)) throw PlacementError("expected all tensors to be on the same device");
    list_.device = std::countr_zero(seen_);
  }
  return list_;
}

}  // namespace flambeau
