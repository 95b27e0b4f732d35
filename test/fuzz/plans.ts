// Throws random plans at native.run(): every one must throw or succeed, whatever it says. Plans that got further than any
// before them are kept and varied. Run by fuzz.test.ts, and by scripts/sanitize.mjs under AddressSanitizer.
import { dtypes } from '../../lib/dtype.ts';
import { native, words } from '../../lib/native.ts';
import { enter, leave, limits, Random, watch } from './random.ts';

const random = new Random(limits.seed);

const kernels = native.kernels();
const WEIRD = [
  Number.NaN,
  Infinity,
  -Infinity,
  -1,
  -2,
  -0.5,
  0.5,
  1.5,
  1e15,
  2 ** 53,
  2 ** 31,
  2 ** 32,
  2 ** 63,
  -(2 ** 31),
  1e300,
  65536,
  4097,
];

interface Plan {
  kernel: number;
  list: boolean;
  structured: boolean;
  params: number[];
  sizes: number[];
  operands: { handle: number; scalar: number; dtype: number; offset: number; sizes: number[]; strides: number[] }[];
}
type Operand = Plan['operands'][number];

// ---- memory ---------------------------------------------------------------------------------------------------------

const owners = new Map<number, { owner: object; bytes: number }>();
const dead: number[] = [2 ** 53, 12345, 2 ** 26];
let recording = false;
function newStorage(): void {
  const bytes = random.pick([0, 1, 8, 40, 64, 100, 256, 1000, 4096, 20_000, 70_000, 70_000, 300_000]);
  const owner: object = {};
  const kind = random.next();
  let handle: number;
  if (kind < 0.1) {
    const buffer = new SharedArrayBuffer(bytes + 64);
    handle = native.adoptShared(new Uint8Array(buffer), buffer, owner);
  } else handle = kind < 0.25 ? native.adopt(new ArrayBuffer(bytes), owner) : native.allocate(bytes, owner, 0);
  if (handle < 0) return;
  owners.set(handle, { owner, bytes });
  // what has no memory yet gets it from the first recorded call that uses it; an ArrayBuffer's is not written to meanwhile
  if (recording && (kind < 0.25 || random.chance(0.7))) return;
  // small values are indices that fit now and then
  if (bytes >= 8)
    native.write(
      handle,
      0,
      BigInt64Array.from({ length: Math.floor(bytes / 8) }, () =>
        BigInt(random.below(5) - (random.chance(0.02) ? 9 : 0)),
      ),
    );
}
for (let i = 0; i < 40; i++) newStorage();
let handles = [...owners.keys()];

function churn(): void {
  const handle = random.pick(handles);
  native.release(handle);
  owners.delete(handle);
  dead.push(handle);
  if (dead.length > 20) dead.splice(3, 1);
  newStorage();
  handles = [...owners.keys()];
}

/** A storage that holds `bytes`, mostly. */
function fitting(bytes: number): number {
  let handle = random.pick(handles);
  for (let i = 0; i < 12 && owners.get(handle)!.bytes < bytes; i++) handle = random.pick(handles);
  return handle;
}

// ---- plans ----------------------------------------------------------------------------------------------------------

const size = (): number =>
  random.chance(0.01) ? random.pick([...WEIRD, 2 ** 40]) : random.pick([0, 1, 1, 2, 2, 3, 4, 5, 7, 8, 16, 33]);
const param = (): number =>
  random.chance(0.15) ? random.pick(WEIRD) : random.pick([0, 0, 1, 1, 1, 2, 2, 3, 4, -1, 0.1]);
const dense = (sizes: readonly number[]): number[] => {
  const out = new Array<number>(sizes.length);
  for (let d = sizes.length - 1, n = 1; d >= 0; d--) {
    out[d] = n;
    n *= sizes[d]!;
  }
  return out;
};
function strides(sizes: readonly number[]): number[] {
  const out = dense(sizes);
  if (random.chance(0.2)) out.reverse();
  if (random.chance(0.2))
    for (let d = 0; d < out.length; d++) if (random.chance(0.4)) out[d] = random.pick([0, 1, 2, 3, 8]);
  if (random.chance(0.01) && out.length > 0) out[random.below(out.length)] = random.pick(WEIRD);
  return out;
}
function operand(sizes: readonly number[], dtype: number, clean = false): Operand {
  const kind = random.next();
  const item = dtypes[dtype]?.size ?? 4;
  const room = fitting(item * sizes.reduce((a, b) => a * b, 1));
  if (clean) return { handle: room, scalar: 1, dtype, offset: 0, sizes: sizes.slice(), strides: dense(sizes) };
  const handle = kind < 0.06 ? -1 : kind < 0.08 ? -2 : kind < 0.09 ? random.pick(dead) : room;
  const offset = random.chance(0.8) ? 0 : random.chance(0.9) ? item * random.below(9) : random.pick([1, 3, ...WEIRD]);
  return { handle, scalar: param(), dtype, offset, sizes: sizes.slice(), strides: strides(sizes) };
}
const kind = (): number =>
  random.chance(0.01) ? random.pick([-1, 10, 99, Number.NaN, 0.5]) : random.below(dtypes.length);

