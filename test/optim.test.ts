// Optimizers against PyTorch's, over their options: several steps of several parameters, groups, state dicts both ways,
// refusals. test/oracle/optim.json holds PyTorch's answers; scripts/oracle-optim.py makes them.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';
import './helpers.ts'; // the device of the tests
import { camel } from '../lib/optim/state-dict.ts';

const { optim } = torch;
type T = torch.Tensor;
type DType = 'float32' | 'float64';
type Options = Record<string, unknown>;
interface Stored {
  readonly dtype: DType;
  readonly shape: number[];
  readonly data: number[];
}
interface Case {
  readonly optimizer: string;
  readonly options: Options;
  readonly dtype: DType;
  readonly groups: Options | null;
  readonly shapes: number[][];
  readonly values: number[][][];
  readonly state: Dict | null;
}
interface Dict {
  readonly state: Record<string, Options>;
  readonly param_groups: Options[];
}
interface LbfgsCase {
  readonly options: Options;
  readonly dtype: DType;
  readonly values: number[][][];
  readonly losses: number[];
  readonly calls: number;
  readonly state: Dict | null;
}
const oracle = JSON.parse(readFileSync(new URL('oracle/optim.json', import.meta.url), 'utf8')) as {
  cases: Case[];
  lbfgs: LbfgsCase[];
  bad: { optimizer: string; options: Options; message: string }[];
  texts: Record<string, string>;
};
const SHAPES = [[3, 2], [3], [2, 1, 2]];
const RESUMED = 3;

const camelCased = (options: Options): Options =>
  Object.fromEntries(Object.entries(options).map(([k, v]) => [camel(k), v]));
const make = (name: string, params: unknown, options: Options): torch.optim.Optimizer => {
  const made: unknown = Reflect.construct(Reflect.get(optim, name) as new () => object, [params, camelCased(options)]);
  return made as torch.optim.Optimizer;
};
// as in the script
const filled = (shape: readonly number[], dtype: DType, f: (i: number) => number): T => {
  const n = shape.reduce((a, b) => a * b, 1);
  return torch
    .tensor(
      Array.from({ length: n }, (_, i) => f(i)),
      { dtype: 'float64' },
    )
    .to(dtype)
    .view([...shape]);
};
const start = (k: number, shape: readonly number[], dtype: DType): T =>
  filled(shape, dtype, (i) => Math.cos(0.7 * i + 1.3 * k + 0.2) * 1.5).requiresGrad_();
const noise = (k: number, step: number, shape: readonly number[], dtype: DType): T =>
  filled(shape, dtype, (i) => Math.sin(1.7 * i + 2.3 * k + 0.9 * step + 1));
const grouped = (params: readonly T[], groups: Options | null): unknown =>
  groups === null ? params : params.map((p, k) => ({ params: [p], ...(k === 1 ? camelCased(groups) : {}) }));
const setGradients = (params: readonly T[], step: number, dtype: DType): void =>
  params.forEach((p, k) => {
    p.grad =
      k === 1 && step === 1
        ? null
        : p
            .detach()
            .mul(0.5)
            .add(noise(k, step, p.shape, dtype));
  });

const isStored = (x: unknown): x is Stored => typeof x === 'object' && x !== null && 'data' in x;
/** Data as what it stands for. */
function restored(x: unknown): unknown {
  if (isStored(x)) return torch.tensor(x.data, { dtype: x.dtype }).view(x.shape);
  if (Array.isArray(x)) return x.map(restored);
  if (typeof x !== 'object' || x === null) return x;
  return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, restored(v)]));
}
const close = (actual: readonly number[], wanted: readonly number[], tolerance: number, what: string): void => {
  expect(actual.length, what).toBe(wanted.length);
  wanted.forEach((w, i) => {
    const a = actual[i]!;
    expect(Math.abs(a - w) <= tolerance * (1 + Math.abs(w)), `${what}: [${i}] ${a} for ${w}`).toBe(true);
  });
};
const flat = (x: T): number[] => x.detach().reshape(-1).tolist() as number[];
/** Compares a value of a state dict with PyTorch's: kinds, dtypes, shapes and numbers. */
function compare(actual: unknown, wanted: unknown, tolerance: number, what: string): void {
  if (isStored(wanted)) {
    // LBFGS has numbers for tensors without dims, which PyTorch computes with as well
    if (typeof actual === 'number' && what.startsWith('LBFGS')) {
      close([actual], wanted.data, tolerance, what);
      return;
    }
    if (!(actual instanceof torch.Tensor)) throw new Error(`${what}: no tensor`);
    expect([actual.dtype, ...actual.shape], what).toEqual([wanted.dtype, ...wanted.shape]);
    close(flat(actual), wanted.data, tolerance, what);
  } else if (Array.isArray(wanted)) {
    expect(Array.isArray(actual) && actual.length, what).toBe(wanted.length);
    wanted.forEach((w, i) => compare((actual as unknown[])[i], w, tolerance, `${what}[${i}]`));
  } else if (typeof wanted === 'object' && wanted !== null) {
    expect(Object.keys(actual as object).sort(), what).toEqual(Object.keys(wanted).sort());
    for (const [k, w] of Object.entries(wanted)) compare((actual as Options)[k], w, tolerance, `${what}.${k}`);
  } else if (typeof wanted === 'number') close([actual as number], [wanted], tolerance, what);
  else expect(actual, what).toBe(wanted);
}

