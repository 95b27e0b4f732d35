// What the tests of operators share: tensors described as data, the calls made of them, and comparison with PyTorch's
// stored answers. test/samples/ describes calls, scripts/oracle-cases.ts exports them, test/ops.test.ts makes them.
import assert from 'node:assert/strict';
import * as torch from '../lib/index.ts';
import type { DTypeName } from '../lib/dtype.ts';

/** Where the tests of operators compute: FLAMBEAU_TEST_DEVICE=cuda:0 (with FLAMBEAU_CUDA=emulate, where there is no GPU). */
export const DEVICE: string = process.env.FLAMBEAU_TEST_DEVICE ?? 'cpu';
// PyTorch's answers are of whole float32
if (DEVICE !== 'cpu') torch.backends.cudnn.allowTf32 = false;
if (DEVICE !== 'cpu') torch.setDefaultDevice(DEVICE);
/** Makes tensors on the CPU, whose numbers for a seed are stored; they go to DEVICE afterwards. */
export function onCpu<R>(f: () => R): R {
  torch.setDefaultDevice('cpu');
  try {
    return f();
  } finally {
    torch.setDefaultDevice(DEVICE);
  }
}

/** A tensor of a call, as data. Without a dtype it takes that of the run. */
export interface Spec {
  readonly spec: true;
  readonly shape: readonly number[];
  readonly dtype: DTypeName | null;
  /** Random values lie in here. */
  readonly domain: readonly [number, number];
  /** Values by hand: special cases, ties. Such a call is left out of gradient checks. */
  readonly values: readonly number[] | null;
  /** Whether gradient checks differentiate by it. */
  readonly grad: boolean;
}
/** An argument: tensors as specs, anywhere inside lists and options. */
export type Arg = Spec | number | string | boolean | null | readonly Arg[] | { readonly [name: string]: Arg };

const make = (fields: Partial<Spec> & { shape: readonly number[] }): Spec => ({
  spec: true,
  dtype: null,
  domain: [-2, 2],
  values: null,
  grad: true,
  ...fields,
});
type Last = readonly [number, number] | undefined;
/** A random tensor: `t([2, 3])`, with values in `[-2, 2]` or the given domain; distinct, and never whole numbers if floating. */
export const t = (shape: readonly number[] = [], domain?: Last): Spec => make({ shape, ...(domain ? { domain } : {}) });
/** As t, but constant for gradient checks. */
export const still = (shape: readonly number[] = [], domain?: Last): Spec => ({ ...t(shape, domain), grad: false });
/** Values by hand, of the run's dtype. */
export const of = (values: readonly number[], shape: readonly number[] = [values.length]): Spec =>
  make({ shape, values });
/** A tensor of a dtype of its own. */
export const typed = (dtype: DTypeName, shape: readonly number[] = [], domain?: Last): Spec => ({
  ...t(shape, domain),
  dtype,
  grad: false,
});
/** Random positions from 0 to n - 1. */
export const index = (shape: readonly number[], n: number): Spec => typed('int64', shape, [0, n - 1]);
/** Positions by hand. */
export const at = (values: readonly number[], shape?: readonly number[]): Spec => ({
  ...of(values, shape),
  dtype: 'int64',
  grad: false,
});
/** A random mask. */
export const mask = (...shape: number[]): Spec => typed('bool', shape);

export const isSpec = (x: Arg | undefined): x is Spec => typeof x === 'object' && x !== null && 'spec' in x;
const isList = (x: Arg): x is readonly Arg[] => Array.isArray(x);
/** The tensors of a call, in order. */
export function specsOf(arg: Arg): Spec[] {
  if (isSpec(arg)) return [arg];
  if (isList(arg)) return arg.flatMap(specsOf);
  return typeof arg === 'object' && arg !== null ? Object.values(arg).flatMap(specsOf) : [];
}
/** A call with each tensor replaced. */
export function replace(arg: Arg, f: (s: Spec) => unknown): unknown {
  if (isSpec(arg)) return f(arg);
  if (isList(arg)) return arg.map((a) => replace(a, f));
  if (typeof arg !== 'object' || arg === null) return arg;
  return Object.fromEntries(Object.entries(arg).map(([k, v]) => [k, replace(v, f)]));
}

