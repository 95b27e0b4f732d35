// Schedules of learning rates against PyTorch's, step by step: chained and closed forms, momentum, state dicts both ways,
// refusals. test/oracle/schedules.json holds PyTorch's answers; scripts/oracle-schedules.py makes them.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';
import { camel } from '../lib/optim/state-dict.ts';

const { optim } = torch;
const { lrScheduler, swaUtils } = optim;
type Options = Record<string, unknown>;
interface Case {
  readonly name: string;
  readonly options: Options;
  readonly rates: number[][];
  readonly state: Options;
  readonly groups: Options[];
}
const oracle = JSON.parse(readFileSync(new URL('oracle/schedules.json', import.meta.url), 'utf8')) as {
  cases: Case[];
  closed: Case[];
  epochs: number[];
  metrics: number[];
  stored: number;
  bad: { name: string; options: Options; message: string }[];
  averages: { kind: string; state: Record<string, number[]>; mean: number[]; var: number[]; y: number[] }[];
};
interface Schedule {
  step(x?: number): void;
  getLastLr(): number[];
  stateDict(): Options;
  loadStateDict(dict: Options): void;
  readonly cycleMomentum?: boolean;
}
interface Group {
  lr: number;
  betas?: readonly number[];
  momentum?: number;
}

// as in the script
const LAMBDAS: Readonly<Record<string, (e: number) => number>> = {
  falling: (e) => 0.9 ** e,
  sawtooth: (e) => 1 / (1 + (e % 5)),
  nearly: (e) => 0.95 + 0.01 * (e % 3),
};
function makeOptimizer(kind: unknown): torch.optim.Optimizer {
  const groups = [0.5, 0.05].map((lr) => ({ params: [torch.ones(1, { requiresGrad: true })], lr }));
  const made: unknown =
    kind === 'Adam'
      ? new optim.Adam(groups, { betas: [0.9, 0.99] })
      : new optim.SGD(groups, { momentum: kind === 'plain' ? 0 : 0.9 });
  return made as torch.optim.Optimizer;
}
const nameOf = (key: string): string => camel(key.replace(/^T_/, 't_'));
function make(name: string, given: Options, optimizer: torch.optim.Optimizer): Schedule {
  const options: Options = {};
  for (const [key, value] of Object.entries(given)) {
    if (key === 'kind' || key === 'message') continue;
    const f = key === 'lr_lambda' || key === 'scale_fn';
    const named = (x: unknown): unknown => (f ? LAMBDAS[x as string] : x);
    options[key === 'T_0' ? 't0' : nameOf(key)] = Array.isArray(value) ? value.map(named) : named(value);
  }
  const parts = given.schedulers as [string, Options][] | undefined;
  if (parts) options.schedulers = parts.map(([n, o]) => make(n, o, optimizer));
  const type: unknown = Reflect.get(name === 'SWALR' ? swaUtils : lrScheduler, name);
  const args = name === 'ChainedScheduler' ? [options.schedulers] : [optimizer, options];
  const made: unknown = Reflect.construct(type as new () => object, args);
  return made as Schedule;
}
const row = (optimizer: torch.optim.Optimizer, scheduler: Schedule): number[] => {
  const groups = optimizer.paramGroups as readonly Group[];
  const rates = groups.map((g) => g.lr);
  expect(scheduler.getLastLr()).toEqual(rates);
  return scheduler.cycleMomentum ? [...rates, ...groups.map((g) => g.betas?.[0] ?? g.momentum!)] : rates;
};
const close = (actual: unknown, wanted: unknown, what: string): void => {
  if (typeof wanted === 'number') {
    const a = actual as number;
    expect(Math.abs(a - wanted) <= 1e-12 * (1 + Math.abs(wanted)), `${what}: ${a} for ${wanted}`).toBe(true);
  } else if (wanted === 'inf' || wanted === '-inf')
    expect(actual, what).toBe(Number(`${wanted}inity`.replace('i', 'I')));
  else if (typeof wanted === 'object' && wanted !== null) {
    const given: Options = actual instanceof Map ? Object.fromEntries(actual) : (actual as Options);
    expect(Object.keys(given).sort(), what).toEqual(Object.keys(wanted).sort());
    for (const [k, w] of Object.entries(wanted)) close(given[k], w, `${what}.${k}`);
  } else expect(actual, what).toBe(wanted);
};
const advance = (scheduler: Schedule, { name }: Case, step: number): void =>
  name === 'ReduceLROnPlateau' ? scheduler.step(oracle.metrics[step]) : scheduler.step();