const titled = oracle.cases.map((c): [string, Case] => [
  `${c.optimizer} ${JSON.stringify(c.options)} ${c.groups ? 'groups ' : ''}${c.dtype}`,
  c,
]);
const tolerance = ({ dtype }: Case): number => (dtype === 'float32' ? 3e-6 : 1e-7);

describe('trajectories', () => {
  test.each(titled)('%s', (_, c) => {
    const params = c.shapes.map((shape, k) => start(k, shape, c.dtype));
    const optimizer = make(c.optimizer, grouped(params, c.groups), c.options);
    c.values.forEach((wanted, step) => {
      setGradients(params, step, c.dtype);
      expect(optimizer.step()).toBeNull();
      wanted.forEach((w, k) => close(flat(params[k]!), w, tolerance(c), `step ${step}, parameter ${k}`));
      if (step + 1 === RESUMED && c.state) compare(optimizer.stateDict(), c.state, tolerance(c), 'state');
    });
  });
});

describe("PyTorch's state dicts", () => {
  test.each(titled.filter(([, c]) => c.state))('%s', (_, c) => {
    const params = c.shapes.map((shape, k) => start(k, shape, c.dtype));
    const dict = restored(c.state) as torch.optim.OptimizerStateDict;
    torch.noGrad(() => c.values[RESUMED - 1]!.forEach((w, k) => params[k]!.copy_(torch.tensor(w).view(c.shapes[k]!))));
    // the options come with the state
    const optimizer = make(c.optimizer, grouped(params, c.groups), {});
    optimizer.loadStateDict(dict);
    compare(optimizer.stateDict(), c.state, 1e-7, 'state');
    c.values.slice(RESUMED).forEach((wanted, i) => {
      setGradients(params, RESUMED + i, c.dtype);
      optimizer.step();
      wanted.forEach((w, k) => close(flat(params[k]!), w, tolerance(c), `step ${RESUMED + i}, parameter ${k}`));
    });
  });
});

describe('LBFGS', () => {
  const cases = oracle.lbfgs.map((c): [string, LbfgsCase] => [`${JSON.stringify(c.options)} ${c.dtype}`, c]);
  const lossOf = (params: readonly T[]): T =>
    params
      .map((p) => p.sub(1).pow(4).mul(0.3).add(p.add(0.5).pow(2).mul(0.7)).sum())
      .reduce((a, b) => a.add(b))
      .add(params[0]!.sum().sub(params[1]!.sum()).pow(2));
  const run = (c: LbfgsCase, params: readonly T[], optimizer: torch.optim.Optimizer, from: number): number => {
    let calls = 0;
    for (let step = from; step < c.values.length; step++) {
      const loss = optimizer.step(() => {
        calls++;
        optimizer.zeroGrad();
        const l = lossOf(params);
        l.backward();
        return l;
      });
      const bound = c.dtype === 'float32' ? 2e-4 : 1e-7;
      close([loss.item()], [c.losses[step]!], bound, `loss ${step}`);
      c.values[step]!.forEach((w, k) => close(flat(params[k]!), w, bound, `step ${step}, parameter ${k}`));
      if (step === 0 && c.state && c.options.max_iter === 4) compare(optimizer.stateDict(), c.state, 1e-3, 'LBFGS');
    }
    return calls;
  };
  test.each(cases)('%s', (_, c) => {
    const params = SHAPES.map((shape, k) => start(k, shape, c.dtype));
    const calls = run(c, params, make('LBFGS', params, c.options), 0);
    // float32 may stop a step sooner or later
    if (c.dtype === 'float64') expect(calls).toBe(c.calls);
  });
  test.each(cases.filter(([, c]) => c.state))("PyTorch's state of %s", (_, c) => {
    const params = SHAPES.map((shape, k) => start(k, shape, c.dtype));
    torch.noGrad(() => c.values[0]!.forEach((w, k) => params[k]!.copy_(torch.tensor(w).view(SHAPES[k]!))));
    const optimizer = make('LBFGS', params, {});
    optimizer.loadStateDict(restored(c.state) as torch.optim.OptimizerStateDict);
    run(c, params, optimizer, 1);
  });
  test('takes one group, and wants a closure', () => {
    const w = (): T => torch.ones(2, { requiresGrad: true });
    expect(() => new optim.LBFGS([{ params: [w()] }, { params: [w()] }])).toThrow(
      /^LBFGS: .*doesn't support per-parameter options/,
    );
    expect(() => new optim.LBFGS([w()]).step()).toThrow(/^LBFGS: step needs a closure/);
    expect(() => new optim.LBFGS([w()]).step(() => undefined)).toThrow(/^LBFGS: the closure must give the loss/);
    expect(() => new optim.LBFGS([w()], { lineSearchFn: 'weak' as never })).toThrow(/only 'strong_wolfe' is supported/);
  });
});

