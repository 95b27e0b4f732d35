// nn.utils (normalization of weights, parametrizations, fusion, clipping), nn.init and the rarer methods of Module; against
// PyTorch's stored answers (test/oracle/losses.json, by scripts/oracle-losses.py) where it can answer.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import type { DTypeName } from '../lib/dtype.ts';
import * as torch from '../lib/index.ts';
import { expectClose, flat } from './helpers.ts';

interface Data {
  v: (number | string)[];
  s: number[];
  d: DTypeName;
}
interface Steps {
  outs: Data[];
  eval: Data;
  state: Record<string, Data>;
}
const { utils: stored, init } = JSON.parse(readFileSync(new URL('./oracle/losses.json', import.meta.url), 'utf8')) as {
  utils: Record<string, unknown>;
  init: Record<string, Data>;
};
const { nn } = torch;
const { utils } = nn;
const tensor = ({ v, s, d }: Data): torch.Tensor => torch.tensor(v.map(Number), { dtype: d }).reshape(s);
function expectData(got: torch.Tensor, wanted: Data, what: string, tolerance = 1e-9): void {
  assert.deepEqual([...got.sizes], wanted.s, what);
  expectClose(flat(got), wanted.v.map(Number), tolerance, what);
}
const [x2, x4] = [tensor(stored.x2 as Data), tensor(stored.x4 as Data)];
const dtype = 'float64';
const linear = (): torch.nn.Linear => new nn.Linear(3, 4, { dtype });
const conv = (): torch.nn.Conv2d => new nn.Conv2d(3, 2, 2, { dtype });

describe('normalized weights train as in PyTorch', () => {
  const made: Record<string, [() => torch.nn.Module, torch.Tensor]> = {
    weightNorm: [() => utils.weightNorm(linear()), x2],
    weightNormDim: [() => utils.weightNorm(conv(), { dim: 1 }), x4],
    weightNormAll: [() => utils.weightNorm(linear(), 'weight', null), x2],
    spectralNorm: [() => utils.spectralNorm(linear()), x2],
    spectralNormT: [() => utils.spectralNorm(new nn.ConvTranspose2d(3, 2, 2, { dtype }), { nPowerIterations: 2 }), x4],
    paramWeightNorm: [() => utils.parametrizations.weightNorm(linear()), x2],
    paramSpectralNorm: [() => utils.parametrizations.spectralNorm(linear()), x2],
    paramSpectralNormC: [() => utils.parametrizations.spectralNorm(conv(), { nPowerIterations: 2 }), x4],
    orthogonal: [() => utils.parametrizations.orthogonal(new nn.Linear(3, 3, { dtype })), x2],
    orthogonalTall: [() => utils.parametrizations.orthogonal(linear()), x2],
    orthogonalWide: [
      () => utils.parametrizations.orthogonal(new nn.Linear(3, 2, { dtype }), { orthogonalMap: 'matrixExp' }),
      x2,
    ],
    orthogonalCayley: [() => utils.parametrizations.orthogonal(linear(), 'weight', 'cayley'), x2],
    orthogonalFree: [
      () => utils.parametrizations.orthogonal(new nn.Linear(3, 3, { dtype }), { useTrivialization: false }),
      x2,
    ],
  };
  test.each(Object.keys(made))('%s', (name) => {
    const [make, x] = made[name]!;
    const wanted = stored[name] as Steps;
    torch.manualSeed(7);
    const m = make();
    const optimizer = new torch.optim.SGD(m.parameters(), { lr: 0.1 });
    for (const out of wanted.outs) {
      optimizer.zeroGrad();
      const y = m.forward(x);
      expectData(y, out, name);
      y.square().sum().backward();
      optimizer.step();
    }
    m.eval();
    expectData(m.forward(x), wanted.eval, `${name} eval`);
    const state = m.stateDict();
    assert.deepEqual(Object.keys(state).sort(), Object.keys(wanted.state).sort());
    for (const [key, value] of Object.entries(wanted.state)) expectData(state[key]!, value, `${name} ${key}`);
  });

  test('orthogonal matrices can be assigned, and refused', () => {
    const layer = utils.parametrizations.orthogonal(linear());
    const wanted = layer.weight.detach().flip(0);
    Reflect.set(layer, 'weight', wanted);
    expectClose(flat(layer.weight), flat(wanted), 1e-12, 'assigned');
    const free = utils.parametrizations.orthogonal(linear(), { orthogonalMap: 'cayley', useTrivialization: false });
    assert.throws(() => Reflect.set(free, 'weight', wanted), /not possible to assign/);
    assert.throws(() => Reflect.set(layer, 'weight', torch.ones(2)), { name: 'ShapeError' });
    assert.throws(() => utils.parametrizations.orthogonal(linear(), 'bias'), /Got a tensor of 1 dimensions/);
    assert.throws(() => utils.parametrizations.orthogonal(linear(), 'weight', 'givens' as never), /has to be one of/);
    assert.throws(
      () => utils.parametrizations.orthogonal(linear(), { useTrivialization: false }),
      /'householder' without trivialization is not implemented/,
    );
  });

  test('and become plain again', () => {
    for (const [add, remove] of [
      [utils.weightNorm, utils.removeWeightNorm],
      [utils.spectralNorm, utils.removeSpectralNorm],
    ] as const) {
      const layer = add(linear()).eval();
      const y = layer.forward(x2);
      assert.throws(() => add(layer), /Cannot register two/);
      remove(layer);
      assert.deepEqual(Object.keys(layer.stateDict()), ['bias', 'weight']);
      assert.ok(layer.weight instanceof nn.Parameter);
      expectClose(flat(layer.forward(x2)), flat(y), 1e-12, 'the value stays');
      assert.throws(() => remove(layer), { name: 'TypeError', message: /not found/ });
    }
    assert.throws(() => utils.weightNorm(linear(), 'nothing'), /has no parameter or buffer with name 'nothing'/);
    assert.throws(() => utils.spectralNorm(linear(), { nPowerIterations: 0 }), { name: 'RangeError' });
  });

  test('also as deep copies', () => {
    for (const name of Object.keys(made)) {
      const [make, x] = made[name]!;
      const m = make().eval();
      const copy = m.deepcopy();
      expectClose(flat(copy.forward(x)), flat(m.forward(x)), 1e-12, name);
      assert.deepEqual(Object.keys(copy.stateDict()), Object.keys(m.stateDict()), name);
      const before = flat(copy.forward(x));
      torch.noGrad(() => m.parameters().forEach((p) => void p.fill_(1)));
      expectClose(flat(copy.forward(x)), before, 0, name);
    }
  });

  test('old state dicts of weightNorm load into the parametrization', () => {
    const old = utils.weightNorm(linear());
    const now = utils.parametrizations.weightNorm(linear());
    now.loadStateDict(old.stateDict());
    expectClose(flat(now.forward(x2)), flat(old.forward(x2)), 1e-12, 'outputs');
  });
});