function fresh(kernel: number): Plan {
  const main = random.chance(0.6) ? 0 : kind();
  const sizes = Array.from({ length: random.pick([0, 1, 1, 2, 2, 3, 4, 4, 5]) }, size);
  const clean = random.chance(0.6);
  const shape = (): number[] => {
    if (clean || random.chance(0.6)) return sizes.slice();
    if (random.chance(0.5)) return sizes.map((n) => (random.chance(0.7) ? n : size()));
    return Array.from({ length: random.below(5) }, size);
  };
  return {
    kernel,
    list: random.chance(0.1),
    structured: random.chance(0.5),
    params: Array.from({ length: random.pick([0, 1, 1, 2, 2, 3, 4, 5, 6, 8, 10, 12, 14]) }, param),
    sizes,
    operands: Array.from({ length: random.pick([1, 2, 2, 3, 3, 4, 5, 6, 7]) }, () =>
      operand(shape(), clean || random.chance(0.75) ? main : kind(), clean),
    ),
  };
}
const copy = (p: Plan): Plan => ({
  ...p,
  params: p.params.slice(),
  sizes: p.sizes.slice(),
  operands: p.operands.map((x) => ({ ...x, sizes: x.sizes.slice(), strides: x.strides.slice() })),
});

function vary(from: Plan): Plan {
  const p = copy(from);
  // handles of the kept plan may be dead by now
  for (const x of p.operands)
    if (x.handle >= 0 && !owners.has(x.handle) && random.chance(0.95)) x.handle = fitting(20_000);
  for (let n = random.below(4); n > 0; n--) {
    const x = p.operands.length > 0 ? random.pick(p.operands) : undefined;
    switch (random.below(14)) {
      case 0:
        p.params.push(param());
        break;
      case 1:
        p.params.pop();
        break;
      case 2:
      case 3:
      case 4:
        if (p.params.length > 0) p.params[random.below(p.params.length)] = param();
        break;
      case 5:
        p.operands.push(operand(p.sizes, x?.dtype ?? 0));
        break;
      case 6:
        p.operands.splice(random.below(p.operands.length), 1);
        break;
      case 7: {
        const dt = kind();
        for (const y of p.operands) y.dtype = dt;
        break;
      }
      case 8:
        if (x) x.dtype = kind();
        break;
      case 9:
        if (x) {
          x.sizes = random.chance(0.5)
            ? x.sizes.map((s) => (random.chance(0.7) ? s : size()))
            : Array.from({ length: random.below(5) }, size);
          x.strides = strides(x.sizes);
        }
        break;
      case 10:
        if (x) x.strides = strides(x.sizes.length === p.sizes.length || p.structured ? x.sizes : p.sizes);
        break;
      case 11:
        if (x) x.handle = random.chance(0.2) ? random.pick([-1, -2, ...dead]) : random.pick(handles);
        break;
      case 12:
        p.structured = !p.structured;
        break;
      default: {
        const d = random.below(p.sizes.length);
        const s = size();
        if (p.sizes.length > 0) {
          p.sizes[d] = s;
          for (const y of p.operands) {
            if (y.sizes.length === p.sizes.length) y.sizes[d] = s;
            y.strides = strides(p.structured ? y.sizes : p.sizes);
          }
        }
      }
    }
  }
  return p;
}

function write(p: Plan): void {
  let at = 0;
  const put = (v: number): void => {
    if (at < words.length) words[at++] = v;
  };
  put(p.kernel);
  if (p.list) {
    put(p.operands.length); // width
    put(1 + random.below(2));
    put(p.params.length);
    p.params.forEach(put);
    for (let i = 0; i < 2; i++)
      for (const x of p.operands) {
        put(x.handle);
        put(x.dtype);
        put(x.offset);
        put(x.sizes.reduce((a, b) => a * b, 1));
      }
    return;
  }
  put(p.structured ? 1 : 0);
  put(p.operands.length);
  put(p.params.length);
  p.params.forEach(put);
  if (!p.structured) {
    put(p.sizes.length);
    p.sizes.forEach(put);
  }
  for (const x of p.operands) {
    put(x.handle);
    if (x.handle === -2) continue;
    put(x.dtype);
    if (x.handle === -1) {
      put(x.scalar);
      continue;
    }
    put(x.offset);
    if (p.structured) {
      put(x.sizes.length);
      x.sizes.forEach(put);
      x.strides.forEach(put);
    } else for (let d = 0; d < p.sizes.length; d++) put(x.strides[d] ?? 0);
  }
}

