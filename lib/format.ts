// How tensors print: PyTorch's torch/_tensor_str.py, byte for byte. Called by Tensor's toString and inspect hooks
// through formatTensor(); knows nothing of Tensor, so that it is tested alone against torch's own output.
import type { DTypeName } from './dtype.ts';

/** What formatTensor needs to know of a tensor. */
export interface Printable {
  readonly sizes: readonly number[];
  readonly dtype: DTypeName;
  /** As PyTorch writes it, with the index: `'cpu'`, `'cuda:0'`. */
  readonly device: string;
  /** Whether `device` goes without saying; if not, it is printed. */
  readonly isDefaultDevice: boolean;
  readonly defaultDtype: DTypeName;
  readonly requiresGrad: boolean;
  /** The name of the node that made the tensor, such as `MulBackward0`; null for leaves. */
  readonly gradFnName: string | null;
  /** The element at a flat index in row-major order. Only the elements that are shown are read. */
  read(index: number): number | bigint | boolean;
}

/** The settings of `setPrintoptions`. */
export interface PrintOptions {
  /** Digits after the point. */
  precision: number;
  /** Tensors with more elements than this are summarised. */
  threshold: number;
  /** How many elements a summary shows at each end of each dimension. */
  edgeitems: number;
  /** Characters in a line. */
  linewidth: number;
  /** Scientific notation: always, never, or as the values need it (null). */
  sciMode: boolean | null;
}

/** What `setPrintoptions` takes: any of the settings, and a profile that sets all of them first. */
export type PrintOptionsInput = { [K in keyof PrintOptions]?: PrintOptions[K] | null | undefined } & {
  profile?: 'default' | 'short' | 'full' | null | undefined;
};

const profiles: Record<'default' | 'short' | 'full', Omit<PrintOptions, 'sciMode'>> = {
  default: { precision: 4, threshold: 1000, edgeitems: 3, linewidth: 80 },
  short: { precision: 2, threshold: 1000, edgeitems: 2, linewidth: 80 },
  full: { precision: 4, threshold: Infinity, edgeitems: 3, linewidth: 80 },
};

let current: PrintOptions = { ...profiles.default, sciMode: null };

/**
 * Sets how tensors print. What is not named keeps its value, except `sciMode`, which goes back to automatic, as in
 * PyTorch. Throws RangeError or TypeError for values that make no sense.
 * @example
 * torch.setPrintoptions({ precision: 2 })
 * torch.tensor([0.125, 2]) // tensor([0.12, 2.00])
 */
export function setPrintoptions(options: PrintOptionsInput): void {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`setPrintoptions: expected an object of options but received ${String(options)}`);
  const known = ['precision', 'threshold', 'edgeitems', 'linewidth', 'sciMode', 'profile'];
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new TypeError(`setPrintoptions: unknown option '${key}'`);
  }
  let next: PrintOptions = { ...current };
  const { profile, sciMode } = options;
  if (profile != null) {
    if (!Object.hasOwn(profiles, profile)) {
      const names = "'default', 'short' or 'full'";
      throw new TypeError(`setPrintoptions: Expected ${names} for profile but received '${profile}'`);
    }
    next = { ...next, ...profiles[profile] };
  }
  next.precision = whole('precision', options.precision, 0, 99) ?? next.precision;
  next.edgeitems = whole('edgeitems', options.edgeitems, 0, 2 ** 31) ?? next.edgeitems;
  next.linewidth = whole('linewidth', options.linewidth, 0, Infinity) ?? next.linewidth;
  if (options.threshold != null) {
    if (typeof options.threshold !== 'number' || Number.isNaN(options.threshold)) {
      throw new TypeError(`setPrintoptions: Expected a number for threshold but received ${String(options.threshold)}`);
    }
    next.threshold = options.threshold;
  }
  if (sciMode != null && typeof sciMode !== 'boolean') {
    throw new TypeError(`setPrintoptions: Expected a boolean or null for sciMode but received ${String(sciMode)}`);
  }
  next.sciMode = sciMode ?? null;
  current = next;
}

/**
 * The current settings, as an object that `setPrintoptions` takes.
 * @example
 * torch.getPrintoptions()
 * // {
 * //   precision: 4,
 * //   threshold: 1000,
 * //   edgeitems: 3,
 * //   linewidth: 80,
 * //   sciMode: null
 * // }
 */
