// Calls random functions and methods of the API with random arguments: every outcome must be a value or an error of the
// documented classes, soon. Run by bad-input.test.ts, and by scripts/sanitize.mjs under AddressSanitizer.
import * as torch from '../../lib/index.ts';
import { enter, leave, limits, Random, watch } from './random.ts';
import { DOCUMENTED, ROUGH, SKIP, sweep } from './sweep.ts';

const random = new Random(limits.seed);
const DTYPES = [
  'float32',
  'float64',
  'float16',
  'bfloat16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint8',
  'bool',
] as const;
// ---- arguments ------------------------------------------------------------------------------------------------------

const size = (): number => random.pick([0, 1, 1, 2, 2, 3, 3, 4, 5, 8]);
const shapeOf = (rank: number): number[] => Array.from({ length: rank }, size);
let shape: number[] = [];
let dtype: (typeof DTYPES)[number] = 'float32';

function makeTensor(): torch.Tensor {
  const wanted = random.chance(0.65)
    ? shape
    : random.chance(0.3)
      ? shape.map((n) => (random.chance(0.3) ? 1 : n))
      : shapeOf(random.below(5));
  const kind = random.chance(0.7) ? dtype : random.pick(DTYPES);
  let x = torch.empty(wanted, { dtype: 'float32' });
  x.uniform_(-3, 3);
  x = (random.chance(0.3) ? x.abs() : x).to(kind);
  const floating = x.isFloatingPoint();
  if (floating && random.chance(0.05)) x = x.mul(random.pick([Number.NaN, Infinity, 0, 1e30]));
  if (floating && random.chance(0.3)) x = x.detach().requiresGrad_();
  const rank = x.dim();
  switch (random.below(12)) {
    case 0:
      if (rank >= 2) x = x.transpose(0, rank - 1);
      break;
    case 1:
      if (rank >= 1 && x.size(0) >= 2) x = x.narrow(0, 1, x.size(0) - 1);
      break;
    case 2:
      if (rank >= 1 && x.numel() > 0) x = x.select(random.below(rank), 0);
      break;
    case 3:
      x = x.unsqueeze(0).expand(random.pick([0, 2, 3]), ...x.shape);
      break;
    case 4:
      if (rank >= 1) x = x.slice(rank - 1, 0, x.size(-1), 2);
      break;
    case 5:
      if (random.chance(0.3)) x.dispose();
      break;
    default:
  }
  return x;
}
const cyclic: unknown[] = [1];
cyclic.push(cyclic);
let deep: unknown = 1;
for (let i = 0; i < 5000; i++) deep = [deep];
const HUGE = [1e15, 2 ** 53, 2 ** 53 - 1, 2 ** 40, 2 ** 31, -(2 ** 31), -1e15, 1e300];
const WORDS = [
  'mean',
  'sum',
  'none',
  'float32',
  'int64',
  'cpu',
  'cuda',
  'nonsense',
  '',
  ':',
  '1:',
  '...',
  'ij->ji',
  'ij,jk->ik',
  'reflect',
  'constant',
  'amax',
  'max',
  'floor',
  'trunc',
  '__proto__',
  'linear',
  'fro',
];
const NAMES = [
  'dim',
  'keepdim',
  'dtype',
  'p',
  'reduction',
  'weight',
  'bias',
  'stride',
  'padding',
  'mode',
  'value',
  'alpha',
  'beta',
  'size',
  'out',
  'other',
  'descending',
  'largest',
  'min',
  'max',
  'correction',
  'eps',
  'device',
  'requiresGrad',
  'bogus',
];