/** Numbers from 0 to 1, always the same for one seed. */
export function lcg(text: string): () => number {
  let state = 2166136261;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 16777619) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}
// steps between random values, so that each dtype holds them exactly
const STEP: Partial<Record<DTypeName, number>> = {
  float32: 1 / 1024,
  float64: 1 / 1024,
  float16: 1 / 64,
  bfloat16: 1 / 16,
};
/** The elements of a spec for a run. */
export function valuesOf(spec: Spec, run: DTypeName, random: () => number): number[] {
  const dtype = spec.dtype ?? run;
  const count = spec.shape.reduce((n, m) => n * m, 1);
  const [low, high] = spec.domain;
  const step = STEP[dtype];
  if (spec.values) return dtype === 'bool' ? spec.values.map((v) => (v === 0 ? 0 : 1)) : [...spec.values];
  if (dtype === 'bool') return Array.from({ length: count }, () => (random() < 0.5 ? 0 : 1));
  if (step === undefined) {
    const from = dtype === 'uint8' ? Math.max(0, Math.ceil(low)) : Math.ceil(low);
    return Array.from({ length: count }, () => from + Math.floor(random() * (Math.floor(high) - from + 1)));
  }
  const steps = Math.floor((high - low) / step);
  const seen = new Set<number>();
  return Array.from({ length: count }, () => {
    let k = Math.floor(random() * steps);
    for (let tries = 0; seen.has(k) && tries < 100; tries++) k = Math.floor(random() * steps);
    seen.add(k);
    return low + (k + 0.5) * step;
  });
}

/** How a call reads; also its key among the stored answers, and the seed of its values. */
export function show(arg: Arg, run: DTypeName): string {
  if (isSpec(arg)) return `${arg.dtype ?? run}[${arg.shape}]${arg.values ? '!' : ''}`;
  if (isList(arg)) return `[${arg.map((a) => show(a, run)).join(', ')}]`;
  if (typeof arg === 'object' && arg !== null)
    return `{${Object.entries(arg)
      .map(([k, v]) => `${k}: ${show(v, run)}`)
      .join(', ')}}`;
  return typeof arg === 'string' ? `'${arg}'` : String(arg);
}

/** A tensor of values in row-major order. */
export function tensorOf(values: readonly number[], shape: readonly number[], dtype: DTypeName): torch.Tensor {
  return torch.tensor(dtype === 'bool' ? values.map(Boolean) : values, { dtype }).reshape([...shape]);
}

// ---- layouts --------------------------------------------------------------------------------------------------------

/** The same values elsewhere in memory. */
export const layouts: Record<string, (x: torch.Tensor) => torch.Tensor> = {
  transposed: (x) => {
    const back = x.sizes.map((_, d) => x.sizes.length - 1 - d);
    return x.permute(back).contiguous().clone().permute(back);
  },
  sliced: (x) => {
    // every other element of a tensor larger in each dim, from the second on
    let out = torch.zeros(
      x.sizes.map((n) => 2 * n + 1),
      { dtype: x.dtype },
    );
    for (const [d, n] of x.sizes.entries()) out = out.slice(d, 1, 2 * n + 1, 2);
    return torch.noGrad(() => out.copy_(x));
  },
  'of a larger storage': (x) => {
    const whole = torch.zeros([x.numel() + 7], { dtype: x.dtype });
    const out = whole.slice(0, 5, 5 + x.numel()).view(x.sizes);
    return torch.noGrad(() => out.copy_(x));
  },
};

// ---- answers --------------------------------------------------------------------------------------------------------

/** A stored tensor, number or boolean, list of results, or that PyTorch refuses. */
export type Stored =
  | { readonly d: DTypeName; readonly s: readonly number[]; readonly v: readonly (number | string)[] }
  | { readonly py: number | boolean | string }
  | { readonly raises: string }
  | readonly Stored[];
