// Random numbers: generators, seeds, and drawing, with PyTorch's own values for the same seed (API.md, rule 13).
import { type Call, type Named, readArguments } from './arguments.ts';
import { inPlaceForms } from './define.ts';
import { checkInPlace, record, writeInPlace } from './history.ts';
import { checkTensor, resultLike, runMap, runStruct } from './dispatch.ts';
import { RuleNode } from './autograd/node.ts';
import { BOOL, float64, int64, requireFloating, uint8 } from './dtype.ts';
import { cpu, type Device, type DeviceLike, deviceOption } from './device.ts';
import { describe, DeviceError, DtypeError, ShapeError, inNameOf } from './errors.ts';
import { kernel, native } from './native.ts';
import { recording } from './recording.ts';
import { range, show } from './shape.ts';
import { emptyTensor, Tensor } from './tensor.ts';
import { type GeneratorOption, reads } from './methods.ts';
import { zerosOf } from './ops/internal/reducing.ts';

/** Generators of GPUs have numbers from here on, first the default ones (native/device.h). */
const FIRST_OF_CUDA = 2 ** 24;
const dead = new FinalizationRegistry<number>((id) => native.destroyGenerator(id));

/** A seed as 64 bits. */
export function seedOf(where: string, seed: unknown): bigint {
  if (typeof seed === 'bigint') {
    if (seed < -(2n ** 63n) || seed >= 2n ** 64n)
      throw new RangeError(`${where}: the seed ${seed} does not fit 64 bits`);
    return BigInt.asUintN(64, seed);
  }
  if (typeof seed !== 'number' || !Number.isSafeInteger(seed)) {
    throw new TypeError(`${where}: expected a whole number as seed but received ${describe(seed)}`);
  }
  return BigInt.asUintN(64, BigInt(seed));
}
const asNumber = (v: bigint): number | bigint => (v <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(v) : v);

/**
 * A source of random numbers of its own: PyTorch's mt19937.
 * @example
 * const g = new torch.Generator().manualSeed(0)
 * torch.rand(2, { generator: g }) // tensor([0.4963, 0.7682])
 */
export class Generator {
  /** Internal: what native knows it by. */
  readonly id: number;
  /** The device whose numbers it draws. */
  readonly device: Device;
  constructor(options: DeviceLike | { device?: DeviceLike } = 'cpu') {
    this.device = deviceOption(
      'Generator',
      typeof options === 'object' && options !== null && 'device' in options ? options.device : (options as DeviceLike),
    );
    this.id = native.createGenerator(this.device.number);
    dead.register(this, this.id);
    native.seedGenerator(this.id, 67280421310721n); // PyTorch's default seed
  }
  /** Starts over from `seed`. Throws TypeError for what is no whole number. */
  manualSeed(seed: number | bigint): this {
    native.seedGenerator(this.id, seedOf('manualSeed', seed));
    return this;
  }
  /** Starts over from a seed of the system's, which it gives. */
  seed(): number | bigint {
    const seed = native.seedFromSystem();
    native.seedGenerator(this.id, seed);
    return asNumber(seed);
  }
  /** The seed it started from. */
  initialSeed(): number | bigint {
    return asNumber(native.generatorSeed(this.id));
  }
  /** The state, as PyTorch's uint8 tensor. */
  getState(): Tensor {
    return stateOf(this.id);
  }
  /** Puts a state back that getState(), or PyTorch's get_state(), gave. Throws RangeError if it is none. */
  setState(state: Tensor): this {
    setState('setState', this.id, state);
    return this;
  }
}
function stateOf(id: number): Tensor {
  const bytes = native.generatorState(id);
  const out = emptyTensor([bytes.length], uint8, cpu);
  native.write(out.storage.handle, out.storage.byteOffset, bytes);
  return out;
}
function setState(where: string, id: number, state: Tensor): void {
  checkTensor(where, state, 'state');
  if (state.dt !== uint8) throw new DtypeError(`${where}: expected a uint8 tensor but received ${state.dtype}`);
  try {
    native.setGeneratorState(id, state.toTypedArray() as Uint8Array);
  } catch (error) {
    // native names setRngState, whoever called
    throw new RangeError(`${where}: ${(error as Error).message.replace(/^setRngState: /, '')}`);
  }
}

