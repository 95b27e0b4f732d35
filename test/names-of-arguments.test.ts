// Every public function takes its arguments by PyTorch's names (test/oracle/signatures.json): each call of its sample gives
// the same by position and by name, whole or from some argument on; as a function and as a method.
import assert from 'node:assert/strict';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { inPlace } from '../lib/ops/inplace.ts';
import * as ops from '../lib/ops/index.ts';
import * as torch from '../lib/index.ts';
import { FIXED } from '../lib/public/fixed.ts';
import { SIGNATURES } from '../lib/public/signatures.ts';
import { lcg, replace, tensorOf, valuesOf } from './helpers.ts';
import { callsOf, type Sample, samples } from './samples/index.ts';

type Fn = (...args: readonly unknown[]) => unknown;
type Options = Readonly<Record<string, unknown>>;
const isOptions = (x: unknown): x is Options =>
  typeof x === 'object' && x !== null && Object.getPrototypeOf(x) === Object.prototype;

/** What is called by one key, where its sample is, and how it reads. */
const functionOf = (key: string): [f: Fn, sample: string] => {
  const name = key.slice(key.lastIndexOf('.') + 1);
  const from = key.startsWith('linalg.')
    ? torch.linalg
    : key.startsWith('F.')
      ? torch.F
      : { ...torch.special, ...torch };
  return [Reflect.get(from, name) as Fn, key.startsWith('F.') ? name : key];
};
/** Calls that no sample makes. */
const MORE: Readonly<Record<string, readonly unknown[][]>> = {
  arange: [[5], [1, 5], [1, 7, 2]],
  full: [[[2, 3], 7]],
  fullLike: [[torch.ones(2), 7]],
  linspace: [[0, 1, 5]],
  logspace: [[0, 2, 3]],
  eye: [[2], [2, 3]],
  zeros: [[[2, 3]]],
  ones: [[[2, 3]]],
  rand: [[[2, 3]]],
  randn: [[[2, 3]]],
  randint: [
    [10, [3]],
    [5, 10, [3]],
  ],
  randperm: [[5]],
  zerosLike: [[torch.ones(2)]],
  onesLike: [[torch.ones(2)]],
  randLike: [[torch.ones(2)]],
  randnLike: [[torch.ones(2)]],
  randintLike: [
    [torch.ones(2), 5],
    [torch.ones(2), 2, 5],
  ],
  normal: [
    [torch.ones(2), torch.ones(2)],
    [1, 2, [3]],
    [torch.ones(2), 2],
    [0, torch.ones(2)],
  ],
  bernoulli: [[torch.ones(2)], [torch.ones(2), 0.5]],
  multinomial: [
    [torch.ones(3), 2],
    [torch.ones(3), 5, true],
  ],
  poisson: [[torch.ones(2)]],
  binomial: [[torch.ones(2), torch.ones(2)]],
  emptyStrided: [
    [
      [0, 2],
      [2, 1],
    ],
  ],
  scalarTensor: [[3]],
  hannWindow: [[4], [4, false]],
  hammingWindow: [[4], [4, false]],
  blackmanWindow: [[4], [4, false]],
  bartlettWindow: [[4], [4, false]],
  kaiserWindow: [[4], [4, false], [4, true, 10]],
  trilIndices: [
    [3, 3],
    [3, 3, 1],
  ],
  triuIndices: [
    [3, 3],
    [3, 3, 1],
  ],
  tensor: [[[1, 2]]],
  asarray: [[[1, 2]]],
  range: [
    [0, 3],
    [0, 3, 2],
  ],
  real: [[torch.ones(2)]],
  emptyPermuted: [
    [
      [0, 2],
      [1, 0],
    ],
  ],
  'F.adaptiveMaxPool1dWithIndices': [[torch.ones(1, 2, 4), 2]],
  'F.adaptiveMaxPool2dWithIndices': [[torch.ones(1, 2, 4, 4), 2]],
  'F.adaptiveMaxPool3dWithIndices': [[torch.ones(1, 2, 4, 4, 4), 2]],
  asTensor: [[[1, 2]]],
  empty: [[[0, 3]]],
  emptyLike: [[torch.ones(0, 2)]],
  fromNumpy: [[new Float32Array(2)]],
  isTensor: [[torch.ones(2)], [3]],
  isFloatingPoint: [[torch.ones(2)]],
  isInference: [[torch.ones(2)]],
  canCast: [['int64', 'float32']],
  promoteTypes: [['int64', 'float32']],
  resultType: [[torch.ones(2), 1]],
  setNumThreads: [[torch.getNumThreads()]],
  dropout: [[torch.ones(4), 0.5, true]],
  featureDropout: [[torch.ones(2, 4, 3), 0.5, true]],
  poissonNllLoss: [[torch.ones(4), torch.ones(4), true, false, 1e-8, 'mean']],
  luSolve: [[torch.ones(2, 1), ...torch.linalg.luFactor(torch.eye(2))]],
  'linalg.luSolve': [[...torch.linalg.luFactor(torch.eye(2)), torch.ones(2, 1)]],
  'linalg.ldlSolve': [[...torch.linalg.ldlFactor(torch.eye(2)), torch.ones(2, 1)]],
  luUnpack: [[...torch.linalg.luFactor(torch.eye(2))]],
  'F.dropout1d': [[torch.ones(2, 4, 3)], [torch.ones(2, 4, 3), 0.3, true]],
  'F.dropout2d': [[torch.ones(2, 4, 3, 3)]],
  'F.dropout3d': [[torch.ones(2, 4, 3, 3, 3)]],
  'F.embedding': [[torch.tensor([1, 0]), torch.ones(3, 2)]],
  'F.embeddingBag': [[torch.tensor([[1, 0]]), torch.ones(3, 2)]],
  'F.fold': [[torch.ones(1, 4, 4), [3, 3], [2, 2]]],
  'F.unfold': [[torch.ones(1, 1, 3, 3), [2, 2]]],
  'F.gumbelSoftmax': [[torch.ones(4)], [torch.ones(4), 2, true]],
  'F.normalize': [[torch.ones(4, 2)], [torch.ones(4, 2), 1, 0]],
  'F.oneHot': [[torch.tensor([1, 0])], [torch.tensor([1, 0]), 3]],
  'F.softmin': [[torch.ones(4), 0]],
  'F.upsample': [[torch.ones(1, 1, 2, 2), 4]],
  'F.upsampleBilinear': [[torch.ones(1, 1, 2, 2), 4]],
  'F.upsampleNearest': [[torch.ones(1, 1, 2, 2), 4]],
  'F.threshold_': [[torch.ones(2), 2, 3]],
  ...Object.fromEntries(
    ['relu', 'elu', 'celu', 'selu', 'leakyRelu', 'hardtanh', 'rrelu'].map((n) => [`F.${n}_`, [[torch.ones(2)]]]),
  ),
};
/** The sample's calls as they are made by position: its options stay at the end. */
function callsFor(key: string): (() => unknown[])[] {
  const [, name] = functionOf(key);
  const more = MORE[key];
  if (more) return more.map((args) => () => args.map((a) => (a instanceof torch.Tensor ? a.clone() : a)));
  const sample = Object.hasOwn(samples, name) ? (samples as Record<string, Sample>)[name]! : undefined;
  if (!sample) return [];
  const calls = callsOf(sample);
  const floats = calls.filter((c) => c.dtype === 'float32');
  const chosen = [
    ...(floats.length > 0 ? floats : calls.filter((c) => c.dtype === 'float64')).slice(0, 12),
    ...calls.filter((c) => c.dtype === 'int64').slice(0, 2),
  ];
  return chosen.map(({ args, key: seed, dtype }) => () => {
    const random = lcg(`${name}${seed}`);
    return args.map((a) => replace(a, (s) => tensorOf(valuesOf(s, dtype, random), s.shape, s.dtype ?? dtype)));
  });
}
const run = (f: () => unknown): string => {
  torch.manualSeed(1);
  return String(f());
};
/** Names for the arguments of a call: of the way that has as many, and takes what is there. */
function namesFor(key: string, count: number): string[][] {
  return SIGNATURES[key as keyof typeof SIGNATURES]
    .split('|')
    .map((way: string) => way.split(' '))
    .filter((words: string[]) => words.length >= count && words.slice(count).every((w) => /[?~]$/.test(w)))
    .map((words: string[]) => words.slice(0, count).map((w) => w.replace(/[?~]$/, '')));
}