const isStoredList = (x: Stored): x is readonly Stored[] => Array.isArray(x);

/** Absolute and relative tolerance by dtype. */
export const TOLERANCE: Partial<Record<DTypeName, number>> = {
  float64: 1e-10,
  float32: 3e-6,
  float16: 2e-3,
  bfloat16: 1.6e-2,
};
const NAMED: Record<string, number> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};
const numeric = (v: number | string): number => (typeof v === 'number' ? v : (NAMED[v] ?? Number(v)));

/** The elements in row-major order, booleans and bigints as numbers. */
export const flat = (x: torch.Tensor): number[] =>
  (x.detach().contiguous().reshape([-1]).tolist() as unknown[]).map(Number);

const close = (a: number, b: number, tolerance: number): boolean =>
  a === b || (Number.isNaN(a) && Number.isNaN(b)) || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b));

/** Fails unless the numbers agree; says where they do not. */
export function expectClose(got: readonly number[], wanted: readonly number[], tolerance: number, what: string): void {
  const i = wanted.findIndex((w, k) => !close(got[k] ?? Number.NaN, w, tolerance));
  if (i >= 0 || got.length !== wanted.length) {
    assert.fail(
      `${what}: element ${i} is ${got[i]}, expected ${wanted[i]}; [${got.slice(0, 24)}] vs [${wanted.slice(0, 24)}]`,
    );
  }
}

/** Fails unless a result has the stored values, dtype and shape. */
export function expectStored(got: unknown, wanted: Stored, what: string, factor = 1): void {
  if (isStoredList(wanted)) {
    const list = [...(got as Iterable<unknown>)];
    assert.equal(list.length, wanted.length, `${what}: number of results`);
    wanted.forEach((w, i) => expectStored(list[i], w, `${what} [${i}]`, factor));
  } else if ('py' in wanted) {
    assert.equal(got, typeof wanted.py === 'string' ? numeric(wanted.py) : wanted.py, what);
  } else if ('raises' in wanted) {
    assert.fail(`${what}: PyTorch raises ${wanted.raises}`);
  } else {
    if (!(got instanceof torch.Tensor)) assert.fail(`${what}: expected a Tensor`);
    const x = got as torch.Tensor;
    assert.equal(`${x.dtype}[${x.sizes}]`, `${wanted.d}[${wanted.s}]`, what);
    expectClose(flat(x), wanted.v.map(numeric), (TOLERANCE[wanted.d] ?? 0) * factor, what);
  }
}

/** The tensors of a result. */
export function tensorsOf(result: unknown): torch.Tensor[] {
  if (result instanceof torch.Tensor) return [result];
  return Array.isArray(result) ? result.flatMap(tensorsOf) : [];
}

const CLASSES = [
  TypeError,
  RangeError,
  torch.ShapeError,
  torch.DtypeError,
  torch.DeviceError,
  torch.AutogradError,
  torch.linalg.LinAlgError,
];
/** Fails unless `f` throws one of the documented classes, with a message that begins with the operator's name. */
export function expectRefusal(f: () => unknown, names: string | readonly string[], message?: RegExp): void {
  const name = typeof names === 'string' ? names : names[0]!;
  let error: unknown;
  try {
    f();
  } catch (e) {
    error = e;
  }
  if (error === undefined) assert.fail(`${name}: accepted what it should refuse`);
  if (!(error instanceof Error)) assert.fail(`${name}: threw something that is no Error`);
  const e = error as Error;
  assert.ok(
    CLASSES.some((c) => e instanceof c),
    `${name}: a documented error class, not ${e.name}: ${e.message}\n${e.stack}`,
  );
  assert.ok(
    [names].flat().some((n) => e.message.startsWith(`${n}: `)),
    `message should begin with '${name}: ': ${e.name}: ${e.message}`,
  );
  if (message) assert.match(e.message, message);
}