/**
 * The thread's own generator, which is used where none is given.
 * @example
 * torch.defaultGenerator.manualSeed(0)
 * torch.rand(2) // tensor([0.4963, 0.7682])
 */
export const defaultGenerator: Generator = withId(0, cpu);

function withId(id: number, device: Device): Generator {
  return Object.create(Generator.prototype, {
    id: { value: id, enumerable: true },
    device: { value: device, enumerable: true },
  }) as Generator;
}

// A GPU's generator exists from its first use on; until then a seed is only kept.
const ofCuda: Generator[] = [];
let cudaSeed: bigint | null = null;
/** Seeds the generators of all GPUs, those to come too. */
export function seedCuda(seed: bigint): void {
  cudaSeed = seed;
  ofCuda.forEach((g) => native.seedGenerator(g.id, seed));
}
/** The generator of a device that is used where none is given. */
export function generatorOf(device: Device): Generator {
  if (device === cpu) return defaultGenerator;
  let found = ofCuda[device.number];
  if (!found) {
    found = ofCuda[device.number] = withId(FIRST_OF_CUDA + device.number - 1, device);
    if (cudaSeed !== null) native.seedGenerator(found.id, cudaSeed);
  }
  return found;
}

/**
 * Seeds the default generator: the numbers that follow are PyTorch's for this seed. Throws TypeError for what is no
 * whole number.
 * @example
 * torch.manualSeed(0)
 * torch.rand(2) // tensor([0.4963, 0.7682])
 */
export function manualSeed(seed: number | bigint): Generator {
  const bits = seedOf('manualSeed', seed);
  seedCuda(bits);
  return defaultGenerator.manualSeed(seed);
}
/**
 * Seeds the default generator from the system's source of randomness, and gives the seed.
 * @example
 * torch.seed() === torch.initialSeed() // true
 */
export function seed(): number | bigint {
  const drawn = defaultGenerator.seed();
  seedCuda(BigInt(drawn));
  return drawn;
}
/**
 * The seed that the default generator started from.
 * @example
 * torch.manualSeed(7)
 * torch.initialSeed() // 7
 */
export function initialSeed(): number | bigint {
  return defaultGenerator.initialSeed();
}
/**
 * The state of the default generator.
 * @example
 * torch.getRngState().shape // torch.Size([5056])
 */
export function getRngState(): Tensor {
  return stateOf(0);
}
/**
 * Puts the default generator back into a state. Throws DtypeError or RangeError for what is no state.
 * @example
 * const state = torch.getRngState()
 * const x = torch.rand(2)
 * torch.setRngState(state)
 * torch.rand(2).sub(x) // tensor([0., 0.])
 */
export function setRngState(state: Tensor): void {
  setState('setRngState', 0, state);
}

/** Told of every draw: who draws, from which generator; `keep` notes the generator's state, and gives what puts it back. */
export type DrawWatch = (where: string, id: number, keep: () => () => void) => void;
const watches: DrawWatch[] = [];
/** Runs `f` with a watch over the draws in it. */
export function watchDraws<R>(watch: DrawWatch, f: () => R): R {
  watches.push(watch);
  try {
    return f();
  } finally {
    watches.pop();
  }
}
function keep(id: number): () => void {
  const state = native.generatorState(id);
  return () => native.setGeneratorState(id, state);
}