describe('parametrizations', () => {
  class Symmetric extends nn.Module {
    override forward(x: torch.Tensor): torch.Tensor {
      return x.triu().add(x.triu(1).T);
    }
    rightInverse(x: torch.Tensor): torch.Tensor {
      return x.triu();
    }
  }
  class Double extends nn.Module {
    override forward(x: torch.Tensor): torch.Tensor {
      return x.mul(2);
    }
  }
  const { registerParametrization, removeParametrizations, isParametrized, cached, typeBeforeParametrizations } =
    utils.parametrize;

  test('compute, assign, print, train and go away', () => {
    const layer = new nn.Linear(3, 3, { dtype });
    const weight = layer.weight;
    registerParametrization(layer, 'weight', new Symmetric());
    assert.ok(isParametrized(layer) && isParametrized(layer, 'weight') && !isParametrized(layer, 'bias'));
    assert.ok(torch.equal(layer.weight, layer.weight.T));
    assert.notEqual(layer.weight, layer.weight);
    cached(() => assert.equal(layer.weight, layer.weight));
    assert.equal(layer.getParameter('parametrizations.weight.original'), weight);
    assert.deepEqual(
      layer.namedParameters().map(([name]) => name),
      ['bias', 'parametrizations.weight.original'],
    );
    assert.equal(
      String(layer),
      'ParametrizedLinear(\n  in_features=3, out_features=3, bias=True\n  (parametrizations): ModuleDict(\n    (weight): ParametrizationList(\n      (0): Symmetric()\n    )\n  )\n)',
    );
    assert.ok(layer instanceof nn.Linear);
    assert.equal(typeBeforeParametrizations(layer), nn.Linear);
    Reflect.set(layer, 'weight', torch.eye(3, { dtype }));
    assert.ok(torch.equal(weight.detach(), torch.eye(3, { dtype })));
    layer.forward(x2).sum().backward();
    assert.ok(weight.grad !== null && Number(weight.grad.tril(-1).abs().sum().item()) === 0);
    registerParametrization(layer, 'weight', new Double());
    assert.ok(torch.equal(layer.weight.detach(), torch.eye(3, { dtype }).mul(2)));
    assert.throws(
      () => Reflect.set(layer, 'weight', torch.eye(3, { dtype })),
      /Double does not implement rightInverse/,
    );
    removeParametrizations(layer, 'weight');
    assert.equal(layer.weight, weight);
    assert.equal(layer.constructor, nn.Linear);
    assert.ok(torch.equal(weight.detach(), torch.eye(3, { dtype }).mul(2)));
  });

  test('refuse what changes shape or dtype, and what is not there', () => {
    class Wide extends nn.Module {
      override forward(x: torch.Tensor): torch.Tensor {
        return torch.cat([x, x]);
      }
    }
    const layer = linear();
    assert.throws(() => registerParametrization(layer, 'weight', new Wide()), /may not change the shape/);
    assert.ok(layer.weight instanceof nn.Parameter);
    registerParametrization(layer, 'weight', new Wide(), { unsafe: true });
    assert.deepEqual([...layer.weight.sizes], [8, 3]);
    removeParametrizations(layer, 'weight', false);
    assert.deepEqual([...layer.weight.sizes], [4, 3]);
    assert.throws(() => removeParametrizations(layer, 'weight'), /does not have a parametrization on weight/);
    assert.throws(() => registerParametrization(layer, 'nothing', new Wide()), /no parameter or buffer/);
    const split = utils.parametrizations.weightNorm(layer);
    assert.throws(() => removeParametrizations(split, 'weight', false), /sequence of tensors/);
    removeParametrizations(split, 'weight');
    assert.ok(split.weight instanceof nn.Parameter);
  });
});