export function getPrintoptions(): PrintOptions {
  return { ...current };
}

function whole(name: string, value: number | null | undefined, low: number, high: number): number | null {
  if (value == null) return null;
  if (typeof value !== 'number' || !(Number.isInteger(value) || value === Infinity)) {
    throw new TypeError(`setPrintoptions: Expected a whole number for ${name} but received ${String(value)}`);
  }
  if (value < low || value > high) {
    throw new RangeError(`setPrintoptions: Expected ${low} to ${high} for ${name} but received ${value}`);
  }
  return value;
}

/** `torch.Size([2, 2])`. */
export function formatSize(sizes: readonly number[]): string {
  return `torch.Size([${sizes.join(', ')}])`;
}

/**
 * Prints a tensor as PyTorch does: `tensor([[1, 2],\n        [3, 4]])`.
 * `prefix` is `tensor(` for all but subclasses.
 */
export function formatTensor(tensor: Printable, prefix = 'tensor('): string {
  const { sizes, dtype } = tensor;
  const indent = prefix.length;
  const numel = sizes.reduce((count, size) => count * size, 1);
  const suffixes: string[] = [];
  if (!tensor.isDefaultDevice) suffixes.push(`device='${tensor.device}'`);
  let body = '[]';
  if (numel === 0) {
    if (sizes.length !== 1) suffixes.push(`size=${tuple(sizes)}`);
    if (dtype !== tensor.defaultDtype) suffixes.push(`dtype=torch.${dtype}`);
  } else {
    if (current.edgeitems === 0) suffixes.push(`size=${tuple(sizes)}`);
    const saysItself = dtype === tensor.defaultDtype || dtype === 'int64' || dtype === 'bool';
    if (!saysItself) suffixes.push(`dtype=torch.${dtype}`);
    body = formatBody(tensor, numel, indent);
  }
  if (tensor.gradFnName !== null) suffixes.push(`grad_fn=<${tensor.gradFnName}>`);
  else if (tensor.requiresGrad) suffixes.push('requires_grad=True');
  return addSuffixes(prefix + body, suffixes, indent);
}

function tuple(sizes: readonly number[]): string {
  return sizes.length === 1 ? `(${sizes[0]},)` : `(${sizes.join(', ')})`;
}

function addSuffixes(text: string, suffixes: readonly string[], indent: number): string {
  const parts = [text];
  let lastLine = text.length - text.lastIndexOf('\n') + 1;
  for (const suffix of suffixes) {
    if (lastLine + suffix.length + 2 > current.linewidth) {
      parts.push(`,\n${' '.repeat(indent)}${suffix}`);
      lastLine = indent + suffix.length;
    } else {
      parts.push(`, ${suffix}`);
      lastLine += suffix.length + 2;
    }
  }
  return `${parts.join('')})`;
}

/** The elements with their brackets. The cells are made in one walk and laid out in a second, in the same order. */
function formatBody(tensor: Printable, numel: number, indent: number): string {
  const { sizes } = tensor;
  const summarize = numel > current.threshold;
  const edge = current.edgeitems;
  const steps: number[] = Array.from({ length: sizes.length }, () => 1);
  for (let d = sizes.length - 2; d >= 0; d--) steps[d] = (steps[d + 1] ?? 1) * (sizes[d + 1] ?? 1);

  const values: (number | bigint | boolean)[] = [];
  const collect = (dim: number, base: number): void => {
    if (dim === sizes.length) {
      values.push(tensor.read(base));
      return;
    }
    const size = sizes[dim] ?? 0;
    const step = steps[dim] ?? 1;
    const cut = summarize && size > 2 * edge;
    for (let i = 0; i < size; i++) {
      if (cut && i === edge) i = size - edge;
      if (i < size) collect(dim + 1, base + i * step);
    }
  };
  collect(0, 0);

  const { cells, width } = formatCells(values, tensor.dtype);
  if (sizes.length === 0) return cells[0] ?? '';
  let next = 0;
  const take = (count: number): string[] => {
    next += count;
    return cells.slice(next - count, next);
  };
  const layOut = (dim: number, column: number): string => {
    const size = sizes[dim] ?? 0;
    const cut = summarize && size > 2 * edge;
    if (dim === sizes.length - 1) {
      const row = cut ? [...take(edge), edge === 0 ? '...' : ' ...', ...take(edge)] : take(size);
      const perLine = Math.max(1, Math.floor((current.linewidth - column) / (width + 2)));
      const lines: string[] = [];
      for (let i = 0; i < row.length; i += perLine) lines.push(row.slice(i, i + perLine).join(', '));
      return `[${lines.join(`,\n${' '.repeat(column + 1)}`)}]`;
    }
    const slices: string[] = [];
    const count = cut ? 2 * edge : size;
    for (let i = 0; i < count; i++) {
      if (cut && i === edge) slices.push('...');
      slices.push(layOut(dim + 1, column + 1));
    }
    if (cut && edge === 0) slices.push('...');
    return `[${slices.join(`,${'\n'.repeat(sizes.length - dim - 1)}${' '.repeat(column + 1)}`)}]`;
  };
  return layOut(0, indent);
}