const titled = (cases: readonly Case[]): [string, Case][] =>
  cases.map((c) => [`${c.name} ${JSON.stringify(c.options)}`, c]);

describe('rates', () => {
  test.each(titled(oracle.cases))('%s', (_, c) => {
    const optimizer = makeOptimizer(c.options.kind);
    const scheduler = make(c.name, c.options, optimizer);
    c.rates.forEach((wanted, step) => {
      if (step > 0) advance(scheduler, c, step - 1);
      close(row(optimizer, scheduler), wanted, `step ${step}`);
      if (step === oracle.stored) {
        close(scheduler.stateDict(), c.state, 'state');
        const groups = optimizer.stateDict().param_groups.map(({ params: _, ...o }) => o);
        close(groups, c.groups, 'groups');
      }
    });
  });
});

describe("PyTorch's state dicts", () => {
  test.each(titled(oracle.cases))('%s', (_, c) => {
    const optimizer = makeOptimizer(c.options.kind);
    const scheduler = make(c.name, c.options, optimizer);
    const real = (x: unknown): unknown => (x === 'inf' ? Infinity : x === '-inf' ? -Infinity : x);
    scheduler.loadStateDict(Object.fromEntries(Object.entries(c.state).map(([k, v]) => [k, real(v)])));
    optimizer.loadStateDict({ state: {}, param_groups: c.groups.map((g, i) => ({ ...g, params: [i] })) });
    c.rates.slice(oracle.stored + 1).forEach((wanted, i) => {
      const step = oracle.stored + 1 + i;
      advance(scheduler, c, step - 1);
      close(row(optimizer, scheduler), wanted, `step ${step}`);
    });
  });
});

describe('epochs by number', () => {
  test.each(titled(oracle.closed))('%s', (_, c) => {
    const optimizer = makeOptimizer(null);
    const scheduler = make(c.name, c.options, optimizer);
    c.rates.forEach((wanted, i) => {
      scheduler.step(oracle.epochs[i]);
      close(row(optimizer, scheduler), wanted, `epoch ${oracle.epochs[i]}`);
    });
  });
});

test.each(oracle.bad)('$name refuses $options', ({ name, options, message }) => {
  let error: unknown;
  try {
    make(name, options, makeOptimizer(null));
  } catch (e) {
    error = e;
  }
  expect(error).toBeInstanceOf(RangeError);
  expect((error as Error).message.replaceAll("'", '')).toContain(`${name}: ${message.replaceAll("'", '')}`);
});