test('layers fused with batch normalization', () => {
  const wanted = stored.fuse as Record<'conv' | 'convt' | 'linear', Data> & { bn: Record<string, Data> };
  torch.manualSeed(8);
  const layers = [
    new nn.Conv2d(3, 2, 2, { stride: 2, padding: 1, dtype }),
    new nn.ConvTranspose2d(3, 2, 2, { bias: false, dtype }),
    new nn.Linear(3, 2, { dtype }),
  ] as const;
  const state = Object.fromEntries(Object.entries(wanted.bn).map(([k, v]) => [k, tensor(v)]));
  const bn = new nn.BatchNorm2d(2, { dtype }).eval();
  const bn1 = new nn.BatchNorm1d(2, { dtype }).eval();
  for (const m of [bn, bn1]) m.loadStateDict(state, { strict: false });
  for (const m of layers) m.eval();
  expectData(utils.fuseConvBnEval(layers[0], bn).forward(x4), wanted.conv, 'conv');
  expectData(utils.fuseConvBnEval(layers[1], bn, true).forward(x4), wanted.convt, 'transposed');
  expectData(utils.fuseLinearBnEval(layers[2], bn1).forward(x2), wanted.linear, 'linear');
  assert.throws(() => utils.fuseConvBnEval(layers[0], bn.train()), /only for eval/);
});

test('clipping by norms of every order', () => {
  const grads = (stored.grads as Data[]).map(tensor);
  for (const order of [0.5, 1, 2, 3, Number.POSITIVE_INFINITY]) {
    const key = `clip${order === Number.POSITIVE_INFINITY ? 'inf' : order.toFixed(1)}`.replace('.', '_');
    const [total, ...after] = stored[key] as [Data, ...Data[]];
    const params = grads.map((g) => {
      const p = torch.zerosLike(g);
      p.grad = g.clone();
      return p;
    });
    expectData(
      utils.getTotalNorm(
        params.map((p) => p.grad!),
        order,
      ),
      total,
      `norm of order ${order}`,
    );
    expectData(utils.clipGradNorm_(params, 0.7, order), total, `clipped by order ${order}`);
    params.forEach((p, i) => expectData(p.grad!, after[i]!, `gradient ${i} by order ${order}`));
  }
  const p = torch.zeros(2);
  p.grad = torch.tensor([Number.POSITIVE_INFINITY, 1]);
  assert.throws(() => utils.clipGradNorm_([p], 1, { errorIfNonfinite: true }), {
    name: 'RangeError',
    message: /clipGradNorm_: The total norm of order 2/,
  });
  assert.throws(() => utils.getTotalNorm([p.grad!], 2, true), /getTotalNorm: The total norm/);
  p.grad = torch.tensor([3.5, -3.5]);
  utils.clipGradsWithNorm_([p], 1, 2, { foreach: true });
  expectClose(flat(p.grad), [1.75, -1.75], 1e-5, 'clipGradsWithNorm_');
  utils.clipGradValue_(p, 1, { foreach: false });
  assert.deepEqual(p.grad.tolist(), [1, -1]);
});

