// The public API: `import * as torch from 'flambeau'`. Attaches the operators to Tensor as methods.
import { setZeros } from './autograd/function.ts';
import { zeros } from './create.ts';
import type { DTypeName } from './dtype.ts';
import { newOf } from './create-other.ts';
import { inNameOf, ShapeError } from './errors.ts';
import { attachMethods, spread } from './methods.ts';
import * as ops from './ops/index.ts';
import { inPlaceFunctions } from './ops/inplace.ts';
import { whereMethod } from './ops/internal/where.ts';
import { bernoulli, multinomial } from './random.ts';
import { Tensor } from './tensor.ts';

attachMethods(Tensor.prototype, ops);
attachMethods(Tensor.prototype, { where: whereMethod, bernoulli, multinomial });
attachMethods(Tensor.prototype, inPlaceFunctions(), '_');
attachMethods(Tensor.prototype, { new: spread(newOf) });
Object.defineProperties(Tensor.prototype, {
  T: {
    configurable: true,
    get(this: Tensor): Tensor {
      return this.permute(this.sizes.map((_, d) => this.sizes.length - 1 - d));
    },
  },
  mT: {
    configurable: true,
    get(this: Tensor): Tensor {
      if (this.sizes.length < 2)
        throw new ShapeError(`mT: only supported on matrices or batches of matrices, but got a ${this.ndim}-d tensor`);
      return this.transpose(-2, -1);
    },
  },
  H: {
    configurable: true,
    get(this: Tensor): Tensor {
      if (this.sizes.length !== 0 && this.sizes.length !== 2)
        throw new ShapeError(`H: only supported on matrices (2-d tensors), but got a ${this.ndim}-d tensor; see mH`);
      return this.adjoint();
    },
  },
  mH: {
    configurable: true,
    get(this: Tensor): Tensor {
      return inNameOf('mH', () => this.adjoint());
    },
  },
  real: {
    configurable: true,
    get(this: Tensor): Tensor {
      return this;
    },
  },
});
setZeros((sizes, dtype, device) => zeros([...sizes], { dtype: dtype as DTypeName, device }));

export * as accelerator from './accelerator.ts';
export { runAsync } from './async.ts';
export { isAnomalyCheckNanEnabled, isAnomalyEnabled } from './autograd/anomaly.ts';
export * as amp from './amp.ts';
export {
  autocast,
  clearAutocastCache,
  getAutocastDtype,
  isAutocastCacheEnabled,
  isAutocastCpuEnabled,
  isAutocastEnabled,
  setAutocastCacheEnabled,
  setAutocastDtype,
  setAutocastEnabled,
} from './amp/autocast.ts';
export { GradScaler } from './amp.ts';
export * as autograd from './autograd/index.ts';
export * as backends from './backends.ts';
export {
  enableGrad,
  inferenceMode,
  isGradEnabled,
  isInferenceModeEnabled,
  noGrad,
  setGradEnabled,
} from './autograd/mode.ts';
export type { RandomOptions, SizeArgs, TensorData, TensorOptions } from './tensor-options.ts';
export * as cuda from './cuda/index.ts';
export * as distributed from './distributed/index.ts';
export * as distributions from './distributions/index.ts';
export { Device, type DeviceLike, device, getDefaultDevice, setDefaultDevice } from './device.ts';
export type { DTypeName } from './dtype.ts';
export {
  bfloat16,
  bool,
  double,
  float,
  float16,
  float32,
  float64,
  half,
  int,
  int16,
  int32,
  int64,
  int8,
  long,
  short,
  uint8,
} from './names.ts';
export { celu_, relu_, rrelu_, selu_, threshold_ } from './functional/vision.ts';
export * as F from './public/functional.ts';
export * as func from './func/index.ts';
export { vmap } from './func/vmap.ts';
export { AutogradError, DeviceError, DtypeError, OutOfMemoryError, ShapeError } from './errors.ts';
export { setPrintoptions, getPrintoptions, type PrintOptions } from './format.ts';
export { type FloatInfo, finfo, type IntegerInfo, iinfo } from './limits.ts';
export { emptyCache, type MemoryStats, memoryStats } from './memory.ts';
export * as linalg from './public/linalg.ts';
export * as multiprocessing from './multiprocessing.ts';
export * as nn from './nn/index.ts';
export type { AsarrayOptions } from './create-other.ts';
export * from './public/torch.ts';
export { channelsLast, channelsLast3d, contiguousFormat, type MemoryFormat, preserveFormat } from './memory-format.ts';
export { Slice, slice } from './ops/internal/slice.ts';
export * as optim from './optim/index.ts';
export {
  defaultGenerator,
  Generator,
  getRngState,
  initialSeed,
  manualSeed,
  seed,
  setRngState,
} from './random.ts';
export * as random from './random-namespace.ts';
export * from './save.ts';
export * from './settings.ts';
export { Size } from './shape.ts';
export * as signal from './signal/index.ts';
export * as special from './public/special.ts';
export { type NestedList, Tensor } from './tensor.ts';
export * as utils from './utils/index.ts';
export * as vision from './vision/index.ts';
export { __version__, version } from './version.ts';