/** Functions whose arguments have no names here: why. */
const WITHOUT: Readonly<Record<string, string>> = {
  'F.batchNorm': 'the samples call torch.batchNorm, which has another order',
  'F.instanceNorm': 'the samples call torch.instanceNorm, which has another order',
  'F.multiHeadAttentionForward': 'test/attention.test.ts',
  frombuffer: 'has no more than one argument by position',
  pinMemory: 'needs a GPU',
  setDefaultDtype: 'changes what later tests mean',
};

describe('each function by name', () => {
  const keys = Object.keys(SIGNATURES).filter((key) => SIGNATURES[key as keyof typeof SIGNATURES] !== '');
  test('every call of the samples', () => {
    const failures: string[] = [];
    const untried: string[] = [];
    let tried = 0;
    for (const key of keys) {
      const [f] = functionOf(key);
      if (key in WITHOUT) continue;
      let named = 0;
      for (const make of callsFor(key)) {
        const args = make();
        let wanted: string;
        try {
          wanted = run(() => f(...args));
        } catch {
          continue; // made through something that changes its arguments
        }
        const last = args.at(-1);
        const options = isOptions(last) ? last : {};
        const positions = isOptions(last) ? args.slice(0, -1) : args;
        // newOnes(x, 2, 3): sizes without brackets have no names
        if (positions.length > 2 && /^new/.test(key) && typeof positions[1] === 'number') continue;
        const ways = namesFor(key, positions.length).filter((names) => !names.some((name) => name in options));
        const results = ways.map((names) => {
          const problems: string[] = [];
          for (let k = 0; k < positions.length; k++) {
            const byName = Object.fromEntries(names.slice(k).map((name, i) => [name, make()[k + i]]));
            const left = make().slice(0, k);
            try {
              const got = run(() => f(...left, { ...byName, ...options }));
              if (got !== wanted)
                problems.push(`${key}(${k} by position, ${names}): ${got.slice(0, 60)} is not ${wanted.slice(0, 60)}`);
            } catch (error) {
              problems.push(`${key}(${k} by position, ${names}): ${String(error).split('\n')[0]}`);
            }
          }
          return problems;
        });
        if (results.length === 0) continue;
        named++;
        tried++;
        if (results.every((problems) => problems.length > 0)) failures.push(results[0]![0]!);
      }
      if (named === 0) untried.push(key);
    }
    assert.ok(failures.length === 0, `${failures.length} of ${tried}:\n${failures.join('\n')}`);
    assert.deepEqual(untried, []);
    assert.ok(tried > 1000, String(tried));
  });

  test('an option that nothing looks at is refused', () => {
    let refused = 0;
    for (const key of keys) {
      if (!FIXED.has(key) || key in WITHOUT) continue;
      const [f] = functionOf(key);
      for (const make of callsFor(key).slice(0, 2)) {
        const args = make();
        if (isOptions(args.at(-1))) continue;
        try {
          f(...args);
        } catch {
          continue; // made through something that changes its arguments
        }
        // what may be left out takes the object for its own, and refuses that
        let said = '';
        try {
          f(...make(), { nonsense: 1 });
        } catch (error) {
          said = String(error);
        }
        assert.match(said, new RegExp(`Error: ${key.split('.').at(-1)}: `), key);
        if (said.includes("unknown option 'nonsense'")) refused++;
      }
    }
    assert.ok(refused > 150, String(refused));
  });
  test('every method, and in place', () => {
    const failures: string[] = [];
    let tried = 0;
    for (const name of Object.keys(ops).filter(
      (n) => n in SIGNATURES && n in torch.Tensor.prototype && !(n in WITHOUT),
    )) {
      const forms = name in inPlace ? [name, `${name}_`] : [name];
      for (const form of forms) {
        for (const make of callsFor(name)) {
          const args = make();
          const last = args.at(-1);
          const options = isOptions(last) ? last : {};
          const count = args.length - (isOptions(last) ? 1 : 0);
          if (!(args[0] instanceof torch.Tensor) || count < 2 || /^new/.test(name)) continue;
          const method = (given: readonly unknown[]): unknown => {
            const [x, ...rest] = given as [torch.Tensor, ...unknown[]];
            return (Reflect.get(x, form) as Fn).call(x, ...rest);
          };
          let wanted: string;
          try {
            wanted = run(() => method(args));
          } catch {
            continue;
          }
          const ways = namesFor(name, count).filter(
            (names) => names[0] === 'input' && !names.some((n) => n in options),
          );
          if (ways.length === 0) continue;
          tried++;
          const problems = ways.map((names) => {
            const [x, ...rest] = make();
            const byName = Object.fromEntries(names.slice(1).map((n, i) => [n, rest[i]]));
            try {
              const got = run(() => method([x, { ...byName, ...options }]));
              return got === wanted ? null : `${form}(${names}): ${got.slice(0, 60)} is not ${wanted.slice(0, 60)}`;
            } catch (error) {
              return `${form}(${names}): ${String(error).split('\n')[0]}`;
            }
          });
          if (!problems.includes(null)) failures.push(problems[0]!);
        }
      }
    }
    assert.ok(failures.length === 0, `${failures.length} of ${tried}:\n${failures.join('\n')}`);
    assert.ok(tried > 500, String(tried));
  });
});