test('nn.init draws as PyTorch does', () => {
  torch.manualSeed(9);
  expectData(nn.init.orthogonal_(torch.empty([5, 3], { dtype })), init.tall!, 'tall');
  expectData(nn.init.orthogonal_(torch.empty([2, 2, 3], { dtype }), { gain: 2 }), init.wide!, 'wide');
  expectData(nn.init.orthogonal_(torch.empty([20, 20])), init.square!, 'square', 1e-5);
  expectData(nn.init.sparse_(torch.empty([6, 3], { dtype }), 0.4, 2), init.sparse!, 'sparse');
  expectData(nn.init.truncNormal_(torch.empty([20]), 0, 1, -0.5, 0.5), init.trunc!, 'truncNormal_', 1e-6);
});

test('skipInit draws nothing', () => {
  torch.manualSeed(0);
  const before = torch.rand(1).item();
  torch.manualSeed(0);
  const layer = utils.skipInit(nn.Conv2d, 1, 2, 3, { padding: 1 });
  assert.equal(String(layer), 'Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))');
  assert.equal(torch.rand(1).item(), before);
  new nn.Linear(1, 1);
  assert.notEqual(torch.rand(1).item(), before);
});

describe('Module', () => {
  const model = (): torch.nn.Sequential => new nn.Sequential(new nn.Linear(2, 3), new nn.BatchNorm1d(3));

  test('hooks around state dicts', () => {
    const m = model();
    const seen: string[] = [];
    const inner = m.get(0) as torch.nn.Linear;
    inner.registerStateDictPreHook((_, prefix) => void seen.push(`pre ${prefix}`));
    const handle = inner.registerStateDictPostHook((_, state, prefix) => {
      state[`${prefix}extra`] = torch.ones(1);
    });
    const state = m.stateDict({ prefix: 'm.' });
    assert.deepEqual(seen, ['pre m.0.']);
    assert.ok('m.0.extra' in state);
    const plain = m.stateDict();
    assert.throws(() => m.loadStateDict(plain), /Unexpected key.*0\.extra/);
    inner.registerLoadStateDictPreHook((module, given, prefix, _, strict) => {
      assert.ok(module === inner && strict && given !== plain);
      delete given[`${prefix}extra`];
    });
    assert.equal(String(m.loadStateDict(plain)), '<All keys matched successfully>');
    assert.ok('0.extra' in plain, 'the hook sees a copy');
    handle.remove();
    const partial = m.stateDict();
    delete partial['0.bias'];
    assert.throws(() => m.loadStateDict(partial), /Missing key.*0\.bias/);
    inner.registerLoadStateDictPostHook((_, keys) => {
      keys.missingKeys.length = 0;
    });
    m.loadStateDict(partial);
    assert.throws(() => inner.registerStateDictPostHook(3 as never), /registerStateDictPostHook: expected a function/);
  });

  test('registerFullBackwardPreHook sees and replaces the gradients of outputs', () => {
    const layer = new nn.Linear(2, 3);
    let seen: torch.Tensor | null = null;
    layer.registerFullBackwardPreHook((_, [g]) => {
      seen = g!.clone();
      return [g!.mul(2)];
    });
    layer.forward(torch.ones(4, 2)).sum().backward();
    assert.ok(torch.equal(seen!, torch.ones(4, 3)));
    assert.deepEqual(layer.bias!.grad!.tolist(), [8, 8, 8]);
  });

  test('hooks are put before others, and called where forward throws', () => {
    const layer = new nn.Linear(2, 3);
    const calls: string[] = [];
    layer.registerForwardHook(() => void calls.push('second'));
    layer.registerForwardHook(() => void calls.push('first'), { prepend: true });
    layer.registerForwardPreHook(() => void calls.push('before'));
    layer.registerForwardPreHook(() => void calls.push('earlier'), { prepend: true });
    layer.registerFullBackwardHook(() => void calls.push('backward'));
    layer.registerFullBackwardHook(() => void calls.push('backward first'), { prepend: true });
    layer.forward(torch.ones(1, 2)).sum().backward();
    assert.deepEqual(calls, ['earlier', 'before', 'first', 'second', 'backward first', 'backward']);
    const always = layer.registerForwardHook((_, __, out) => void calls.push(`always ${String(out)}`), {
      alwaysCall: true,
    });
    calls.length = 0;
    assert.throws(() => layer.forward(torch.ones(1, 5)), /linear/);
    assert.deepEqual(calls, ['earlier', 'before', 'always undefined']);
    always.remove();
    assert.throws(
      () => layer.registerForwardHook(() => undefined, { withKwargs: true } as never),
      /registerForwardHook: unknown option 'withKwargs'/,
    );
  });

  test('backward hooks see one gradient per argument, null where there is none', () => {
    class Scale extends nn.Module<[x: torch.Tensor, factor: number]> {
      override forward(x: torch.Tensor, factor: number): torch.Tensor {
        return x.mul(factor);
      }
    }
    const scale = new Scale();
    let shapes: unknown[] = [];
    scale.registerFullBackwardHook((_, grads) => {
      shapes = grads.map((g) => g && [...g.shape]);
      return [grads[0]!.mul(10), null];
    });
    const x = torch.ones(2, { requiresGrad: true });
    scale.forward(x, 3).sum().backward();
    assert.deepEqual(shapes, [[2], null]);
    assert.deepEqual(x.grad!.tolist(), [30, 30]);
    const layer = new nn.Linear(2, 3);
    layer.registerFullBackwardHook((_, grads) => void (shapes = [...grads]));
    layer.forward(torch.ones(4, 2)).sum().backward();
    assert.deepEqual(shapes, [null]);
  });

  test('type, toEmpty, shareMemory and setSubmodule', () => {
    const m = model();
    m.type('float64');
    assert.ok([...m.parameters(), ...m.buffers()].every((x) => x.dtype === 'float64'));
    const [first] = m.parameters();
    m.toEmpty({ device: 'cpu' });
    assert.equal(m.parameters()[0], first);
    assert.equal(m.shareMemory(), m);
    m.setSubmodule('0', new nn.Identity());
    assert.ok(m.get(0) instanceof nn.Identity);
    const nested = new nn.Sequential(model(), new nn.ReLU());
    nested.setSubmodule('0.1', new nn.Tanh());
    assert.ok(nested.getSubmodule('0.1') instanceof nn.Tanh);
    assert.throws(() => nested.setSubmodule('0.7', new nn.Tanh(), { strict: true }), /has no attribute/);
    assert.throws(() => nested.setSubmodule('5.1', new nn.Tanh()), /has no attribute/);
    class Net extends nn.Module {
      body = [new nn.Linear(1, 1), new nn.ReLU()] as torch.nn.Module[];
      override forward(x: torch.Tensor): torch.Tensor {
        return x;
      }
    }
    const net = new Net();
    net.setSubmodule('body.1', new nn.Tanh());
    assert.ok(net.body[1] instanceof nn.Tanh);
  });
});