/** The id of a generator option for draws on a device. */
export function generatorId(where: string, generator: unknown, device: Device): number {
  if (recording.on)
    throw new Error(
      `${where}: random numbers cannot be drawn inside runAsync: draw them before, and call model.eval() where it is dropout`,
    );
  const id = idOf(where, generator, device);
  for (let i = watches.length - 1; i >= 0; i--) watches[i]!(where, id, () => keep(id));
  return id;
}
function idOf(where: string, generator: unknown, device: Device): number {
  if (generator === null || generator === undefined) return device === cpu ? 0 : generatorOf(device).id;
  if (generator instanceof Generator) {
    if (generator.device === device) return generator.id;
    throw new DeviceError(
      generator.device.type === device.type
        ? `${where}: expected a generator of '${device}' but found one of '${generator.device}'`
        : `${where}: Expected a '${device.type}' device type for generator but found '${generator.device.type}'`,
    );
  }
  throw new TypeError(`${where}: expected a Generator but received ${describe(generator)}`);
}

/** The dims from the one with the largest strides on. */
const orderOf = (x: Tensor): number[] => range(x.sizes.length).sort((a, b) => x.strides[b]! - x.strides[a]! || a - b);
/** A view of a tensor with its dims in the order in which they lie in memory. */
function inMemoryOrder(x: Tensor): Tensor {
  const order = orderOf(x);
  const [sizes, strides] = [order.map((d) => x.sizes[d]!), order.map((d) => x.strides[d]!)];
  return new Tensor(x.storage, x.dt, sizes, strides, x.offset);
}

/**
 * Fills `out` with draws in the order in which its elements lie in memory, as TensorIterator walks them. Kernels want dense
 * memory, so what has gaps is filled by a copy.
 */
export function draw(k: number, out: Tensor, params: readonly number[]): Tensor {
  if (out.dense) {
    fillFlat(k, out, params, out.count);
    return out;
  }
  const sorted = inMemoryOrder(out);
  const target = sorted.dense ? sorted : emptyTensor(sorted.sizes, out.dt, out.device);
  // the CPU's way to draw sixteen normal numbers at once is for row-major tensors only
  fillFlat(k, target, params, k === normalKernel && out.device === cpu ? 15 : out.count);
  if (target !== sorted) runMap(kernel('copy'), sorted.sizes, [sorted, target], out.dt);
  return out;
}
function fillFlat(k: number, out: Tensor, params: readonly number[], step: number): void {
  for (let i = 0; i < out.count; i += step) {
    const n = Math.min(step, out.count - i);
    runMap(k, [n], [new Tensor(out.storage, out.dt, [n], null, out.offset + i)], out.dt, params);
  }
}

function number(where: string, name: string, value: unknown): number {
  if (typeof value !== 'number')
    throw new TypeError(`${where}: expected a number for ${name} but received ${describe(value)}`);
  return value;
}

/** An in-place draw, whose gradient is zero. */
function form(name: string, names: readonly string[], f: (x: Tensor, o: Record<string, unknown>) => void): void {
  const draws = (x: Tensor, ...args: unknown[]): Tensor => {
    checkInPlace(`${name}_`, x);
    const options = readArguments<Record<string, unknown>>(`${name}_`, args, names, ['generator']);
    return writeInPlace(
      x,
      [x],
      () => new RuleNode(`${name}Backward0`, (g) => [zerosOf(g.sizes, g.dt, g.device)]),
      () => f(x, options),
    );
  };
  inPlaceForms.set(name, reads(draws));
}
const [uniformKernel, normalKernel, randintKernel, randomKernel, bernoulliKernel, exponentialKernel] = [
  'uniform',
  'normal',
  'randint',
  'random',
  'bernoulli',
  'exponential',
].map(kernel) as [number, number, number, number, number, number];