describe('refusals', () => {
  test.each(oracle.bad)('$optimizer $options', ({ optimizer, options, message }) => {
    const w = torch.ones(2, 2, { requiresGrad: true });
    let error: unknown;
    try {
      make(optimizer, [w], options);
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(RangeError);
    expect((error as Error).message.replaceAll("'", '')).toBe(`${optimizer}: ${message}`);
  });
  test('flags that cannot be had', () => {
    const w = torch.ones(2, { requiresGrad: true });
    expect(() => new optim.Adam([w], { differentiable: true })).toThrow(torch.AutogradError);
    const captured = new optim.Adam([w], { capturable: true });
    w.sum().backward();
    expect(() => captured.step()).toThrow(/^Adam: If capturable=True/);
    expect(() => new optim.SparseAdam([w]).step()).toThrow(/does not support dense gradients, please consider Adam/);
    expect(() => new optim.Muon([w])).toThrow(/^Muon: .*only supports 2D parameters .*\[2\]/);
  });
});

test.each(Object.entries(oracle.texts))('%s prints as in PyTorch', (name, text) =>
  expect(String(make(name, [torch.ones(2, { requiresGrad: true })], {}))).toBe(text),
);

describe('the learning rate as a tensor', () => {
  test('is read at each step, shown as a number, stored as a tensor', () => {
    const w = torch.ones(2, { requiresGrad: true });
    const lr = torch.tensor(0.5);
    const optimizer = new optim.SGD([w], { lr });
    const descend = (): number[] => {
      optimizer.zeroGrad();
      w.sum().backward();
      optimizer.step();
      return flat(w);
    };
    expect(descend()).toEqual([0.5, 0.5]);
    lr.fill_(0.25);
    expect(descend()).toEqual([0.25, 0.25]);
    optimizer.paramGroups[0]!.lr = 1;
    expect([lr.item(), ...descend()]).toEqual([1, -0.75, -0.75]);
    expect(optimizer.stateDict().param_groups[0]!.lr).toBe(lr);
    const other = new optim.SGD([torch.ones(2, { requiresGrad: true })]);
    other.loadStateDict(optimizer.stateDict());
    lr.fill_(3);
    expect(other.paramGroups[0]!.lr).toBe(1);
    expect(other.stateDict().param_groups[0]!.lr).toBeInstanceOf(torch.Tensor);
    expect(() => new optim.SGD([w], { lr: torch.ones(2) })).toThrow(/^SGD: Tensor lr must be 1-element/);
    expect(() => new optim.SGD([w], { lr: torch.tensor(-1) })).toThrow(/^SGD: Invalid learning rate: -1/);
  });
  test('betas may be tensors too', () => {
    const w = torch.ones(2, { requiresGrad: true });
    const betas = [torch.tensor(0.5), torch.tensor(0.75)] as const;
    expect(new optim.Adam([w], { betas }).paramGroups[0]!.betas).toEqual([0.5, 0.75]);
    expect(() => new optim.Adam([w], { betas: [torch.tensor(0.5), 0.5] })).toThrow(/betas must be either both floats/);
  });
});

describe('parameters', () => {
  test('with names', () => {
    const net = new torch.nn.Linear(2, 1);
    const optimizer = new optim.Adam(net.namedParameters(), { lr: 0.1 });
    expect(optimizer.paramGroups[0]!.paramNames).toEqual(['weight', 'bias']);
    expect(optimizer.stateDict().param_groups[0]!.param_names).toEqual(['weight', 'bias']);
    expect(() => optimizer.addParamGroup({ params: [torch.ones(1, { requiresGrad: true })] })).toThrow(
      /with\/without names. cannot add param group without names/,
    );
    const mixed = [...net.namedParameters(), torch.ones(1, { requiresGrad: true })];
    expect(() => new optim.SGD(mixed as never)).toThrow(/Some param names are missing/);
    const other = new optim.Adam([['a', net.weight] as const, ['b', net.bias!] as const]);
    other.loadStateDict(optimizer.stateDict());
    expect(other.paramGroups[0]!.paramNames).toEqual(['weight', 'bias']);
  });
  test('added later', () => {
    const [a, b] = [torch.ones(1, { requiresGrad: true }), torch.ones(1, { requiresGrad: true })];
    const optimizer = new optim.SGD([a], { lr: 0.5 });
    optimizer.addParamGroup({ params: b, lr: 0.25 });
    a.add(b).sum().backward();
    optimizer.step();
    expect([a.item(), b.item()]).toEqual([0.5, 0.75]);
    expect(() => optimizer.addParamGroup({ params: [a] })).toThrow(/appear in more than one parameter group/);
    expect(() => optimizer.addParamGroup({ params: new Set([a]) })).toThrow(/ordered collections/);
    expect(() => optimizer.addParamGroup([a] as never)).toThrow(/^SGD: param_group must be an object/);
  });
});

describe('hooks', () => {
  const made = (): { optimizer: torch.optim.SGD; w: T } => {
    const w = torch.ones(1, { requiresGrad: true });
    return { w, optimizer: new optim.SGD([w], { lr: 0.5 }) };
  };
  test('around a step', () => {
    const { optimizer, w } = made();
    const seen: string[] = [];
    const pre = optimizer.registerStepPreHook((o, args) => {
      seen.push(`before ${o === (optimizer as unknown)} ${args.length}`);
      return [() => 7];
    });
    const post = optimizer.registerStepPostHook((_, args) => seen.push(`after ${args.length} ${w.item()}`));
    w.sum().backward();
    expect(optimizer.step() as unknown).toBe(7);
    expect(seen).toEqual(['before true 0', 'after 1 0.5']);
    pre.remove();
    post.remove();
    expect(optimizer.step()).toBeNull();
    expect(seen.length).toBe(2);
  });
  test('around state dicts, in order', () => {
    const { optimizer } = made();
    const seen: string[] = [];
    const note = (name: string) => (): void => void seen.push(name);
    optimizer.registerStateDictPreHook(note('pre'));
    optimizer.registerStateDictPreHook(note('first'), { prepend: true });
    optimizer.registerStateDictPostHook((_, dict) => ({ ...dict, state: { marked: {} } }));
    optimizer.registerLoadStateDictPreHook((_, dict) => {
      seen.push(Object.keys(dict.state).join());
      return { ...dict, state: {} };
    });
    optimizer.registerLoadStateDictPostHook(note('loaded'));
    optimizer.loadStateDict(optimizer.stateDict());
    expect(seen).toEqual(['first', 'pre', 'marked', 'loaded']);
    expect(() => optimizer.registerStateDictPreHook(1 as never)).toThrow(
      /^registerStateDictPreHook: expected a function/,
    );
  });
});

test('files have the numbers of parameters as PyTorch does, whole', () => {
  const w = torch.ones(2, { requiresGrad: true });
  const optimizer = new optim.Adam([w]);
  w.sum().backward();
  optimizer.step();
  const dict = optimizer.stateDict();
  const read = torch.load(torch.saveToBytes({ optimizer: dict })) as { optimizer: { state: unknown } };
  expect(read.optimizer.state).toBeInstanceOf(Map);
  expect([...(read.optimizer.state as Map<unknown, unknown>).keys()]).toEqual([0]);
  const other = new optim.Adam([w]);
  other.loadStateDict(read.optimizer as torch.optim.OptimizerStateDict);
  expect(String(other.stateDict().state[0]!.exp_avg)).toBe(String(dict.state[0]!.exp_avg));
  expect(other.state.get(w)!.step).toBe(1);
});

test('closures give the loss back, with gradients on', () => {
  const w = torch.ones(2, { requiresGrad: true });
  const optimizer = new optim.RMSprop([w]);
  const loss = torch.noGrad(() =>
    optimizer.step(() => {
      optimizer.zeroGrad();
      const l = w.square().sum();
      l.backward();
      return l;
    }),
  );
  expect(loss.item()).toBe(2);
  expect(() => optimizer.step(3 as never)).toThrow(/^RMSprop: expected a function as closure/);
});

test('AdamW stays AdamW whatever it loads', () => {
  const w = torch.ones(2, { requiresGrad: true });
  const optimizer = new optim.AdamW([w]);
  optimizer.loadStateDict(new optim.Adam([w]).stateDict());
  expect(optimizer.paramGroups[0]!.decoupledWeightDecay).toBe(true);
});