describe('old names', () => {
  const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  test.each([
    ['uniform', [3, 3]],
    ['normal', [3, 0]],
    ['constant', [3]],
    ['xavierUniform', [0]],
    ['kaimingNormal', []],
    ['orthogonal', []],
    ['sparse', [0.5]],
  ] as const)('nn.init.%s warns once and does as its successor', (name, args) => {
    const run = (f: string): number[] => {
      torch.manualSeed(3);
      const g = Reflect.get(torch.nn.init, f) as (x: torch.Tensor, ...args: readonly number[]) => torch.Tensor;
      return flat(g(torch.empty([3, 3]), ...args));
    };
    warnings.mockClear();
    assert.deepEqual(run(name), run(`${name}_`));
    run(name);
    assert.deepEqual(warnings.mock.calls, [
      [`\`nn.init.${name}\` is now deprecated in favor of \`nn.init.${name}_\`.`, 'DeprecationWarning'],
    ]);
    const refused: unknown = Reflect.get(torch.nn.init, name);
    assert.throws(() => Reflect.apply(refused as (x: number) => void, null, [3]), {
      message: new RegExp(`^${name}: `),
    });
  });
  test('nn.utils.clipGradNorm', () => {
    warnings.mockClear();
    const p = torch.ones([2], { requiresGrad: true });
    p.mul(torch.tensor([3, 4]))
      .sum()
      .backward();
    assert.equal(torch.nn.utils.clipGradNorm([p], 1).item(), 5);
    assert.ok(Math.abs(p.grad!.norm().item() - 1) < 1e-5);
    assert.equal(warnings.mock.calls.length, 1);
  });
});