describe('the mechanism', () => {
  const x = torch.arange(6, { dtype: 'float32' }).view(2, 3);
  test('as scripts write it', () => {
    expect(torch.quantile(x, { q: 0.5 }).item()).toBe(2.5);
    expect(x.permute({ dims: [1, 0] }).shape).toEqual([3, 2]);
    expect(torch.clamp(x, { min: 2 }).amin().item()).toBe(2);
    expect(x.transpose({ dim0: 0, dim1: 1 }).shape).toEqual([3, 2]);
    expect(x.transpose(0, { dim1: 1 }).shape).toEqual([3, 2]);
    expect(torch.cat([x, x], { dim: 1 }).shape).toEqual([2, 6]);
    expect(torch.full({ size: [2], fillValue: 3, dtype: 'float64' }).dtype).toBe('float64');
    expect(torch.add({ input: x, other: 1, alpha: 2 }).amin().item()).toBe(2);
    expect(torch.where(x.gt(2), { input: x, other: 0 }).sum().item()).toBe(12);
    expect(
      x
        .clone()
        .maskedFill_({ mask: x.gt(2), value: 0 })
        .sum()
        .item(),
    ).toBe(3);
    expect(torch.randint({ low: 3, high: 4, size: [2] }).tolist()).toEqual([3, 3]);
    expect(torch.nn.functional.linear(x, { weight: torch.ones(1, 3), bias: torch.ones(1) }).tolist()).toEqual([
      [4],
      [13],
    ]);
    expect(torch.linalg.solve({ A: torch.eye(2), B: x }).tolist()).toEqual(x.tolist());
  });
  test('what is given twice, unknown or missing is refused', () => {
    const f = (name: string, ...args: unknown[]): unknown => (Reflect.get(torch, name) as Fn)(...args);
    expect(String(f('sum', { a: x, axis: 1, keepdims: true }))).toBe(String(x.sum(1, true)));
    expect(() => f('gather', x, 0, { dim: 0, index: x.long() })).toThrow(
      "gather: 'dim' was given by position and by name",
    );
    expect(() => f('sum', x, { axis: 0, dim: 0 })).toThrow(/^sum: '(axis|dim)' and 'dim' are the same option/);
    expect(() => f('quantile', x, { p: 0.5 })).toThrow(/^quantile: /);
    expect(() => f('transpose', x, { dim0: 0 })).toThrow(/^transpose: /);
    expect(() => f('exp', { other: x })).toThrow(/^exp: /);
  });
  test('types', () => {
    expectTypeOf(torch.quantile(x, { q: 0.5, keepdim: true })).toEqualTypeOf<torch.Tensor>();
    expectTypeOf(torch.max(x, { dim: 0 }).indices).toEqualTypeOf<torch.Tensor>();
    expectTypeOf(torch.exp({ input: x })).toEqualTypeOf<torch.Tensor>();
    const refused = (): void => {
      // @ts-expect-error no such name
      x.transpose({ dim0: 0, dim2: 1 });
      // @ts-expect-error not a number
      torch.quantile(x, { q: 'half' });
      // @ts-expect-error the other dim is missing
      x.transpose({ dim0: 0 });
    };
    expectTypeOf(refused).toEqualTypeOf<() => void>();
  });
});
