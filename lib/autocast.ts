// Autocasting: which operators compute in a lower precision, in float32, or in the widest dtype of their operands, while
// torch.amp.autocast is on. The operators of the list call `castCall`; amp/ switches it.
import { bfloat16, type DType, float16, float32, FLOATING } from './dtype.ts';
import { Tensor } from './tensor.ts';

/** Whether casting is on for a type of device, and to what. */
export interface CastSetting {
  enabled: boolean;
  dtype: DType;
}
/** Read by every operator of the list, `on` first: it tells whether any of the settings does; changed by lib/amp.ts only. */
export const casting: { on: boolean; cpu: CastSetting; cuda: CastSetting } = {
  on: false,
  cpu: { enabled: false, dtype: bfloat16 },
  cuda: { enabled: false, dtype: float16 },
};
/** What is computed in for a tensor under casting; null where none is on for its device. */
export function castDtype(x: Tensor): DType | null {
  const { enabled, dtype } = x.isCuda ? casting.cuda : casting.cpu;
  return casting.on && enabled ? dtype : null;
}

type Policy = 'lower' | 'float32' | 'widest';
const list = (policy: Policy, names: string): [string, Policy][] => names.split(' ').map((name) => [name, policy]);
/** PyTorch's lists for the CPU; what is in none of them computes in what it gets. */
const CPU: ReadonlyMap<string, Policy> = new Map([
  ...list('lower', 'mm bmm matmul inner addmm addbmm baddbmm linear einsum prelu vecdot scaledDotProductAttention'),
  ...list('lower', 'conv1d conv2d conv3d convTranspose1d convTranspose2d convTranspose3d'),
  ...list('float32', 'cholesky inv eigh eigvalsh eig eigvals householderProduct qr solve svd svdvals lstsq matrixRank'),
  ...list('float32', 'cond tensorinv tensorsolve inverse pinverse choleskyInverse choleskySolve maxPool3dWithIndices'),
  ...list(
    'float32',
    'prod trace quantile nanquantile cdist gridSample gridSampler avgPool3d maxPool3d adaptiveAvgPool3d adaptiveMaxPool3d',
  ),
  ...list('float32', 'mseLoss l1Loss smoothL1Loss huberLoss crossEntropy nllLoss klDiv binaryCrossEntropy'),
  ...list(
    'float32',
    'binaryCrossEntropyWithLogits poissonNllLoss cosineEmbeddingLoss hingeEmbeddingLoss marginRankingLoss',
  ),
  ...list('float32', 'softMarginLoss multiMarginLoss multilabelMarginLoss tripletMarginLoss ctcLoss pad'),
  ...list('widest', 'cat stack indexCopy'),
]);

/** The same for CUDA (ATen/autocast_mode.h); rows of define.ts ask with their own names. */
const CUDA: ReadonlyMap<string, Policy> = new Map([
  ...list('lower', 'mm bmm mv matmul inner addmm addmv addr addbmm baddbmm linear einsum prelu vecdot chainMatmul'),
  ...list('lower', 'multiDot scaledDotProductAttention'),
  ...list('lower', 'conv1d conv2d conv3d convTranspose1d convTranspose2d convTranspose3d'),
  ...list('float32', 'acos asin cosh erfinv exp expm1 log log10 log2 log1p reciprocal rsqrt sinh tan pow'),
  ...list('float32', 'softmax logSoftmax softplus layerNorm rmsNorm groupNorm logsumexp norm vectorNorm matrixNorm'),
  ...list('float32', 'sum prod cumsum cumprod interpolate'),
  ...list('float32', 'cdist pdist dist renorm cosineSimilarity mseLoss l1Loss smoothL1Loss huberLoss crossEntropy'),
  ...list('float32', 'nllLoss klDiv binaryCrossEntropyWithLogits poissonNllLoss cosineEmbeddingLoss'),
  ...list('float32', 'hingeEmbeddingLoss marginRankingLoss softMarginLoss multiMarginLoss multilabelMarginLoss'),
  ...list('float32', 'tripletMarginLoss'),
  ...list(
    'widest',
    'addcdiv addcmul atan2 bilinear cross dot vdot gridSample gridSampler indexPut tensordot scatterAdd',
  ),
]);
/** Whether a tensor is where an operator that only CUDA's list has is cast. */
export const castsThere = (x: unknown): boolean => casting.on && x instanceof Tensor && x.isCuda;
/** Whether CUDA's list has an operator: what its row asks once. */
export const castsOnCuda = (name: string): boolean => CUDA.has(name);

/** Whether a tensor takes part: floating point, but not float64. */
const eligible = (x: unknown): x is Tensor => x instanceof Tensor && x.dt.kind === FLOATING && x.dt.size < 8;
function tensorsIn(values: readonly unknown[]): Tensor[] {
  return values.flatMap((v) => (Array.isArray(v) ? tensorsIn(v) : v instanceof Tensor ? [v] : []));
}
/** Casts the tensors of a value that take part, also those in lists and plain objects. */
export function castTo(value: unknown, dt: DType): unknown {
  if (eligible(value)) return value.dt === dt ? value : value.to(dt.name);
  if (Array.isArray(value)) return value.map((v) => castTo(v, dt));
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, castTo(v, dt)]));
  }
  return value;
}
function target(policy: Policy, args: readonly unknown[], lower: DType): DType | null {
  if (policy === 'lower') return lower;
  if (policy === 'float32') return float32;
  const floats = tensorsIn(args).filter((x) => x.dt.kind === FLOATING);
  // with float64 among them ordinary promotion does it
  if (floats.some((x) => x.dt.size === 8)) return null;
  return floats.some((x) => x.dt === float32) ? float32 : lower;
}

/** Calls an operator with its tensors cast as the lists say, and without further casting inside. */
export function castCall<A extends readonly unknown[], R>(name: string, f: (...args: A) => R, args: A): R {
  const onCuda = tensorsIn(args).some((x) => x.isCuda);
  const { enabled, dtype } = onCuda ? casting.cuda : casting.cpu;
  const policy = enabled ? (onCuda ? CUDA : CPU).get(name) : undefined;
  const dt = policy ? target(policy, args, dtype) : null;
  casting.on = false;
  try {
    return f(...((dt === null ? args : args.map((a) => castTo(a, dt))) as unknown[] as never));
  } finally {
    casting.on = true;
  }
}
