// Autocasting: which operators compute in a lower precision, in float32, or in the widest dtype of their operands, while
// torch.amp.autocast is on. The operators of the list call `castCall`; amp/ switches it.
import { bfloat16, type DType, float32, FLOATING } from './dtype.ts';
import { Tensor } from './tensor.ts';

/** Read by every operator of the list; changed by lib/amp.ts only. */
export const casting: { on: boolean; dtype: DType } = { on: false, dtype: bfloat16 };

type Policy = 'lower' | 'float32' | 'widest';
const list = (policy: Policy, names: string): [string, Policy][] => names.split(' ').map((name) => [name, policy]);
/** PyTorch's lists for the CPU; what is in none of them computes in what it gets. */
const POLICIES: ReadonlyMap<string, Policy> = new Map([
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
function target(policy: Policy, args: readonly unknown[]): DType | null {
  if (policy === 'lower') return casting.dtype;
  if (policy === 'float32') return float32;
  const floats = tensorsIn(args).filter((x) => x.dt.kind === FLOATING);
  // with float64 among them ordinary promotion does it
  if (floats.some((x) => x.dt.size === 8)) return null;
  return floats.some((x) => x.dt === float32) ? float32 : casting.dtype;
}

/** Calls an operator with its tensors cast as the lists say, and without further casting inside. */
export function castCall<A extends readonly unknown[], R>(name: string, f: (...args: A) => R, args: A): R {
  const policy = POLICIES.get(name);
  const dt = policy ? target(policy, args) : null;
  casting.on = false;
  try {
    return f(...((dt === null ? args : args.map((a) => castTo(a, dt))) as unknown[] as never));
  } finally {
    casting.on = true;
  }
}