form('uniform', ['from', 'to'], (x, { from = 0, to = 1, generator }) => {
  requireFloating('uniform_', x.dt);
  const [low, high] = [number('uniform_', 'from', from), number('uniform_', 'to', to)];
  if (!(low <= high))
    throw new RangeError(`uniform_: expects to return a [from, to) range, but found from=${low} > to=${high}`);
  draw(uniformKernel, x, [generatorId('uniform_', generator, x.device), low, high]);
});
form('normal', ['mean', 'std'], (x, { mean = 0, std = 1, generator }) => {
  requireFloating('normal_', x.dt);
  const deviation = number('normal_', 'std', std);
  if (!(deviation >= 0)) throw new RangeError(`normal_: expects std >= 0.0, but found std ${deviation}`);
  draw(normalKernel, x, [generatorId('normal_', generator, x.device), number('normal_', 'mean', mean), deviation]);
});
form('random', ['from', 'to'], (x, { from, to, generator }) => {
  const id = generatorId('random_', generator, x.device);
  if (from === undefined) {
    draw(randomKernel, x, [id]);
    return;
  }
  // one bound is the upper one, as in PyTorch
  const [low, high] =
    to === undefined || to === null
      ? [0, number('random_', 'to', from)]
      : [number('random_', 'from', from), number('random_', 'to', to)];
  if (![low, high].every(Number.isInteger))
    throw new RangeError(`random_: expected whole numbers but received ${low} and ${high}`);
  if (!(low < high))
    throw new RangeError(`random_: expects 'from' to be less than 'to', but got from=${low} >= to=${high}`);
  draw(randintKernel, x, [id, low, high]);
});
form('bernoulli', ['p'], (x, { p = 0.5, generator }) => {
  const id = generatorId('bernoulli_', generator, x.device);
  if (p instanceof Tensor) {
    requireFloating('bernoulli_', p.dt);
    const target = x.dense ? x : inMemoryOrder(x);
    const order = orderOf(x);
    const chances = x.dense ? p.expand(x.sizes) : p.expand(x.sizes).permute(order);
    const out = target.dense ? target : emptyTensor(target.sizes, x.dt, x.device);
    runMap(kernel('bernoulliTensor'), out.sizes, [out, chances], x.dt, [id]);
    if (out !== target) runMap(kernel('copy'), out.sizes, [target, out], x.dt);
    return;
  }
  const chance = number('bernoulli_', 'p', p);
  if (!(chance >= 0 && chance <= 1)) throw new RangeError(`bernoulli_: expects p to be in [0, 1], but got p=${chance}`);
  draw(bernoulliKernel, x, [id, chance]);
});
form('exponential', ['lambd'], (x, { lambd = 1, generator }) => {
  requireFloating('exponential_', x.dt);
  const rate = number('exponential_', 'lambd', lambd);
  if (!(rate > 0)) throw new RangeError(`exponential_: expects lambda > 0.0, but found lambda=${rate}`);
  draw(exponentialKernel, x, [generatorId('exponential_', generator, x.device), rate]);
});
const [cauchyKernel, geometricKernel, logNormalKernel] = ['cauchy', 'geometric', 'logNormal'].map(kernel) as [
  number,
  number,
  number,
];
form('cauchy', ['median', 'sigma'], (x, { median = 0, sigma = 1, generator }) => {
  requireFloating('cauchy_', x.dt);
  const width = number('cauchy_', 'sigma', sigma);
  if (!(width > 0)) throw new RangeError(`cauchy_: expects sigma > 0.0, but found sigma=${width}`);
  draw(cauchyKernel, x, [generatorId('cauchy_', generator, x.device), number('cauchy_', 'median', median), width]);
});
form('geometric', ['p'], (x, { p, generator }) => {
  const chance = number('geometric_', 'p', p);
  if (!(chance > 0 && chance < 1)) throw new RangeError(`geometric_: expects p to be in (0, 1), but got p=${chance}`);
  if (x.dt.kind === BOOL) throw new DtypeError('geometric_: not implemented for bool');
  draw(geometricKernel, x, [generatorId('geometric_', generator, x.device), chance]);
});
form('logNormal', ['mean', 'std'], (x, { mean = 1, std = 2, generator }) => {
  requireFloating('logNormal_', x.dt);
  const deviation = number('logNormal_', 'std', std);
  if (!(deviation > 0)) throw new RangeError(`logNormal_: expects std > 0.0, but found std=${deviation}`);
  draw(logNormalKernel, x, [
    generatorId('logNormal_', generator, x.device),
    number('logNormal_', 'mean', mean),
    deviation,
  ]);
});

