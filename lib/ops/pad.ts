// Padding. nn.functional.pad and padding='same' call it.
import { castCall, casting } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { record } from '../history.ts';
import { checkTensor, runMap } from '../dispatch.ts';
import { int64 } from '../dtype.ts';
import { describe, ShapeError, checkNumber } from '../errors.ts';
import { kernel, native } from '../native.ts';
import { type Shape, show } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { operators } from './internal/register.ts';
import { cat } from './join.ts';

const fillKernel = kernel('fill');
const copyKernel = kernel('copy');

/** What the border is made of. */
export type PadMode = 'constant' | 'reflect' | 'replicate' | 'circular';
/** Options of {@link pad}. */
export interface PadOptions {
  mode?: PadMode | undefined;
  value?: number | null | undefined;
}

/** A border of `value`; negative widths cut. Its own adjoint with the signs of the widths turned. */
function constant(x: Tensor, widths: Shape, value: number): Tensor {
  const rank = x.ndim;
  const sizes = x.sizes.slice();
  const from = new Array<number>(rank).fill(0); // where the copied part begins in x,
  const to = new Array<number>(rank).fill(0); // and in the result
  const part = x.sizes.slice();
  for (let i = 0; i < widths.length / 2; i++) {
    const d = rank - 1 - i;
    const [before, after] = [widths[2 * i]!, widths[2 * i + 1]!];
    sizes[d]! += before + after;
    if (sizes[d]! < 0) {
      throw new ShapeError(
        `pad: the input size ${x.sizes[d]}, plus negative padding ${before} and ${after} resulted in a negative output size, at dimension ${d} of input ${show(x.sizes)}`,
      );
    }
    from[d] = Math.max(0, -before);
    to[d] = Math.max(0, before);
    part[d] = Math.max(0, x.sizes[d]! + Math.min(0, before) + Math.min(0, after));
  }
  const out = emptyTensor(sizes, x.dt, x.device);
  runMap(fillKernel, sizes, [out, value], x.dt);
  const window = (t: Tensor, at: Shape): Tensor =>
    new Tensor(
      t.storage,
      t.dt,
      part,
      t.strides,
      at.reduce((o, n, d) => o + n * t.strides[d]!, t.offset),
    );
  if (!part.includes(0)) runMap(copyKernel, part, [window(out, to), window(x, from)], x.dt);
  return record('constantPadNd', out, [x], [], (g) => [
    constant(
      g,
      widths.map((w) => -w || 0),
      0,
    ),
  ]);
}

/** Which position of a line of `n` elements each position of the padded line shows. */
function source(mode: PadMode, n: number, before: number, after: number): BigInt64Array {
  const index = new BigInt64Array(Math.max(0, n + before + after));
  const left = n + Math.min(0, before) + Math.min(0, after); // a circle is closed after the cutting
  for (let i = 0; i < index.length; i++) {
    let at = i - before;
    if (mode === 'replicate') at = Math.min(n - 1, Math.max(0, at));
    else if (mode === 'circular') at = ((((i - Math.max(0, before)) % left) + left) % left) + Math.max(0, -before);
    else if (at < 0) at = -at;
    else if (at >= n) at = 2 * (n - 1) - at;
    index[i] = BigInt(at);
  }
  return index;
}

/** `x` between its borders along dim `d`, pieces of itself. */
function between(x: Tensor, d: number, mode: PadMode, before: number, after: number): Tensor {
  const n = x.sizes[d]!;
  const edge = (at: number, width: number): Tensor =>
    x.narrow(d, at, 1).expand(x.sizes.map((size, k) => (k === d ? width : size)));
  const pieces = {
    reflect: () => [x.narrow(d, 1, before).flip(d), x, x.narrow(d, n - 1 - after, after).flip(d)],
    replicate: () => [edge(0, before), x, edge(n - 1, after)],
    circular: () => [x.narrow(d, n - before, before), x, x.narrow(d, 0, after)],
    constant: () => [x],
  }[mode]();
  return cat(
    pieces.filter((piece) => piece.sizes[d] !== 0),
    d,
  );
}