describe('transferParametrizationsAndParams', () => {
  const { registerParametrization, transferParametrizationsAndParams, isParametrized } = torch.nn.utils.parametrize;
  test('shares originals and parametrizations, and makes what is not there', () => {
    const from = new torch.nn.Linear(2, 3);
    registerParametrization(
      registerParametrization(from, 'weight', new torch.nn.Tanh()),
      'weight',
      new torch.nn.ReLU(),
    );
    registerParametrization(from, 'bias', new torch.nn.Tanh());
    const to = transferParametrizationsAndParams(from, new torch.nn.Linear(2, 3));
    assert.deepEqual(Object.keys(to.stateDict()), Object.keys(from.stateDict()));
    assert.ok(to.weight.equal(from.weight) && to.bias!.equal(from.bias!));
    assert.equal(
      to.getParameter('parametrizations.weight.original'),
      from.getParameter('parametrizations.weight.original'),
    );
    const bare = transferParametrizationsAndParams(from, new torch.nn.Identity(), 'weight');
    assert.deepEqual(Object.keys(bare.stateDict()), ['parametrizations.weight.original']);
  });
  test('of several originals', () => {
    const from = torch.nn.utils.parametrizations.weightNorm(new torch.nn.Linear(2, 3));
    const to = transferParametrizationsAndParams(from, new torch.nn.Linear(2, 3));
    assert.ok(to.weight.equal(from.weight));
    assert.deepEqual(Object.keys(to.stateDict()), Object.keys(from.stateDict()));
  });
  test('does nothing for plain modules, and refuses unknown names', () => {
    const plain = new torch.nn.Linear(2, 3);
    assert.ok(!isParametrized(transferParametrizationsAndParams(plain, new torch.nn.Linear(2, 3))));
    registerParametrization(plain, 'weight', new torch.nn.Tanh());
    assert.throws(() => transferParametrizationsAndParams(plain, new torch.nn.Linear(2, 3), 'bias'), {
      message: /^transferParametrizationsAndParams: Module ParametrizedLinear does not have a parametrization/,
    });
  });
});

test('weights of convolutions in another memory format compute and train the same', () => {
  for (const [Conv, dims, format, convert] of [
    [torch.nn.Conv2d, 2, 'channelsLast', torch.nn.utils.convertConv2dWeightMemoryFormat],
    [torch.nn.ConvTranspose3d, 3, 'channelsLast3d', torch.nn.utils.convertConv3dWeightMemoryFormat],
  ] as const) {
    const net = new torch.nn.Sequential(new Conv(3, 4, 2));
    const x = torch.randn([2, 3, ...new Array<number>(dims).fill(4)]);
    const before = net.forward(x).detach();
    const other = convert(net.deepcopy(), format);
    const weight = other.parameters()[0]!;
    assert.equal(weight.stride()[1], 1);
    assert.ok(torch.allclose(other.forward(x), before, { atol: 1e-5 }));
    for (const m of [net, other]) {
      m.forward(x).square().sum().backward();
      new torch.optim.Adam(m.parameters(), { lr: 0.1 }).step();
    }
    assert.ok(torch.allclose(other.forward(x), net.forward(x), { atol: 1e-3 }));
  }
  assert.throws(() => torch.nn.utils.convertConv2dWeightMemoryFormat(3 as never, 'channelsLast'), {
    message: /^convertConv2dWeightMemoryFormat: expected a Module/,
  });
});

test('to() takes a layout for images', () => {
  const net = new nn.Sequential(new nn.Conv2d(3, 8, 3), new nn.BatchNorm2d(8), new nn.ReLU());
  const x = torch.randn(2, 3, 6, 5);
  const wanted = net.forward(x);
  net.to({ memoryFormat: torch.channelsLast });
  const [weight, bias] = net.parameters();
  expect(weight!.stride()).toEqual([27, 1, 9, 3]);
  expect(bias!.isContiguous()).toBe(true);
  const rows = x.to({ memoryFormat: torch.channelsLast });
  expect(rows.isContiguous({ memoryFormat: torch.channelsLast })).toBe(true);
  expect(rows.isContiguous()).toBe(false);
  const y = net.forward(rows);
  expect(y.allclose(wanted, { rtol: 1e-4, atol: 1e-5 })).toBe(true);
  net.to('cpu', 'float64').to('cpu', { nonBlocking: true });
  expect(weight!.dtype).toBe('float64');
  expect(weight!.stride()).toEqual([27, 1, 9, 3]);
  expect(() => net.to({ memoryFormat: 'rows' as never })).toThrow(/expected memoryFormat/);
});
