// Look-ups in tables of vectors: embedding and embeddingBag of nn.functional. Exported by functional.ts; nn/sparse.ts too.
import { noGrad } from '../autograd/mode.ts';
import { type Call, readArguments } from '../arguments.ts';
import { record } from '../history.ts';
import { checkTensor, commonDevice, runMap } from '../dispatch.ts';
import { FLOATING, INTEGER, int64 } from '../dtype.ts';
import { checkNumber, describe, DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { tensor } from '../from-data.ts';
import { kernel } from '../native.ts';
import { type Shape, show } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';

const fillKernel = kernel('fill');
const filled = (sizes: Shape, value: number, { dt, device }: Tensor): Tensor => {
  const out = emptyTensor(sizes, dt, device);
  runMap(fillKernel, sizes, [out, value], dt);
  return out;
};

/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  /** A row that gets no gradient. */
  paddingIdx?: number | null | undefined;
  /** Rows that are looked up are first scaled down, in place, to at most this norm. */
  maxNorm?: number | null | undefined;
  /** Which norm; 2 by default. */
  normType?: number | undefined;
  /** Gradients of a row are divided by how often it was looked up. */
  scaleGradByFreq?: boolean | undefined;
  /** Sparse gradients: there are none here. */
  sparse?: boolean | undefined;
}

/** Refuses sparse gradients, which this library lacks. */
export function refuseSparse(where: string, sparse: boolean | undefined): void {
  if (sparse === undefined || sparse === false) return;
  if (sparse !== true) throw new TypeError(`${where}: expected a boolean for sparse but received ${describe(sparse)}`);
  throw new TypeError(
    `${where}: sparse gradients are not supported; leave out sparse, and the gradient is a dense one`,
  );
}

function checkTable(where: string, index: Tensor, weight: Tensor): void {
  checkTensor(where, index);
  checkTensor(where, weight, 'weight');
  commonDevice(where, [index, weight]);
  if (index.dt.kind !== INTEGER || index.dt.size < 4) {
    throw new DtypeError(
      `${where}: expected tensor for indices to have one of the dtypes int64, int32; but got ${index.dtype} instead`,
    );
  }
  if (weight.ndim !== 2) throw new ShapeError(`${where}: 'weight' must be 2-D, not ${show(weight.sizes)}`);
}

/** A row of the table, counted from its start. */
export function paddingRow(where: string, paddingIdx: number | null, rows: number): number | null {
  if (paddingIdx === null) return null;
  if (!Number.isInteger(paddingIdx))
    throw new TypeError(`${where}: expected a whole number for paddingIdx but received ${describe(paddingIdx)}`);
  if (paddingIdx >= rows || paddingIdx < -rows)
    throw new RangeError(`${where}: paddingIdx must be within numEmbeddings, but got ${paddingIdx} for ${rows}`);
  return paddingIdx < 0 ? paddingIdx + rows : paddingIdx;
}

/** Scales the rows `at` of the table down to at most `maxNorm`, in place. */
function renormalize(where: string, weight: Tensor, at: Tensor, maxNorm: number, normType: number): void {
  checkNumber(where, 'maxNorm', maxNorm);
  checkNumber(where, 'normType', normType);
  if (at.count === 0) return;
  noGrad(() => {
    const rows = weight.indexSelect(0, at);
    const norms = rows.norm(normType, 1, true);
    const scale = norms.add(1e-7).reciprocal().mul(maxNorm);
    weight.detach().indexCopy_(0, at, rows.mul(scale.maskedFill(norms.le(maxNorm), 1)));
  });
}