// ---- the other entries ----------------------------------------------------------------------------------------------

const JUNK: (() => unknown)[] = [
  () => random.pick(WEIRD),
  () => random.below(12),
  () => random.pick(handles),
  () => random.pick(dead),
  () => null,
  () => undefined,
  () => 'text',
  () => ({}),
  () => [1],
  () => new Float64Array(random.below(9)),
  () => new Uint8Array(random.below(70)),
  () => new ArrayBuffer(random.below(70)),
  () => new Uint8Array(new ArrayBuffer(65), 1),
  () => 5n,
  () => -(2n ** 70n),
  () => true,
  () => Symbol('s'),
  () => () => 1,
  () => new DataView(new ArrayBuffer(8)),
  () => new SharedArrayBuffer(8),
  () => new BigInt64Array(2),
  () => {
    const b = new ArrayBuffer(64);
    structuredClone(b, { transfer: [b] });
    return b;
  },
];
const ENTRIES = [
  'allocate',
  'adopt',
  'adoptShared',
  'release',
  'sweep',
  'item',
  'read',
  'write',
  'canary',
  'kernels',
  'poolStats',
  'trim',
  'getNumThreads',
  'createGenerator',
  'destroyGenerator',
  'seedGenerator',
  'generatorSeed',
  'generatorState',
  'setGeneratorState',
  'seedFromSystem',
  'dtypes',
  'build',
] as const;
function entry(call: number): void {
  const name = random.pick(ENTRIES);
  const args = Array.from({ length: random.below(4) }, () => random.pick(JUNK)());
  if (name === 'allocate' && typeof args[0] === 'number' && args[0] > 1e6) return;
  if (name === 'destroyGenerator' && args[0] === 0) return;
  // what is freed here must be known here
  if (name === 'release' && owners.has(args[0] as number)) return;
  enter(call, `${name}(${args.map(String).join(', ')})`);
  (native[name] as (...args: unknown[]) => unknown)(...args);
}

// ---- the loop -------------------------------------------------------------------------------------------------------

watch();
const corpus = new Map<number, Plan[]>();
const seen = new Set<string>();
const succeeded = new Set<number>();
let threw = 0;
let entries = 0;
const slow: string[] = [];

// First the numbers of operands and parameters that each kernel takes: random ones hardly ever meet them.
const ARITY = /wrong number|expected .*(operands|map plan)|missing|wrong plan|cut off/;
const INT64 = dtypes.findIndex((d) => d.name === 'int64');
const INT32 = dtypes.findIndex((d) => d.name === 'int32');
const BOOL = dtypes.findIndex((d) => d.name === 'bool');
/** Dtypes by place: all float32, or the first bool, or one of the others int64. */
const KINDS: ((i: number) => number)[] = [
  () => 0,
  (i) => (i === 0 ? BOOL : 0),
  (i) => (i === 1 ? INT64 : 0),
  (i) => (i === 2 ? INT64 : 0),
  (i) => (i === 3 ? INT64 : 0),
];
function survey(kernel: number, structured: boolean, sizes: readonly number[], dtypeOf: (i: number) => number): void {
  for (let operands = 0; operands <= 8; operands++) {
    const all = Array.from({ length: operands }, (_, i) => operand(sizes, dtypeOf(i), true));
    for (const params of [0, 1, 2, 3, 4, 5, 6, 8, 10, 12]) {
      const plan: Plan = {
        kernel,
        list: false,
        structured,
        params: Array.from({ length: params }, () => 1),
        sizes: sizes.slice(),
        operands: all,
      };
      write(plan);
      try {
        native.run();
      } catch (error) {
        const { message } = error as Error;
        if (message === 'wrong number of operands') break;
        if (ARITY.test(message)) continue;
      }
      corpus.set(kernel, [...(corpus.get(kernel) ?? []), plan]);
    }
  }
}
for (let kernel = 0; kernel < kernels.length; kernel++) {
  for (const structured of [false, true]) {
    for (const sizes of [
      [2, 3],
      [2, 3, 4, 4],
    ])
      for (const dtypeOf of KINDS) survey(kernel, structured, sizes, dtypeOf);
  }
  // lists: tuples of 1 to 5 dense tensors
  for (let width = 1; width <= 5; width++) {
    const all = Array.from({ length: width }, () => operand([2, 3], 0, true));
    for (let params = 0; params <= 10; params++) {
      const plan: Plan = {
        kernel,
        list: true,
        structured: false,
        params: Array.from({ length: params }, () => 1),
        sizes: [2, 3],
        operands: all,
      };
      write(plan);
      try {
        native.runList();
      } catch {
        continue;
      }
      corpus.set(kernel, [...(corpus.get(kernel) ?? []), plan]);
    }
  }
}