const scalar = (): number => random.pick([0, 1, 1, 2, 3, -1, -2, 0.5, 1.5, -0.25, 4, 7]);
function argument(depth = 0): unknown {
  const kind = random.next();
  if (kind < 0.42) return makeTensor();
  if (kind < 0.62) return scalar();
  if (kind < 0.7) return Array.from({ length: random.below(5) }, () => (random.chance(0.9) ? scalar() : argument(2)));
  if (kind < 0.73) return Array.from({ length: random.below(4) }, makeTensor);
  if (kind < 0.77) return random.chance(0.5);
  if (kind < 0.81) return random.pick(WORDS);
  if (kind < 0.84) return random.pick([Number.NaN, Infinity, -Infinity, -0]);
  if (kind < 0.86) return random.pick(HUGE);
  if (kind < 0.88) return random.pick([null, undefined]);
  if (kind < 0.95 && depth === 0) {
    const out: Record<string, unknown> = {};
    for (let n = random.below(3); n >= 0; n--) out[random.pick(NAMES)] = argument(1);
    return out;
  }
  return random.pick<() => unknown>([
    () => 2n,
    () => 2n ** 70n,
    () => -(2n ** 63n),
    () => Symbol('s'),
    () => () => torch.ones(2),
    () => ({}),
    () => [[1, 2], [3]],
    () => [
      [1, 2],
      [3, 4],
    ],
    () => cyclic,
    () => deep,
    () => new Float32Array([1, 2]),
    () => new BigInt64Array(3),
    () => new ArrayBuffer(8),
    () => new SharedArrayBuffer(8),
    () => new Uint32Array(2),
    () => Object.create(null),
    () => new Map(),
    () => new Date(),
    () => Object.create(torch.Tensor.prototype),
    () => torch.Tensor,
    () => new Proxy({}, {}),
    () => new Uint8Array([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]),
  ])();
}
function say(x: unknown, depth = 0): string {
  if (x instanceof torch.Tensor && Object.hasOwn(x, 'storage'))
    return `${x.dtype}[${x.sizes}]${x.dense ? '' : `/${x.strides}`}${x.requiresGrad ? 'g' : ''}${x.storage.handle < 0 ? ' disposed' : ''}`;
  if (Array.isArray(x)) return depth > 1 ? '[…]' : `[${x.slice(0, 8).map((y) => say(y, depth + 1))}]`;
  if (typeof x === 'object' && x !== null && Object.getPrototypeOf(x) === Object.prototype)
    return `{${Object.entries(x).map(([k, v]) => `${k}: ${say(v, depth + 1)}`)}}`;
  if (typeof x === 'object' && x !== null) return Object.prototype.toString.call(x);
  return typeof x === 'string' ? `'${x}'` : String(x);
}

// ---- what is called -------------------------------------------------------------------------------------------------

type Callable = (...args: unknown[]) => unknown;
const targets: [name: string, call: (args: unknown[]) => unknown, isMethod: boolean][] = [];
function addAll(prefix: string, from: object): void {
  for (const [name, f] of Object.entries(from)) {
    if (typeof f !== 'function' || SKIP.has(name) || /^class\b/.test(Function.prototype.toString.call(f))) continue;
    targets.push([prefix + name, (args) => (f as Callable)(...args), false]);
  }
}
addAll('', torch);
addAll('multiprocessing.', torch.multiprocessing);
const nn = (torch as { nn?: Record<string, unknown> }).nn;
if (nn?.functional) addAll('F.', nn.functional as object);
const linalg: unknown = Reflect.get(torch, 'linalg');
if (typeof linalg === 'object' && linalg !== null) addAll('linalg.', linalg);
for (const name of Object.getOwnPropertyNames(torch.Tensor.prototype)) {
  const { value } = Object.getOwnPropertyDescriptor(torch.Tensor.prototype, name)!;
  if (typeof value !== 'function' || SKIP.has(name)) continue;
  targets.push([`Tensor.${name}`, (args) => (value as Callable).apply(args[0], args.slice(1)), true]);
}
// modules are made and called
for (const [name, Module] of Object.entries(nn ?? {})) {
  if (
    typeof Module !== 'function' ||
    !/^[A-Z]/.test(name) ||
    !/^class\b/.test(Function.prototype.toString.call(Module))
  )
    continue;
  targets.push([
    `nn.${name}`,
    (args) => {
      const made = Reflect.construct(Module, args) as { forward?: Callable };
      return made.forward?.(makeTensor(), ...(random.chance(0.2) ? [makeTensor()] : []));
    },
    false,
  ]);
}