/** The rows `at` [N] of a table [V, D]; `skipped` gets no gradient. */
function lookUp(weight: Tensor, at: Tensor, skipped: number | null, byFrequency: boolean, sizes: Shape): Tensor {
  const [rows, cols] = weight.sizes as readonly [number, number];
  const out = weight
    .detach()
    .indexSelect(0, at)
    .view([...sizes, cols]);
  return record('embedding', out.detach(), [weight], [at], (g, n) => {
    const places = n.unpack(0);
    let each = g.reshape([places.count, cols]);
    if (byFrequency) {
      const counts = filled([rows], 0, g).indexAdd_(0, places, filled([places.count], 1, g));
      each = each.div(counts.indexSelect(0, places).unsqueeze(1));
    }
    if (skipped !== null) each = each.maskedFill(places.eq(skipped).unsqueeze(1), 0);
    return [filled([rows, cols], 0, g).indexAdd_(0, places, each)];
  });
}

const flatIndex = (index: Tensor): Tensor => (index.dt === int64 ? index : index.to('int64')).reshape([-1]);

type EmbeddingArguments = Call<
  [paddingIdx?: number | null, maxNorm?: number | null, normType?: number, scaleGradByFreq?: boolean, sparse?: boolean],
  EmbeddingOptions
>;
/**
 * Rows of `weight` [V, D]: indices [*] give [*, D]. The row `paddingIdx` gets no gradient; `maxNorm` changes the rows in
 * place. Throws RangeError for an index that is not there, TypeError for `sparse`.
 * @example
 * torch.nn.functional.embedding(torch.tensor([1, 0]), torch.tensor([[1.5], [2]]))
 * // tensor([[2.0000],
 * //         [1.5000]])
 */
export function embedding(index: Tensor, weight: Tensor, ...args: EmbeddingArguments): Tensor {
  const where = 'embedding';
  const names = ['paddingIdx', 'maxNorm', 'normType', 'scaleGradByFreq', 'sparse'];
  const options = readArguments<EmbeddingOptions>(where, args, names);
  const { paddingIdx = null, maxNorm = null, normType = 2, scaleGradByFreq = false, sparse } = options;
  checkTable(where, index, weight);
  refuseSparse(where, sparse);
  const skipped = paddingRow(where, paddingIdx, weight.sizes[0]!);
  return inNameOf(where, () => {
    const at = flatIndex(index);
    if (maxNorm !== null) renormalize(where, weight, at, maxNorm, normType);
    return lookUp(weight, at, skipped, scaleGradByFreq, index.sizes);
  });
}

/** How {@link embeddingBag} joins the vectors of a bag. */
export type BagMode = 'sum' | 'mean' | 'max';
/** Options of {@link embeddingBag}. */
export interface EmbeddingBagOptions extends EmbeddingOptions {
  /** [B]: where in the indices [N] each bag begins. */
  offsets?: Tensor | null | undefined;
  mode?: BagMode | undefined;
  /** Of the shape of the indices: multiplies the vectors; for `mode: 'sum'`. */
  perSampleWeights?: Tensor | null | undefined;
  /** The last offset is where the last bag ends. */
  includeLastOffset?: boolean | undefined;
}

/** The bag of each index that is in one: from the beginnings of bags among `count` indices. */
function bagsOf(offsets: Tensor, count: number, includeLast: boolean): { bags: number; bagOf: number[] } {
  const where = 'embeddingBag';
  const starts = offsets.detach().reshape([-1]).tolist() as number[];
  if (includeLast && starts.length === 0)
    throw new ShapeError(`${where}: includeLastOffset: number of offsets should be at least 1`);
  if (starts.length > 0 && starts[0] !== 0) {
    throw new RangeError(
      `${where}: offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, got ${starts[0]}`,
    );
  }
  for (let i = 1; i < starts.length; i++) {
    if (starts[i]! < starts[i - 1]!)
      throw new RangeError(`${where}: offsets must not decrease, but ${starts[i - 1]} is followed by ${starts[i]}`);
  }
  const last = starts.at(-1) ?? 0;
  if (last > count)
    throw new RangeError(`${where}: offsets[-1] can not be greater than input's length (${count}) but got ${last}`);
  const bags = includeLast ? starts.length - 1 : starts.length;
  const bagOf: number[] = [];
  for (let b = 0; b < bags; b++) {
    const end = b + 1 < starts.length ? starts[b + 1]! : count;
    for (let i = starts[b]!; i < end; i++) bagOf.push(b);
  }
  return { bags, bagOf };
}