/** Recurrent layers with every operand: the LSTM's projection, packed batches of sizes that now and then fit. */
function recurrent(): typeof CALLS {
  const [rows, batch, hidden, out] = [6, 3, 4, 2];
  const [state, cells, wide, narrow] = [
    [batch, out],
    [batch, hidden],
    [rows, hidden],
    [rows, out],
  ];
  const [weight, projection, gates] = [
    [4 * hidden, out],
    [out, hidden],
    [rows, 4 * hidden],
  ];
  const forward = [narrow, gates, wide, state, cells, weight, [hidden], projection, [2]];
  const kept = [narrow, narrow, gates, wide, state, cells, weight, projection, [2]];
  return [
    ['rnn', [2, 0, 2, 0], forward, 8],
    ['rnnBackward', [2, 1, 2, 0], [gates, gates, narrow, state, cells, narrow, wide, ...kept], 15],
  ];
}

// Then whole calls of the kernels whose operands differ in shape: [name, parameters, shapes, which operand is int64,
// which are int32].
const CALLS: [name: string, params: number[], shapes: number[][], index?: number, codes?: number[]][] = [
  [
    'matmul',
    [1, 0],
    [
      [1, 2, 3],
      [1, 2, 4],
      [1, 4, 3],
    ],
  ],
  ['batchNorm', [1, 0.1, 1e-5], [[2, 3, 4], [3], [3], [2, 3, 4], [3], [3], [3], [3]]],
  ['batchNormBackward', [1], [[2, 3, 4], [3], [3], [2, 3, 4], [2, 3, 4], [3], [3], [3]]],
  [
    'attention',
    [1, 0.5],
    [
      [1, 2, 3, 2],
      [1, 2, 3],
      [1, 2, 3, 4],
      [1, 1, 5, 4],
      [1, 1, 5, 2],
      [1, 2, 3, 5],
    ],
  ],
  [
    'attentionBackward',
    [0, 0.5],
    [
      [1, 2, 3, 4],
      [1, 1, 5, 4],
      [1, 1, 5, 2],
      [1, 2, 3, 2],
      [1, 2, 3, 2],
      [1, 2, 3],
      [1, 2, 3, 4],
      [1, 1, 5, 4],
      [1, 1, 5, 2],
      [1, 2, 3, 5],
    ],
  ],
  ['layerNorm', [1e-5], [[2, 6], [2], [2], [2, 6], [6], [6]]],
  ['layerNormBackward', [], [[2, 6], [6], [6], [2, 6], [2, 6], [6], [2], [2]]],
  ...recurrent(),
  ['nllLoss', [1, -100], [[], [], [4, 5], [4], [5]], 3],
  ['nllLossBackward', [1, -100], [[4, 5], [], [4], [5], []], 2],
  ['crossEntropy', [1, -100, 0], [[], [], [4, 5], [4, 5], [4], [5]], 4],
  ['crossEntropyBackward', [1, -100, 0], [[4, 5], [], [4, 5], [4], [5], []], 3],
  ['indexSelect', [0], [[2, 3], [8, 3], [2]], 2],
  ['indexAdd', [0, 1], [[8, 3], [2], [2, 3]], 1],
  ['indexCopy', [0], [[8, 3], [2], [2, 3]], 1],
  [
    'unfoldBackward',
    [0, 2, 1],
    [
      [5, 3],
      [4, 3, 2],
    ],
  ],
  ['maskedScatter', [], [[2, 3], [2, 3], [6]]],
  ['linalgLu', [], [[2, 3, 3], [2, 3], [2], [2, 3, 4]], -1, [1, 2]],
  ['linalgCholesky', [], [[2, 3, 3], [2]], -1, [1]],
  [
    'linalgTriangular',
    [1, 0],
    [
      [2, 3, 4],
      [2, 3, 3],
    ],
  ],
  [
    'linalgQr',
    [],
    [
      [2, 4, 3],
      [2, 4, 3],
    ],
  ],
  [
    'linalgGeqrf',
    [],
    [
      [2, 4, 3],
      [2, 3],
    ],
  ],
  [
    'linalgReflect',
    [0],
    [
      [2, 4, 2],
      [2, 4, 3],
      [2, 3],
    ],
  ],
  ['linalgLdlFactor', [], [[2, 3, 3], [2, 3], [2]], -1, [1, 2]],
  [
    'linalgLdlSolve',
    [],
    [
      [2, 3, 2],
      [2, 3, 3],
      [2, 3],
    ],
    -1,
    [2],
  ],
  ['linalgEigh', [1], [[2, 4, 4], [2, 4], [2]], -1, [2]],
  ['linalgSvd', [], [[2, 4, 3], [2, 3], [2], [2, 4, 3], [2, 3, 3]], -1, [2]],
];
for (const [name, params, shapes, index, codes] of CALLS) {
  const kernel = kernels.indexOf(name);
  const plan: Plan = {
    kernel,
    list: false,
    structured: true,
    params,
    sizes: shapes[0]!,
    operands: shapes.map((sizes, i) => operand(sizes, i === index ? INT64 : codes?.includes(i) ? INT32 : 0, true)),
  };
  corpus.set(kernel, [...(corpus.get(kernel) ?? []), plan, plan, plan]);
}