function formatCells(
  values: readonly (number | bigint | boolean)[],
  dtype: DTypeName,
): { cells: string[]; width: number } {
  let texts: string[];
  let width = 1;
  if (dtype === 'bool') {
    texts = values.map((value) => (value ? 'True' : 'False'));
    for (const text of texts) width = Math.max(width, text.length);
  } else if (!dtype.includes('float')) {
    texts = values.map(String);
    for (const text of texts) width = Math.max(width, text.length);
  } else {
    const numbers = values.map(Number);
    const write = floatWriter(numbers);
    texts = numbers.map(write);
    // Zeros and non-finite values do not count, so that a lone `-inf` does not widen its neighbours.
    texts.forEach((text, i) => {
      const value = numbers[i] ?? 0;
      if (Number.isFinite(value) && value !== 0) width = Math.max(width, text.length);
    });
  }
  return { cells: texts.map((text) => text.padStart(width)), width };
}

/** Chooses between `1.`, `1.0000` and `1.0000e+00` for all the numbers that are shown. */
function floatWriter(numbers: readonly number[]): (value: number) => string {
  let min = Infinity;
  let max = 0;
  let integers = true;
  for (const value of numbers) {
    if (!Number.isFinite(value) || value === 0) continue;
    min = Math.min(min, Math.abs(value));
    max = Math.max(max, Math.abs(value));
    if (!Number.isInteger(value)) integers = false;
  }
  const dot = (value: number): string => toFixed(value, 0) + (Number.isFinite(value) ? '.' : '');
  if (max === 0) return dot;
  if (current.sciMode ?? (max / min > 1000 || max > 1e8 || min < 1e-4)) {
    return (value) => toExponential(value, current.precision);
  }
  return integers ? dot : (value) => toFixed(value, current.precision);
}

/** Python's `f'{value:.{digits}f}'`: ties go to even, large values are written out, minus zero keeps its sign. */
export function toFixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const x = Math.abs(value);
  if (x >= 1e21) return sign + BigInt(x).toString() + (digits > 0 ? `.${'0'.repeat(digits)}` : '');
  // A tie is an odd multiple of 2^-(digits + 1): its decimal expansion ends exactly one place too far, with a 5.
  const scaled = x * 2 ** (digits + 1);
  if (Number.isInteger(scaled) && scaled % 2 === 1) {
    const exact = x.toFixed(digits + 1);
    const down = exact.slice(0, digits === 0 ? -2 : -1);
    if (Number(down.at(-1)) % 2 === 0) return sign + down;
  }
  return sign + x.toFixed(digits); // JavaScript rounds ties up
}

/** Python's `f'{value:.{digits}e}'`: ties go to even, the exponent has two digits at least. */
export function toExponential(value: number, digits: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const x = Math.abs(value);
  let text = x.toExponential(digits);
  if (digits < 50 && /5e/.test(x.toExponential(digits + 1))) {
    // 100 digits tell a true tie from a near one: no double lies closer than 1e-35 to a short decimal without being it.
    const [mantissa = '', exponent = ''] = x.toExponential(100).split('e');
    const kept = mantissa.slice(0, digits === 0 ? 1 : digits + 2);
    const rest = mantissa.slice(digits + 2);
    if (/^50*$/.test(rest) && Number(kept.at(-1)) % 2 === 0) text = `${kept}e${exponent}`;
  }
  const at = text.indexOf('e');
  const exponent = text.slice(at + 2);
  return `${sign}${text.slice(0, at + 2)}${exponent.padStart(2, '0')}`;
}

function nonFinite(value: number): string {
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}