describe('refusals', () => {
  const sgd = (): torch.optim.SGD => new optim.SGD([torch.ones(1, { requiresGrad: true })], { lr: 0.5 });
  test('of what is resumed without a start', () => {
    expect(() => new lrScheduler.StepLR(sgd(), 3, { lastEpoch: 2 })).toThrow(
      /^StepLR: param 'initialLr' is not specified/,
    );
  });
  test('of optimizers without momentum, of one step too many', () => {
    const plain = new optim.Adagrad([torch.ones(1, { requiresGrad: true })]);
    for (const f of [
      () => new lrScheduler.OneCycleLR(plain, 1, { totalSteps: 3 }),
      () => new lrScheduler.CyclicLR(plain, 0, 1),
    ])
      expect(f).toThrow(/optimizer must support momentum or beta1/);
    const short = new lrScheduler.OneCycleLR(sgd(), 1, { totalSteps: 3 });
    for (let i = 0; i < 3; i++) short.step();
    expect(() => short.step()).toThrow(/^OneCycleLR: Tried to step 4 times. .* total steps is 3/);
  });
  test('of parts that do not fit', () => {
    const [a, b] = [sgd(), sgd()];
    const { SequentialLR, ChainedScheduler, ConstantLR, ReduceLROnPlateau } = lrScheduler;
    const [of, other] = [new ConstantLR(a), new ConstantLR(b)];
    expect(() => new SequentialLR(a, [of, other], [1])).toThrow(
      /expects all schedulers to belong to the same optimizer/,
    );
    expect(() => new ChainedScheduler([of, other])).toThrow(/^ChainedScheduler: .*the same optimizer/);
    expect(() => new ChainedScheduler([])).toThrow(/expects at least one scheduler to be chained/);
    expect(() => new SequentialLR(a, [of, of], [1, 2])).toThrow(/number of milestones to be equal to 2/);
    expect(() => new SequentialLR(a, [new ReduceLROnPlateau(a) as never], [])).toThrow(
      /does not support `ReduceLROnPl/,
    );
  });
});

test('a tensor as learning rate is filled', () => {
  const lr = torch.tensor(1, { dtype: 'float64' });
  const optimizer = new optim.SGD([torch.ones(1, { requiresGrad: true })], { lr });
  const scheduler = new lrScheduler.ExponentialLR(optimizer, 0.5);
  scheduler.step();
  expect([lr.item(), scheduler.getLastLr()]).toEqual([0.5, [0.5]]);
});

describe('averages of a model', () => {
  const { nn } = torch;
  class Net extends nn.Module {
    linear = new nn.Linear(2, 3);
    norm = new nn.BatchNorm1d(3);
    override forward(x: torch.Tensor): torch.Tensor {
      return this.norm.forward(this.linear.forward(x));
    }
  }
  // as in the script
  const wave = (k: number, step: number, shape: readonly number[]): torch.Tensor =>
    torch
      .tensor(
        Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
          Math.sin(1.7 * i + 2.3 * k + 0.9 * step + 1),
        ),
      )
      .view([...shape]);
  const flat = (x: torch.Tensor): number[] => x.detach().reshape(-1).tolist() as number[];
  const near = (actual: readonly number[], wanted: readonly number[]): void => {
    expect(actual.length).toBe(wanted.length);
    actual.forEach((a, i) => expect(Math.abs(a - wanted[i]!)).toBeLessThan(2e-5));
  };
  const OPTIONS: Record<string, torch.optim.swaUtils.AveragedModelOptions> = {
    swa: {},
    buffers: { useBuffers: true },
    ema: { avgFn: swaUtils.getEmaAvgFn(0.75) },
    'multi ema': { multiAvgFn: swaUtils.getEmaMultiAvgFn(0.75), useBuffers: true },
    'multi swa': { multiAvgFn: swaUtils.getSwaMultiAvgFn() },
  };
  test.each(oracle.averages)('$kind', ({ kind, state, mean, var: variance, y }) => {
    const net = new Net();
    const averaged = new swaUtils.AveragedModel(net, OPTIONS[kind]!);
    for (let step = 0; step < 4; step++) {
      torch.noGrad(() => {
        [...net.parameters(), net.norm.runningMean!].forEach((p, k) => p.copy_(wave(k, step, p.shape)));
        net.norm.numBatchesTracked!.fill_(step * 10);
      });
      averaged.updateParameters(net);
    }
    const dict = averaged.stateDict();
    expect(Object.keys(dict).sort()).toEqual(Object.keys(state).sort());
    for (const [key, wanted] of Object.entries(state)) near(flat(dict[key] as torch.Tensor), wanted);
    const batches = [0, 1, 2].map((step) => wave(9, step, [5, 2]));
    swaUtils.updateBn(
      batches.map((b) => [b, null]),
      averaged,
    );
    const { norm } = averaged.module as Net;
    near(flat(norm.runningMean!), mean);
    near(flat(norm.runningVar!), variance);
    expect([norm.momentum, norm.training]).toEqual([0.1, true]);
    near(flat(averaged.eval().forward(batches[0]!)), y);
  });
  test('batches that are async, and refusals', async () => {
    const net = new Net();
    const batches = async function* (): AsyncGenerator<torch.Tensor> {
      yield wave(0, 0, [4, 2]);
      await Promise.resolve();
      yield wave(1, 1, [4, 2]);
    };
    await swaUtils.updateBn(batches(), net);
    expect([net.norm.numBatchesTracked!.item(), net.norm.momentum]).toEqual([2, 0.1]);
    const both = { avgFn: swaUtils.getSwaAvgFn(), multiAvgFn: swaUtils.getSwaMultiAvgFn() };
    expect(() => new swaUtils.AveragedModel(net, both)).toThrow(/^AveragedModel: Only one of avg_fn and multi_avg_fn/);
    expect(() => swaUtils.getEmaAvgFn(1.5)).toThrow(/^getEmaAvgFn: Invalid decay value 1.5 provided/);
    expect(() => swaUtils.updateBn(3 as never, net)).toThrow(/^updateBn: expected batches/);
  });
});