// ---- the loop -------------------------------------------------------------------------------------------------------

let values = 0;
let calls = 0;
const classes: Record<string, number> = {};
const wrong = new Map<string, string>();
const rough = new Map<string, string>();
const slow: string[] = [];
const reached = new Set<string>();

function judge(name: string, what: string, error: unknown): void {
  // what the operating system says of a path is Node's own error
  if (error instanceof Error && /^E[A-Z]+$/.test((error as NodeJS.ErrnoException).code ?? '')) return;
  const known = DOCUMENTED.find((c) => error instanceof c);
  const text = error instanceof Error ? `${error.name}: ${error.message}` : `thrown ${String(error)}`;
  const short = text.split('\n')[0]!.slice(0, 160);
  const key = `${name} ${short.replace(/\d+/g, '#')}`;
  if (!known) {
    if (!wrong.has(key))
      wrong.set(
        key,
        `${what} → ${short}\n${error instanceof Error ? (error.stack ?? '').split('\n').slice(1, 7).join('\n') : ''}`,
      );
  } else if (error instanceof Error && ROUGH.test(error.message)) {
    const at =
      (error.stack ?? '')
        .split('\n')
        .find((line) => line.includes('    at '))
        ?.trim() ?? '';
    if (!rough.has(`${name} ${at}`)) rough.set(`${name} ${at}`, `${what.slice(0, 200)} → ${short} ${at}`);
  }
  classes[known?.name ?? 'other'] = (classes[known?.name ?? 'other'] ?? 0) + 1;
}
process.on('unhandledRejection', (error) => judge('promise', 'promise', error));

watch();
// first everything once with nonsense in each place
let step = 0; // the watchdog takes calls of one number for one call
const swept = sweep((what) => enter(--step, what));
leave();
const until = Date.now() + limits.seconds * 1000;
for (; calls < limits.calls && (calls % 64 !== 0 || Date.now() < until); calls++) {
  if (calls % 997 === 0) torch.manualSeed(limits.seed + calls);
  shape = shapeOf(random.pick([0, 1, 1, 2, 2, 2, 3, 3, 4, 5]));
  dtype = random.chance(0.5) ? 'float32' : random.pick(DTYPES);
  const [name, call, isMethod] = random.pick(targets);
  const args: unknown[] = [];
  const count = random.pick([0, 1, 1, 2, 2, 3, 3, 4, 5]);
  for (let i = 0; i < count || (isMethod && i === 0); i++)
    args.push(i === 0 && random.chance(isMethod ? 0.98 : 0.6) ? makeTensor() : argument());
  const what = `${name}(${args.map((x) => say(x)).join(', ')})`;
  enter(calls, what);
  const start = performance.now();
  try {
    const result = call(args);
    if (result instanceof Promise) result.catch((error: unknown) => judge(name, what, error));
    values++;
    reached.add(name);
    for (const x of Array.isArray(result) ? result.slice(0, 3) : [result]) {
      if (!(x instanceof torch.Tensor) || x.count > 100_000) continue;
      x.toTypedArray();
      if (random.chance(0.1)) String(x);
      if (x.requiresGrad && x.isFloatingPoint() && random.chance(0.5)) x.sum().backward();
    }
  } catch (error) {
    judge(name, what, error);
  }
  leave();
  const ms = performance.now() - start;
  if (ms > limits.slow) slow.push(`${ms.toFixed(0)} ms: ${what}`);
}
const never = targets.map(([name]) => name).filter((name) => !reached.has(name));
console.log(
  JSON.stringify({
    calls,
    values,
    classes,
    targets: targets.length,
    never: process.env.FUZZ_VERBOSE ? never : never.length,
    slow: slow.slice(0, 10),
    swept: swept.calls,
    faults: swept.faults.slice(0, 20),
    rough: process.env.FUZZ_VERBOSE ? [...rough.values()] : rough.size,
    wrong: [...wrong.values()].slice(0, process.env.FUZZ_VERBOSE ? 200 : 20),
  }),
);
if (wrong.size > 0 || slow.length > 0 || swept.faults.length > 0) process.exitCode = 1;