function bordered(x: Tensor, widths: Shape, mode: PadMode): Tensor {
  // PyTorch lists the kernels of these; of the others nothing inside is cast, either
  if (casting.on) {
    const listed = mode === 'replicate' || (mode === 'reflect' && widths.length < 6);
    return castCall(listed ? 'pad' : 'bordered', bordered, [x, widths, mode]);
  }
  const dims = widths.length / 2;
  if (x.ndim !== dims + 1 && x.ndim !== dims + 2) {
    throw new ShapeError(
      `pad: ${mode} padding of ${dims} dims is implemented for inputs of ${dims + 1} or ${dims + 2} dims, not for ${show(x.sizes)}`,
    );
  }
  let out = x;
  for (let i = 0; i < dims; i++) {
    const d = x.ndim - 1 - i;
    const n = x.sizes[d]!;
    const [before, after] = [widths[2 * i]!, widths[2 * i + 1]!];
    if (mode === 'reflect' && (before >= n || after >= n)) {
      throw new ShapeError(
        `pad: padding size should be less than the corresponding input dimension, but got: padding (${before}, ${after}) at dimension ${d} of input ${show(x.sizes)}`,
      );
    }
    if (mode === 'circular' && (before > n || after > n)) {
      throw new ShapeError(
        `pad: padding value causes wrapping around more than once: (${before}, ${after}) at dimension ${d} of input ${show(x.sizes)}`,
      );
    }
    if (n + before + after < 1 || n === 0)
      throw new ShapeError(
        `pad: input ${show(x.sizes)} with padding (${before}, ${after}) leaves nothing at dimension ${d}`,
      );
    if (before === 0 && after === 0) continue;
    if (before >= 0 && after >= 0) {
      out = between(out, d, mode, before, after);
      continue;
    }
    const values = source(mode, n, before, after);
    const index = emptyTensor([values.length], int64, x.device);
    native.write(index.storage.handle, index.storage.byteOffset, values);
    out = out.indexSelect(d, index);
  }
  return out === x ? x.clone() : out;
}

/**
 * `x` with a border: `pad` has the widths before and after the last dim, then those of the dim before it, and so on.
 * Negative widths cut. The border is `value` (0 by default), or with another `mode` made of the elements of `x`. Throws
 * ShapeError where the widths do not fit.
 * @example
 * torch.pad(torch.tensor([1.5, 2]), [1, 2]) // tensor([0.0000, 1.5000, 2.0000, 0.0000, 0.0000])
 */
export function pad(x: Tensor, pad: Shape, ...args: Call<[mode?: PadMode, value?: number | null], PadOptions>): Tensor {
  const { mode = 'constant', value } = readArguments<PadOptions>('pad', args, ['mode', 'value']);
  checkTensor('pad', x);
  if (!Array.isArray(pad)) throw new TypeError(`pad: expected a list of widths but received ${describe(pad)}`);
  const widths = pad as Shape;
  for (const w of widths) {
    if (!Number.isSafeInteger(w))
      throw new TypeError(`pad: expected whole numbers as widths but received ${describe(w)}`);
  }
  if (widths.length % 2 !== 0)
    throw new ShapeError(`pad: padding length must be divisible by 2, but got ${show(widths)}`);
  if (widths.length > 2 * x.ndim) {
    throw new ShapeError(
      `pad: padding length should be less than or equal to two times the input dimension, but got ${show(widths)} for ${show(x.sizes)}`,
    );
  }
  if (value !== undefined && value !== null) checkNumber('pad', 'value', value);
  if (mode === 'constant') return constant(x, widths, value ?? 0);
  if (mode !== 'reflect' && mode !== 'replicate' && mode !== 'circular') {
    throw new TypeError(`pad: unrecognised padding mode ${describe(mode)}`);
  }
  if (value !== undefined && value !== null && value !== 0)
    throw new TypeError(`pad: padding mode "${mode}" doesn't take in value argument`);
  return bordered(x, widths, mode);
}

operators({
  pad,
});