/** The largest of each bag, by a table of its indices; empty bags give zeros. */
function bagMaxima(weight: Tensor, at: Tensor, bagOf: readonly number[], bags: number): Tensor {
  const sizes = new Array<number>(bags).fill(0);
  for (const b of bagOf) sizes[b]!++;
  const width = Math.max(1, ...sizes);
  const places = new Array<number>(bags * width).fill(0);
  const absent = new Array<boolean>(bags * width).fill(true);
  const next = new Array<number>(bags).fill(0);
  bagOf.forEach((b, i) => {
    const slot = b * width + next[b]!++;
    places[slot] = i;
    absent[slot] = false;
  });
  const cols = weight.sizes[1]!;
  if (at.count === 0 || bags === 0) return weight.indexSelect(0, at).sum(0, true).expand([bags, cols]).mul(0);
  const chosen = at.indexSelect(0, tensor(places, { dtype: 'int64', device: at.device }));
  const each = lookUp(weight, chosen, null, false, [bags, width]);
  const hidden = tensor(absent, { dtype: 'bool', device: weight.device }).view([bags, width, 1]);
  const empty = tensor(sizes, { device: weight.device }).eq(0).unsqueeze(1);
  return each.maskedFill(hidden, Number.NEGATIVE_INFINITY).max(1).values.maskedFill(empty, 0);
}

const BAG_NAMES = [
  'offsets',
  'maxNorm',
  'normType',
  'scaleGradByFreq',
  'mode',
  'sparse',
  'perSampleWeights',
  'includeLastOffset',
  'paddingIdx',
] as const;
type BagArguments = Call<
  [
    offsets?: Tensor | null,
    maxNorm?: number | null,
    normType?: number,
    scaleGradByFreq?: boolean,
    mode?: BagMode,
    sparse?: boolean,
    perSampleWeights?: Tensor | null,
    includeLastOffset?: boolean,
    paddingIdx?: number | null,
  ],
  EmbeddingBagOptions
>;

interface Bags {
  readonly at: Tensor;
  readonly scales: Tensor | null;
  readonly bags: number;
  readonly bagOf: readonly number[];
}
/** Reads indices [B, N], or [N] with offsets. */
function readBags(index: Tensor, options: Partial<EmbeddingBagOptions>): Bags {
  const where = 'embeddingBag';
  const { offsets = null, perSampleWeights = null, includeLastOffset = false } = options;
  const at = flatIndex(index);
  const scales = perSampleWeights?.reshape([-1]) ?? null;
  if (index.ndim === 2) {
    if (offsets !== null)
      throw new TypeError(`${where}: if input is 2D, then offsets has to be null, as its rows are the bags`);
    const [bags, width] = index.sizes as readonly [number, number];
    return { at, scales, bags, bagOf: Array.from({ length: bags * width }, (_, i) => Math.floor(i / width)) };
  }
  if (index.ndim !== 1) throw new ShapeError(`${where}: input has to be 1D or 2D, but got ${show(index.sizes)}`);
  if (offsets === null) throw new TypeError(`${where}: offsets has to be a 1D Tensor but got null`);
  checkTensor(where, offsets, 'offsets');
  if (offsets.ndim !== 1) throw new ShapeError(`${where}: offsets has to be a 1D Tensor, not ${show(offsets.sizes)}`);
  if (offsets.dt.kind !== INTEGER) throw new DtypeError(`${where}: expected integer offsets, not ${offsets.dtype}`);
  const { bags, bagOf } = bagsOf(offsets, index.count, includeLastOffset);
  const used = bagOf.length;
  if (used === index.count) return { at, scales, bags, bagOf };
  return { at: at.narrow(0, 0, used), scales: scales?.narrow(0, 0, used) ?? null, bags, bagOf };
}