/**
 * Zeros and ones: ones with the probabilities that `x` holds. Throws RangeError for what is no probability, DtypeError
 * for integers.
 * @example
 * torch.bernoulli(torch.ones(2)) // tensor([1., 1.])
 */
export function bernoulli(
  x: Tensor,
  ...args: Call<[p?: number], { p?: number | undefined } & GeneratorOption>
): Tensor {
  return inNameOf('bernoulli', () => {
    checkTensor('bernoulli', x);
    const { p, generator } = readArguments<{ p: number } & GeneratorOption>('bernoulli', args, ['p'], ['generator']);
    const out = emptyTensor(x.sizes, x.dt, x.device);
    if (out.count > 0) out.bernoulli_(p ?? x.detach(), { generator });
    return record('bernoulli', out, [x], [], (g) => [zerosOf(g.sizes, g.dt, g.device)]);
  });
}

/**
 * `numSamples` indices of each row of weights [n] or [rows, n], drawn with the weights as probabilities.
 * Throws RangeError for weights that are negative, infinite or all zero, or too many samples without replacement.
 * @example
 * torch.multinomial(torch.tensor([0, 1.5]), 1) // tensor([1])
 */
export function multinomial(
  x: Tensor,
  ...args: Named<
    [numSamples: number],
    ['numSamples'],
    [replacement?: boolean],
    { replacement?: boolean | undefined } & GeneratorOption
  >
): Tensor {
  checkTensor('multinomial', x);
  const {
    numSamples,
    replacement = false,
    generator,
  } = readArguments<{ numSamples: number; replacement: boolean } & GeneratorOption>(
    'multinomial',
    args,
    ['numSamples', 'replacement'],
    ['generator'],
  );
  requireFloating('multinomial', x.dt);
  if (x.sizes.length < 1 || x.sizes.length > 2)
    throw new ShapeError(`multinomial: the weights must be 1 or 2 dim, not ${show(x.sizes)}`);
  if (numSamples === undefined || !Number.isInteger(numSamples) || numSamples <= 0)
    throw new RangeError(`multinomial: cannot sample ${describe(numSamples)} samples`);
  const n = x.sizes.at(-1)!;
  if (!replacement && numSamples > n) {
    throw new RangeError(`multinomial: cannot sample numSamples (${numSamples}) > ${n} without replacement`);
  }
  const rows = x.sizes.length === 2 ? x.detach() : x.detach().unsqueeze(0);
  let out = emptyTensor([rows.sizes[0]!, numSamples], int64, x.device);
  if (out.count > 0 && x.device !== cpu) out = sampled(rows, numSamples, replacement, generator);
  else if (out.count > 0)
    runStruct(
      kernel('multinomial'),
      [out, rows],
      [generatorId('multinomial', generator, x.device), replacement ? 1 : 0],
    );
  return x.sizes.length === 2 ? out : out.squeeze(0);
}
/** What the CPU's kernel does, of operators that GPUs have. Without replacement the numbers are PyTorch's on CUDA. */
function sampled(rows: Tensor, count: number, replacement: boolean, generator: GeneratorOption['generator']): Tensor {
  if (!rows.ge(0).logicalAnd(rows.lt(Infinity)).all().item())
    throw new RangeError('multinomial: probabilities must be finite and not negative');
  if (!rows.sum(1).gt(0).all().item()) throw new RangeError('multinomial: a row of probabilities sums to 0');
  if (!replacement || count === 1) {
    const noise = resultLike(rows.sizes, rows.dt, [rows]).exponential_(1, { generator });
    const order = rows.div(noise);
    return count === 1 ? order.argmax(1, true) : order.topk(count, 1).indices;
  }
  const sums = rows.to('float64').cumsum(1);
  const n = rows.sizes[1]!;
  const at = emptyTensor([rows.sizes[0]!, count], float64, rows.device).uniform_(0, 1, { generator });
  return sums.searchsorted(at.mul(sums.narrow(1, n - 1, 1)), { right: true }).clamp(0, n - 1);
}
