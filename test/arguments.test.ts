// What may be absent is given by position, in PyTorch's order, or by name in an object at the end, with one result; a name
// that is none is refused. The operators are tested so by their samples (ops.test.ts); here is the rest.
import { describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';

const { nn, optim } = torch;
const { lrScheduler } = optim;
const data = torch.utils.data;
type Case = [name: string, position: () => unknown, byName: () => unknown];
const seeded = <T>(f: () => T): T => {
  torch.manualSeed(3);
  return f();
};
const w = (): torch.Tensor => torch.empty([4, 6]);
const leaf = (): torch.Tensor => torch.tensor([1, -2], { requiresGrad: true });
const sgd = (): torch.optim.SGD => new optim.SGD([leaf()], { lr: 0.5 });
const set = new data.TensorDataset(torch.arange(7));
const net = new nn.Sequential(new nn.Linear(2, 2), new nn.BatchNorm1d(2));
/** The rates of three epochs. */
const rates = (scheduler: { step(): void; getLastLr(): number[] }): number[][] =>
  [0, 1, 2].map(() => {
    scheduler.step();
    return scheduler.getLastLr();
  });
const plateau = (scheduler: torch.optim.lrScheduler.ReduceLROnPlateau): number[] => {
  for (const metric of [1, 1, 1, 1]) scheduler.step(metric);
  return scheduler.getLastLr();
};
const batches = (loader: Iterable<unknown>): unknown => [...loader].map(String);
const clipped = (...args: [number?, object?]): torch.Tensor => {
  const p = leaf();
  p.mul(3).sum().backward();
  return nn.utils.clipGradNorm_([p], 1, ...(args as []));
};
const saved = torch.saveToBytes(torch.ones(2));
const gradients = (given: object): unknown => {
  const p = leaf();
  return torch.autograd.grad(p.mul(p), p, given as { gradOutputs: torch.Tensor });
};
const back = (given: object): unknown => {
  const p = leaf();
  torch.autograd.backward(p.mul(p), given as { gradTensors: torch.Tensor });
  return p.grad;
};
const inits = nn.init;
const x = torch.arange(12).view(4, 3);

const cases: readonly Case[] = [
  ['init.uniform_', () => inits.uniform_(w(), -2, 3), () => inits.uniform_(w(), { a: -2, b: 3 })],
  ['init.normal_', () => inits.normal_(w(), 1, 3), () => inits.normal_(w(), { mean: 1, std: 3 })],
  ['init.truncNormal_', () => inits.truncNormal_(w(), 0, 1, -1, 1), () => inits.truncNormal_(w(), { a: -1, b: 1 })],
  ['init.xavierUniform_', () => inits.xavierUniform_(w(), 2), () => inits.xavierUniform_(w(), { gain: 2 })],
  ['init.xavierNormal_', () => inits.xavierNormal_(w(), 2), () => inits.xavierNormal_(w(), { gain: 2 })],
  [
    'init.kaimingUniform_',
    () => inits.kaimingUniform_(w(), 0, 'fan_out', 'relu'),
    () => inits.kaimingUniform_(w(), { mode: 'fan_out', nonlinearity: 'relu' }),
  ],
  [
    'init.kaimingNormal_',
    () => inits.kaimingNormal_(w(), 0, 'fan_out', 'relu'),
    () => inits.kaimingNormal_(w(), { mode: 'fanOut', nonlinearity: 'relu' }),
  ],
  [
    'init.dirac_',
    () => inits.dirac_(torch.empty([4, 2, 3]), 2),
    () => inits.dirac_(torch.empty([4, 2, 3]), { groups: 2 }),
  ],
  [
    'init.calculateGain',
    () => inits.calculateGain('leaky_relu', 0.3),
    () => inits.calculateGain('leakyRelu', { param: 0.3 }),
  ],
  ['clipGradNorm_', () => clipped(1), () => clipped({ normType: 1 } as never)],
  ['Parameter', () => new nn.Parameter(x.float(), false), () => new nn.Parameter(x.float(), { requiresGrad: false })],
  ['parameters', () => net.parameters(false).length, () => net.parameters({ recurse: false }).length],
  [
    'namedParameters',
    () => net.namedParameters('a').map(([n]) => n),
    () => net.namedParameters({ prefix: 'a' }).map(([n]) => n),
  ],
  ['buffers', () => net.buffers(false).length, () => net.buffers({ recurse: false }).length],
  [
    'namedBuffers',
    () => net.namedBuffers('a').map(([n]) => n),
    () => net.namedBuffers({ prefix: 'a' }).map(([n]) => n),
  ],
  [
    'namedModules',
    () => net.namedModules('a').map(([n]) => n),
    () => net.namedModules({ prefix: 'a' }).map(([n]) => n),
  ],
  ['loadStateDict', () => net.loadStateDict({}, false), () => net.loadStateDict({}, { strict: false })],
  [
    'registerBuffer',
    () => {
      const m = new nn.Identity();
      m.registerBuffer('seen', torch.ones(1), false);
      return Object.keys(m.stateDict());
    },
    () => {
      const m = new nn.Identity();
      m.registerBuffer('seen', torch.ones(1), { persistent: false });
      return Object.keys(m.stateDict());
    },
  ],
  [
    'SGD',
    () => new optim.SGD([leaf()], 0.1, 0.9, 0, 0.01, true),
    () => new optim.SGD([leaf()], { lr: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov: true }),
  ],
  [
    'Adam',
    () => new optim.Adam([leaf()], 0.1, [0.8, 0.9], 1e-6),
    () => new optim.Adam([leaf()], { lr: 0.1, betas: [0.8, 0.9], eps: 1e-6 }),
  ],
  ['AdamW', () => new optim.AdamW([leaf()], 0.1), () => new optim.AdamW([leaf()], { lr: 0.1 })],
  [
    'StepLR',
    () => rates(new lrScheduler.StepLR(sgd(), 2, 0.5)),
    () => rates(new lrScheduler.StepLR(sgd(), { stepSize: 2, gamma: 0.5 })),
  ],
  [
    'MultiStepLR',
    () => rates(new lrScheduler.MultiStepLR(sgd(), [1, 2], 0.5)),
    () => rates(new lrScheduler.MultiStepLR(sgd(), [1, 2], { gamma: 0.5 })),
  ],
  [
    'ExponentialLR',
    () => rates(new lrScheduler.ExponentialLR(sgd(), 0.5)),
    () => rates(new lrScheduler.ExponentialLR(sgd(), { gamma: 0.5 })),
  ],
  [
    'CosineAnnealingLR',
    () => rates(new lrScheduler.CosineAnnealingLR(sgd(), 4, 0.1)),
    () => rates(new lrScheduler.CosineAnnealingLR(sgd(), { tMax: 4, etaMin: 0.1 })),
  ],
  [
    'LambdaLR',
    () => rates(new lrScheduler.LambdaLR(sgd(), (e) => 1 / (1 + e))),
    () => rates(new lrScheduler.LambdaLR(sgd(), { lrLambda: (e) => 1 / (1 + e) })),
  ],
  [
    'ReduceLROnPlateau',
    () => plateau(new lrScheduler.ReduceLROnPlateau(sgd(), 'max', 0.5, 1)),
    () => plateau(new lrScheduler.ReduceLROnPlateau(sgd(), { mode: 'max', factor: 0.5, patience: 1 })),
  ],
  [
    'DataLoader',
    () => batches(new data.DataLoader(set, 2, true)),
    () => batches(new data.DataLoader(set, { batchSize: 2, shuffle: true })),
  ],
  [
    'RandomSampler',
    () => [...new data.RandomSampler(set, true, 5)],
    () => [...new data.RandomSampler(set, { replacement: true, numSamples: 5 })],
  ],
  [
    'SubsetRandomSampler',
    () => [...new data.SubsetRandomSampler([4, 5, 6], new torch.Generator())],
    () => [...new data.SubsetRandomSampler([4, 5, 6], { generator: new torch.Generator() })],
  ],
  [
    'randomSplit',
    () => data.randomSplit(set, [3, 4], new torch.Generator()).map((s) => s.indices),
    () => data.randomSplit(set, [3, 4], { generator: new torch.Generator() }).map((s) => s.indices),
  ],
  ['split', () => x.split(2, 1).map(String), () => x.split(2, { dim: 1 }).map(String)],
  [
    'splitWithSizes',
    () => x.splitWithSizes([1, 2], 1).map(String),
    () => x.splitWithSizes([1, 2], { dim: 1 }).map(String),
  ],
  ['chunk', () => x.chunk(2, 1).map(String), () => x.chunk(2, { dim: 1 }).map(String)],
  ['tensorSplit', () => x.tensorSplit(2, 1).map(String), () => x.tensorSplit(2, { dim: 1 }).map(String)],
  ['unbind', () => x.unbind(1).map(String), () => x.unbind({ dim: 1 }).map(String)],
  ['squeeze', () => torch.ones(1, 1, 2).squeeze(0), () => torch.ones(1, 1, 2).squeeze({ dim: 0 })],
  ['asTensor', () => torch.asTensor([1], 'float32'), () => torch.asTensor([1], { dtype: 'float32' })],
  ['load', () => torch.load(saved, 'cpu'), () => torch.load(saved, { mapLocation: 'cpu' })],
  [
    'autograd.grad',
    () => gradients(torch.tensor([1, 3]).float()),
    () => gradients({ gradOutputs: torch.tensor([1, 3]).float() }),
  ],
  [
    'autograd.backward',
    () => back(torch.tensor([1, 3]).float()),
    () => back({ gradTensors: torch.tensor([1, 3]).float() }),
  ],
  [
    'Embedding.fromPretrained',
    () => nn.Embedding.fromPretrained(x.float(), false).weight,
    () => nn.Embedding.fromPretrained(x.float(), { freeze: false }).weight,
  ],
  ['slice', () => x.slice(1, 0, 2), () => x.slice({ dim: 1, end: 2 })],
];

describe('by position and by name', () => {
  test.each(cases)('%s', (_, position, byName) => {
    expect(String(seeded(position))).toBe(String(seeded(byName)));
  });
});

describe('names that are none', () => {
  const odd = { nonsense: 1 } as never;
  test.each<[string, () => unknown]>([
    ['uniform_', () => inits.uniform_(w(), odd)],
    ['kaimingNormal_', () => inits.kaimingNormal_(w(), odd)],
    ['clipGradNorm_', () => nn.utils.clipGradNorm_([leaf()], 1, odd)],
    ['Parameter', () => new nn.Parameter(torch.ones(1), odd)],
    ['loadStateDict', () => net.loadStateDict(net.stateDict(), odd)],
    ['stateDict', () => net.stateDict(odd)],
    ['zeroGrad', () => sgd().zeroGrad(odd)],
    ['StepLR', () => new lrScheduler.StepLR(sgd(), 1, odd)],
    ['ReduceLROnPlateau', () => new lrScheduler.ReduceLROnPlateau(sgd(), odd)],
    ['RandomSampler', () => new data.RandomSampler(set, odd)],
    ['DataLoader', () => new data.DataLoader(set, 2, odd)],
    ['chunk', () => x.chunk(2, odd)],
    ['squeeze', () => x.squeeze(odd)],
    ['asTensor', () => torch.asTensor(x, odd)],
    ['load', () => torch.load(saved, odd)],
    ['grad', () => gradients(odd)],
    ['backward', () => back(odd)],
    ['gradcheck', () => torch.autograd.gradcheck((y) => y, [leaf().double()], odd)],
    ['fromPretrained', () => nn.Embedding.fromPretrained(x.float(), odd)],
    ['to', () => net.to(odd)],
  ])('%s', (name, call) => {
    expect(call).toThrow(new RegExp(`^${name}: unknown option 'nonsense'`));
  });
  test('what is needed is asked for', () => {
    expect(() => new lrScheduler.StepLR(sgd(), {} as never)).toThrow(/^StepLR: expected a number for stepSize/);
    expect(() => new lrScheduler.MultiStepLR(sgd(), 3 as never)).toThrow(/^MultiStepLR: expected a list of epochs/);
    expect(() => new lrScheduler.LambdaLR(sgd(), 3 as never)).toThrow(/^LambdaLR: expected a function/);
  });
});

describe('as PyTorch reads its arguments', () => {
  test('positions of adaptive maxima are there on request', () => {
    const x = torch.tensor([[1, 3.5, 2, 0]]);
    expect(String(nn.functional.adaptiveMaxPool1d(x, 2))).toBe('tensor([[3.5000, 2.0000]])');
    const [output, indices] = nn.functional.adaptiveMaxPool1d(x, 2, { returnIndices: true });
    expect(String(output)).toBe('tensor([[3.5000, 2.0000]])');
    expect(String(indices)).toBe('tensor([[1, 2]])');
    expect(String(nn.functional.adaptiveMaxPool1d(x, 2, true).indices)).toBe('tensor([[1, 2]])');
  });
  test('arange of int64 counts in whole numbers', () => {
    expect(torch.arange(0, -8.000001, -4, { dtype: 'int64' }).tolist()).toEqual([0, -4]);
    expect(() => torch.arange(0, 5, 0.5, { dtype: 'int64' })).toThrow(/arange: step must be nonzero/);
  });
  test('only tensors where PyTorch takes only tensors', () => {
    const x = torch.tensor([1, 2]);
    const { maximum, fmin, atan2, logicalAnd, gcd, heaviside } = torch;
    for (const [name, of] of Object.entries({ maximum, fmin, atan2, logicalAnd, gcd, heaviside })) {
      const f = of as (a: unknown, b: unknown) => unknown;
      expect(() => f(x, 2), name).toThrow(`${name}: expected a Tensor for other but received 2`);
    }
    const inPlace = x.logicalXor_ as (b: unknown) => unknown;
    expect(() => inPlace.call(x, 2)).toThrow('logicalXor_: expected a Tensor for other but received 2');
  });
  test('options where there are none are refused, not ignored', () => {
    const x = torch.tensor([1, 2]);
    const { exp, mul, eq, maximum } = torch;
    for (const [name, of] of Object.entries({ exp, mul, eq, maximum })) {
      const f = of as (...args: unknown[]) => unknown;
      const operands = name === 'exp' ? [x] : [x, x];
      expect(() => f(...operands, { output: x }), name).toThrow(`${name}: unknown option 'output'`);
    }
    expect([x, x].map(torch.neg).map(String)).toEqual(['tensor([-1, -2])', 'tensor([-1, -2])']);
  });
  test('one number and one tensor, or two numbers, as PyTorch takes them', () => {
    expect(torch.add(1, 2).item()).toBe(3);
    expect(torch.pow(2, torch.tensor([1, 3])).tolist()).toEqual([2, 8]);
    expect(() => torch.pow(2, 3)).toThrow('pow: expected a Tensor for input but received 2');
  });
  test('numbers in tensors without dims bound linspace and logspace', () => {
    expect(String(torch.linspace(torch.tensor(0), torch.tensor(1.5), 4))).toBe(
      'tensor([0.0000, 0.5000, 1.0000, 1.5000])',
    );
    expect(torch.logspace(torch.tensor(0), 2, 3).tolist()).toEqual([1, 10, 100]);
    expect(() => torch.linspace(torch.zeros(1), 1, 2)).toThrow(/linspace: expected numbers/);
  });
  test('the absolute loss of whole numbers is one, but has no mean', () => {
    const [x, y] = [torch.tensor([1, 5]), torch.tensor([4, 3])];
    expect(nn.functional.l1Loss(x, y, { reduction: 'sum' }).item()).toBe(5);
    expect(() => nn.functional.l1Loss(x, y)).toThrow(/l1Loss: expected a floating-point tensor/);
  });
  test('an empty tensor of a wrong dtype is refused, one of a right dtype is not', () => {
    expect(() => torch.zeros(0, 3).bitwiseNot()).toThrow(/bitwiseNot: not implemented for/);
    expect(() => torch.zeros([0], { dtype: 'int64' }).logaddexp(torch.zeros([0], { dtype: 'int64' }))).toThrow(
      /logaddexp/,
    );
    expect(torch.zeros(0, 3).bernoulli().shape).toEqual([0, 3]);
    expect(torch.zeros(0, 3).bernoulli_(0.5).shape).toEqual([0, 3]);
  });
});