/** Without the indices that are padding. */
function unpadded({ at, scales, bags, bagOf }: Bags, padding: number | null): Bags {
  if (padding === null) return { at, scales, bags, bagOf };
  const kept = (at.tolist() as number[]).flatMap((row, i) => (row === padding ? [] : [i]));
  if (kept.length === bagOf.length) return { at, scales, bags, bagOf };
  const places = tensor(kept, { dtype: 'int64', device: at.device });
  return {
    at: at.indexSelect(0, places),
    scales: scales?.indexSelect(0, places) ?? null,
    bags,
    bagOf: kept.map((i) => bagOf[i]!),
  };
}

/**
 * Sums, means (the default) or maxima of rows of `weight` [V, D] over bags: indices [B, N], or [N] with `offsets` [B], give
 * [B, D]. Rows `paddingIdx` do not count; an empty bag gives zeros. Throws RangeError for an index or offset that is not
 * there, ShapeError for other shapes.
 * @example
 * torch.nn.functional.embeddingBag(torch.tensor([1, 0, 1]), torch.tensor([[1.5], [2]]), torch.tensor([0, 2]))
 * // tensor([[1.7500],
 * //         [2.0000]])
 */
export function embeddingBag(index: Tensor, weight: Tensor, ...args: BagArguments): Tensor {
  const where = 'embeddingBag';
  const options = readArguments<EmbeddingBagOptions>(where, args, BAG_NAMES);
  const { maxNorm = null, normType = 2, scaleGradByFreq = false, mode = 'mean', perSampleWeights = null } = options;
  checkTable(where, index, weight);
  refuseSparse(where, options.sparse);
  if (mode !== 'sum' && mode !== 'mean' && mode !== 'max')
    throw new TypeError(`${where}: mode has to be one of sum, mean or max, not ${describe(mode)}`);
  if (mode === 'max' && scaleGradByFreq)
    throw new TypeError(`${where}: max mode does not support scaling the gradient by the frequency`);
  if (perSampleWeights !== null) checkScales(index, weight, perSampleWeights, mode);
  const padding = paddingRow(where, options.paddingIdx ?? null, weight.sizes[0]!);
  return inNameOf(where, () => {
    const given = readBags(index, options);
    if (maxNorm !== null) renormalize(where, weight, flatIndex(index), maxNorm, normType);
    const { at, scales, bags, bagOf } = unpadded(given, padding);
    if (mode === 'max') return bagMaxima(weight, at, bagOf, bags);
    let each = lookUp(weight, at, null, scaleGradByFreq, at.sizes);
    if (scales !== null) each = each.mul(scales.unsqueeze(1));
    const to = tensor(bagOf as number[], { dtype: 'int64', device: at.device });
    const sums = filled([bags, weight.sizes[1]!], 0, weight).indexAdd_(0, to, each);
    if (mode === 'sum') return sums;
    const counts = filled([bags], 0, weight).indexAdd_(0, to, filled([bagOf.length], 1, weight));
    return sums.div(counts.clampMin(1).unsqueeze(1));
  });
}

function checkScales(index: Tensor, weight: Tensor, scales: Tensor, mode: BagMode): void {
  const where = 'embeddingBag';
  checkTensor(where, scales, 'perSampleWeights');
  if (show(scales.sizes) !== show(index.sizes)) {
    throw new ShapeError(
      `${where}: perSampleWeights ${show(scales.sizes)} must have the same shape as the input ${show(index.sizes)}`,
    );
  }
  if (scales.dt.kind !== FLOATING || scales.dt !== weight.dt) {
    throw new DtypeError(
      `${where}: expected weight and perSampleWeights to have the same dtype, but got ${weight.dtype} and ${scales.dtype}`,
    );
  }
  if (mode !== 'sum') throw new TypeError(`${where}: perSampleWeights is only supported for mode 'sum', not '${mode}'`);
}