/** Plans that are recorded and run on another thread, while storages of theirs are let go and others are made. */
async function recorded(call: number): Promise<void> {
  native.record();
  recording = true;
  const plans: Plan[] = [];
  for (let n = random.below(12); n >= 0; n--) {
    if (random.chance(0.5)) churn();
    const kept = random.pick([...corpus.values()]);
    const plan = vary(random.pick(kept));
    plans.push(plan);
    write(plan);
    enter(call, `recording ${kernels[plan.kernel]} ${JSON.stringify(plan)}`);
    try {
      if (random.chance(0.1)) entry(call);
      else if (plan.list) native.runList();
      else native.run();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
  }
  enter(call, `recorded ${JSON.stringify(plans)}`);
  for (let n = random.below(3); n > 0; n--) churn();
  recording = false;
  if (random.chance(0.1)) native.discard();
  else {
    await new Promise<void>((resolve, reject) => {
      native.start((code, message) => {
        if (code === 'FLAMBEAU_INTERNAL') reject(new Error(`${message}`));
        else resolve();
      });
      for (let n = random.below(4); n > 0; n--) churn();
      native.sweep(0);
    });
  }
  leave();
}

let call = 0;
// What came before takes longer than that under AddressSanitizer.
const until = Date.now() + limits.seconds * 1000;
for (; call < limits.calls && (call % 64 !== 0 || Date.now() < until); call++) {
  if (call % 16 === 0) churn();
  if (call % 256 === 0) await recorded(call);
  if (random.chance(0.05)) {
    entries++;
    try {
      entry(call);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
    leave();
    continue;
  }
  const kernel = random.chance(0.001)
    ? random.pick([-1, kernels.length, 1e9, Number.NaN])
    : random.below(kernels.length);
  const kept = corpus.get(kernel);
  const plan = kept && random.chance(0.85) ? vary(random.pick(kept)) : fresh(kernel);
  write(plan);
  enter(call, `${kernels[kernel]} ${JSON.stringify(plan)}`);
  const start = performance.now();
  let outcome = 'success';
  try {
    if (plan.list) native.runList();
    else native.run();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { code } = error as Error & { code?: string };
    if (code === undefined || code === 'FLAMBEAU_INTERNAL') throw error;
    outcome = error.message.replace(/-?\d+(\.\d+)?(e\+?\d+)?/g, '#');
    threw++;
  }
  leave();
  const ms = performance.now() - start;
  if (ms > limits.slow) slow.push(`${ms.toFixed(0)} ms: ${kernels[kernel]} ${JSON.stringify(plan)}`);
  if (outcome === 'success') succeeded.add(kernel);
  const key = `${kernel} ${outcome}${outcome === 'success' ? ` ${plan.operands[0]?.dtype} ${plan.operands[0]?.sizes.length}` : ''}`;
  if ((!seen.has(key) && (outcome === 'success' || !ARITY.test(outcome))) || random.chance(0.002)) {
    seen.add(key);
    const list = corpus.get(kernel) ?? [];
    list.push(plan);
    if (list.length > 60) list.shift();
    corpus.set(kernel, list);
  }
}
const never = kernels.filter((_, i) => !succeeded.has(i));
console.log(
  JSON.stringify({
    calls: call,
    threw,
    entries,
    outcomes: seen.size,
    succeeded: succeeded.size,
    never,
    slow: slow.slice(0, 5),
  }),
);
if (slow.length > 0) process.exitCode = 1;
