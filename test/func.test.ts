// torch.func against PyTorch's answers (test/oracle/func.json, by scripts/oracle-func.py), and its refusals.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import * as torch from '../lib/index.ts';
import { expectRefusal } from './helpers.ts';

const { grad, gradAndValue, hessian, jacfwd, jacrev, jvp, linearize, vjp, vmap } = torch.func;
type Tensor = torch.Tensor;
type Params = { w: Tensor; b: Tensor };
const expected = JSON.parse(readFileSync(new URL('oracle/func.json', import.meta.url), 'utf8')) as Record<
  string,
  unknown
>;

const t = (data: torch.TensorData): Tensor => torch.tensor(data, { dtype: 'float64' });
const x = t([0.5, -1.25, 2]);
const y = t([1.5, 0.25, -0.75]);
const s = t(1.5);
const W = t([
  [0.5, 1, -1.5],
  [0.25, -0.5, 2],
]);
const B = t([
  [0.5, -1.25, 2],
  [1, 0.75, -0.5],
  [2.5, 0, 1.25],
  [-1, 0.5, 0.25],
]);
const params: Params = { w: W, b: t([0.5, -0.25]) };
const loss = (p: Params, a: Tensor): Tensor => p.w.matmul(a).add(p.b).tanh().square().sum();
const pair = (a: Tensor, b: Tensor): [Tensor, Tensor] => [a.sin().mul(b), a.mul(b).sum()];
const both = (a: Tensor): { sum: Tensor; cube: Tensor } => ({ sum: a.sum().square(), cube: a.pow(3) });
const scalar = (a: Tensor, b: Tensor): Tensor => a.exp().mul(b).sum().mul(a.mul(b).mul(b).sum());
const bent = (a: Tensor): Tensor => a.sin().mul(a.sum());
const gram = (w: Tensor): Tensor => w.matmul(w.t()).sin();

const cases: Record<string, () => unknown> = {
  grad: () => grad((a: Tensor) => a.sin().sum())(x),
  third: () => grad(grad(grad((a: Tensor) => a.pow(4))))(s),
  argnums: () => grad(scalar, [1, 0])(x, y),
  last: () => grad(scalar, { argnums: -1 })(x, y),
  dict: () => grad(loss)(params, x),
  'value and aux': () =>
    gradAndValue((a: Tensor) => [a.exp().sum(), { twice: a.mul(2) }] as const, { hasAux: true })(x),
  confusion: () => grad((a: Tensor) => a.mul(grad((b: Tensor) => a.mul(b).mul(b))(s)))(s),
  unused: () => grad((_: Tensor, b: Tensor) => b.sum(), [0, 1])(x, y),
  vjp: () => {
    const [out, f] = vjp(pair, x, y);
    return [out, f([x, s]), f([y, s.mul(2)])];
  },
  'vjp of vjp': () => grad((a: Tensor) => vjp((b: Tensor) => b.pow(3), a)[1](y)[0].sum())(x),
  jvp: () => jvp(pair, [x, y], [y, x]),
  'jvp with aux': () => jvp((a: Tensor) => [a.mul(a), a.cos()] as const, [x], [y], { hasAux: true }),
  hvp: () =>
    jvp(
      grad((a: Tensor) => a.pow(3).sum().mul(a.sum())),
      [x],
      [y],
    ),
  linearize: () => {
    const [out, f] = linearize(bent, x);
    return [out, f(y), f(x)];
  },
  jacrev: () => jacrev(pair, [0, 1])(x, y),
  jacfwd: () => jacfwd(pair, [0, 1])(x, y),
  'jacrev of a nest': () => jacrev(both)(x),
  'jacfwd of a nest': () => jacfwd(both)(x),
  'jacrev by a nest': () => jacrev((p: Params, a: Tensor) => p.w.matmul(a).add(p.b).tanh())(params, x),
  'jacfwd of a matrix': () => jacfwd(gram)(W),
  'jacrev of a matrix': () => jacrev(gram)(W),
  'jacrev of jacrev': () => jacrev(jacrev(bent))(x),
  'jacfwd of jacfwd': () => jacfwd(jacfwd(bent))(x),
  'jacrev of jacfwd': () => jacrev(jacfwd(bent))(x),
  hessian: () => hessian(scalar, [0, 1])(x, y),
  'hessian by a nest': () => hessian(loss)(params, x),
  vmap: () => vmap((a: Tensor, b: Tensor) => a.matmul(b), [0, null])(B, x),
  'vmap of other dims': () =>
    vmap((a: Tensor, b: Tensor) => [a.mul(b), a.add(b)], { inDims: [1, null], outDims: [1, 0] })(W, params.b),
  'vmap of vmap': () => vmap((a: Tensor) => vmap((b: Tensor) => a.mul(b))(y))(x),
  'vmap of a nest': () => vmap((p: Params, a: Tensor) => p.w.mul(a), [{ w: 1, b: null }, 0])(params, x),
  'per-sample gradients': () => vmap(grad(loss), [null, 0])(params, B),
  'vmap of jacrev': () => vmap(jacrev(bent))(B),
  'jacrev of vmap': () => jacrev(vmap((a: Tensor) => a.sin().sum()))(B),
  'grad of vmap': () => grad((w: Tensor) => vmap((a: Tensor) => w.matmul(a).sin().sum())(B).sum())(W),
  'vmap of hessian': () => vmap(hessian((a: Tensor) => a.prod()))(B),
  ensemble: () => {
    const models = [1, 2, 3].map((k) => {
      const layer = new torch.nn.Linear(3, 2).double();
      layer.loadStateDict({ weight: W.mul(k), bias: params.b.mul(k) });
      return layer;
    });
    const [p, b] = torch.func.stackModuleState(models);
    assert.ok(p.weight!.isLeaf && p.weight!.requiresGrad);
    const run = (p: Record<string, Tensor>, b: Record<string, Tensor>, a: Tensor): Tensor =>
      torch.func.functionalCall(models[0]!, [p, b], a);
    return vmap(run, [0, 0, null])(p, b, B);
  },
};

/** Nested numbers, as the stored ones. */
function plain(value: unknown): unknown {
  if (value instanceof torch.Tensor) return value.tolist();
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value as object).map(([key, v]) => [key, plain(v)]));
}
function near(where: string, a: unknown, b: unknown): void {
  if (typeof b === 'number') {
    assert.ok(
      typeof a === 'number' && Math.abs(a - b) <= 1e-12 * (1 + Math.abs(b)),
      `${where}: ${String(a)}, not ${b}`,
    );
    return;
  }
  assert.deepEqual(Object.keys(a as object), Object.keys(b as object), where);
  for (const [key, part] of Object.entries(b as object)) near(`${where}.${key}`, Reflect.get(a as object, key), part);
}
const tensorsIn = (value: unknown): Tensor[] =>
  value instanceof torch.Tensor ? [value] : Object.values(value as object).flatMap(tensorsIn);

describe('values', () => {
  test('every stored case is run', () => assert.deepEqual(Object.keys(cases), Object.keys(expected)));
  test.each(Object.keys(cases))('%s', (name) => {
    const found = cases[name]!();
    near(name, plain(found), expected[name]);
    if (name !== 'ensemble') for (const y of tensorsIn(found)) assert.ok(!y.requiresGrad, `${name}: has a history`);
    near(`${name} without recording`, plain(torch.noGrad(cases[name]!)), expected[name]);
    near(`${name} in inference mode`, plain(torch.inferenceMode(cases[name]!)), expected[name]);
  });
});

describe('what results depend on', () => {
  const w = t(3).requiresGrad_();
  test('tensors outside, and arguments that require gradients', () => {
    const slope = grad((a: Tensor) => a.mul(a).mul(w))(s);
    slope.backward();
    assert.equal(w.grad!.item(), 3); // d(2·a·w)/dw
    w.grad = null;
    const again = grad((a: Tensor) => a.pow(3))(w);
    assert.equal(torch.autograd.grad(again, w)[0]!.item(), 18);
    const [, pull] = vjp((a: Tensor) => a.mul(w), s);
    assert.equal(torch.autograd.grad(pull(t(2))[0], w)[0]!.item(), 2);
    const [, tangent] = jvp((a: Tensor) => a.mul(w), [s], [t(2)]);
    assert.equal(torch.autograd.grad(tangent, w)[0]!.item(), 2);
    assert.equal(torch.autograd.grad(jacrev((a: Tensor) => a.mul(w))(x).sum(), w)[0]!.item(), 3);
    assert.equal(torch.autograd.grad(vmap((a: Tensor) => a.mul(w))(x).sum(), w)[0]!.item(), 1.25);
    const [, along] = jvp((a: Tensor) => a.mul(2), [s], [w]);
    assert.equal(torch.autograd.grad(along, w)[0]!.item(), 2);
    assert.ok(!torch.noGrad(() => grad((a: Tensor) => a.mul(w))(s)).requiresGrad);
    assert.equal(w.grad, null);
  });
  test('a vjp that is differentiated by its cotangents', () => {
    const [, pull] = vjp((a: Tensor) => a.square(), x);
    near('jacrev of vjp', plain(jacrev((v: Tensor) => pull(v)[0])(y)), [
      [1, 0, 0],
      [0, -2.5, 0],
      [0, 0, 4],
    ]);
  });
  test('noGrad inside counts, noGrad outside does not', () => {
    const f = (a: Tensor): Tensor => a.sub(torch.noGrad(() => a.square())).sum();
    near('inside', plain(grad(f)(x)), [1, 1, 1]);
    near('outside', plain(torch.noGrad(() => grad((a: Tensor) => a.square().sum())(x))), [1, -2.5, 4]);
  });
  test('infinite inputs that are not used have zeros as gradients', () => {
    const found = grad((_: Tensor, b: Tensor) => b.sum(), [0, 1])(t([Infinity, NaN]), x);
    assert.deepEqual(found[0].tolist(), [0, 0]);
    const [, ones] = torch.autograd.functional.vjp((a: Tensor) => a.mul(2), t([Infinity]));
    assert.deepEqual(ones.tolist(), [2]);
  });
});

describe('vmap', () => {
  test('randomness', () => {
    const f = (a: Tensor): Tensor => a.add(torch.rand([]));
    const zeros = torch.zeros([4]);
    expectRefusal(() => vmap(f)(zeros), 'rand', /randomness error mode/);
    expectRefusal(
      () => vmap((a: Tensor) => torch.F.dropout(a))(torch.ones([2, 2])),
      'dropout',
      /randomness error mode/,
    );
    expectRefusal(() => jacfwd(f)(zeros), 'rand', /randomness error mode/);
    const same = vmap(f, { randomness: 'same' })(zeros).tolist() as number[];
    assert.equal(new Set(same).size, 1);
    const different = vmap(f, 0, 0, 'different')(zeros).tolist() as number[];
    assert.equal(new Set(different).size, 4);
    torch.manualSeed(0);
    const [one, two] = [torch.rand([]).item(), torch.rand([]).item()];
    torch.manualSeed(0);
    assert.equal(vmap(f, 0, 0, 'same')(zeros).tolist()[0 as never], one);
    assert.equal(torch.rand([]).item(), two, 'the stream goes on after one draw');
    const g = new torch.Generator().manualSeed(1);
    const own = vmap((a: Tensor) => a.add(torch.rand([], { generator: g })), 0, 0, 'same')(zeros).tolist() as number[];
    assert.equal(new Set(own).size, 1);
    assert.deepEqual(vmap((a: Tensor) => torch.F.dropout(a, 0.5, false))(zeros).tolist(), [0, 0, 0, 0]);
  });
  test('outputs that are the same for all', () => {
    const kept = t([1, 2]);
    const [a, b, c] = vmap((v: Tensor) => [v.mul(2), kept, 'name'] as const, 0, [0, null, null])(x);
    assert.deepEqual(a.tolist(), [1, -2.5, 4]);
    assert.equal(b, kept);
    assert.equal(c, 'name');
    assert.deepEqual(vmap((_: Tensor) => kept)(x).shape.slice(), [3, 2]);
    expectRefusal(() => vmap((v: Tensor) => v, 0, null)(x), 'vmap', /can not depend on the mapped dim/);
  });
  test('no slices at all', () => {
    const f = vmap((a: Tensor, b: Tensor) => a.matmul(b), [1, null], 1);
    assert.deepEqual(f(torch.ones([2, 0, 3]), torch.ones([3, 5])).shape.slice(), [2, 0, 5]);
    assert.deepEqual(vmap((a: Tensor) => a.gt(0))(torch.ones([0, 2])).dtype, 'bool');
  });
  test('refusals', () => {
    const f = (a: Tensor, b: Tensor): Tensor => a.add(b);
    expectRefusal(() => vmap(3 as never), 'vmap', /expected a function/);
    expectRefusal(() => vmap(f)(x, t([1])), 'vmap', /same size in the mapped dimension, got sizes 3 and 1/);
    expectRefusal(() => vmap(f, [0])(x, y), 'vmap', /not compatible with the structure of inputs/);
    expectRefusal(() => vmap(f, [0, 1])(x, y), 'vmap', /inDim=1 for an input of dimensionality 1/);
    expectRefusal(() => vmap(f, [null, null])(x, y), 'vmap', /at least one Tensor/);
    expectRefusal(() => vmap(f, [0, 0.5])(x, y), 'vmap', /must be a whole number or null/);
    expectRefusal(() => vmap(f)(x, 3 as never), 'vmap', /cannot vmap over non-Tensor/);
    expectRefusal(() => vmap(f, null as never), 'vmap', /expected inDims/);
    expectRefusal(() => vmap(f, 0, 'a' as never), 'vmap', /outDims must be/);
    expectRefusal(() => vmap(f, 0, [0, 0])(x, y), 'vmap', /outDims is not compatible/);
    expectRefusal(() => vmap(f, 0, 3)(x, y), 'vmap', /out of range/);
    expectRefusal(() => vmap(() => 3)(), 'vmap', /no inputs/);
    expectRefusal(() => vmap((_: Tensor) => 3)(x), 'vmap', /must only return Tensors/);
    expectRefusal(() => vmap(f, { randomness: 'no' as never }), 'vmap', /only allowed values/);
    expectRefusal(() => vmap(f, { chunkSize: 0 }), 'vmap', /chunkSize/);
    expectRefusal(() => vmap(f, { dims: 0 } as never), 'vmap', /unknown option/);
  });
});

describe('refusals', () => {
  test('grad and gradAndValue', () => {
    const f = (a: Tensor): Tensor => a.sum();
    expectRefusal(() => grad(3 as never), 'grad', /expected a function/);
    expectRefusal(() => grad(f, 1)(x), 'grad', /argnum=1, but only 1 positional inputs/);
    expectRefusal(() => grad(f, [])(x), 'grad', /must not be empty/);
    expectRefusal(() => grad(f, [0, -1])(x), 'grad', /must be unique/);
    expectRefusal(() => grad(f, 'a' as never)(x), 'grad', /whole numbers/);
    expectRefusal(() => grad(f)(3 as never), 'grad', /expected Tensors to differentiate by/);
    expectRefusal(() => grad(f)(torch.tensor([1, 2])), 'grad', /floating point dtype, not int64/);
    expectRefusal(() => grad((a: Tensor) => a)(x), 'grad', /scalar Tensor, got one of shape \[3\]. Maybe you wanted/);
    expectRefusal(() => grad((_: Tensor) => 3 as never)(x), 'grad', /to return a Tensor, got 3/);
    expectRefusal(() => gradAndValue(f as never, { hasAux: true })(x as never), 'gradAndValue', /\[output, aux\]/);
    expectRefusal(() => grad(f, { argnum: 1 } as never), 'grad', /unknown option 'argnum'/);
  });
  test('vjp and jvp', () => {
    const [, pull] = vjp(pair, x, y);
    expectRefusal(() => pull(x as never), 'vjp', /expected cotangents nested as \[\*, \*\], got \*/);
    expectRefusal(() => pull([s, s]), 'vjp', /cotangent 0 has shape \[\], expected \[3\]/);
    expectRefusal(() => vjp((a: Tensor) => a.gt(0), x), 'vjp', /floating point dtype, got a Tensor with dtype bool/);
    expectRefusal(() => vjp((_: Tensor) => null, x), 'vjp', /non-empty output/);
    expectRefusal(() => vjp((_: Tensor) => 'a', x), 'vjp', /only Tensors/);
    expectRefusal(() => jvp(pair, [x, y], [x] as never), 'jvp', /expected tangents nested as/);
    expectRefusal(() => jvp(pair, [x, y], [x, s]), 'jvp', /tangent 1 has shape \[\], expected \[3\]/);
    expectRefusal(() => jvp((a: Tensor) => a, [x], [x.float()]), 'jvp', /dtype float32, expected float64/);
    expectRefusal(() => jvp((a: Tensor) => a, x as never, [x]), 'jvp', /expected a list of primals/);
    expectRefusal(() => jvp((_: Tensor) => y, [x], [x], { strict: true }), 'jvp', /independent of the inputs/);
    near('independent', plain(jvp((_: Tensor) => y, [x], [x])[1]), [0, 0, 0]);
  });
  test('jacrev, jacfwd and modules', () => {
    expectRefusal(() => jacrev((a: Tensor) => a, { chunkSize: -1 }), 'jacrev', /chunkSize/);
    expectRefusal(() => jacrev((_: Tensor) => 3 as never)(x), 'jacrev', /only Tensors/);
    expectRefusal(() => jacfwd((a: Tensor) => a, 2)(x), 'jacfwd', /argnum=2/);
    expectRefusal(() => hessian(3 as never), 'hessian', /expected a function/);
    const { stackModuleState, replaceAllBatchNormModules_ } = torch.func;
    const make = (bias: boolean): torch.nn.Linear => new torch.nn.Linear(1, 1, { bias });
    expectRefusal(() => stackModuleState([]), 'stackModuleState', /at least one model/);
    expectRefusal(() => stackModuleState([make(true), new torch.nn.ReLU()]), 'stackModuleState', /same class/);
    expectRefusal(() => stackModuleState([make(true), make(true).eval()]), 'stackModuleState', /eval mode/);
    expectRefusal(() => stackModuleState([make(true), new torch.nn.Linear(2, 1)]), 'stackModuleState', /same shape/);
    expectRefusal(() => stackModuleState([make(true), make(false)]), 'stackModuleState', /not every model has bias/);
    expectRefusal(() => replaceAllBatchNormModules_(3 as never), 'replaceAllBatchNormModules_');
    const norm = replaceAllBatchNormModules_(new torch.nn.BatchNorm1d(3)).eval();
    near(
      'own statistics',
      plain(
        norm
          .forward(
            torch.tensor([
              [1.5, 2, 3],
              [2.5, 4, 3],
            ]),
          )
          .round(),
      ),
      [
        [-1, -1, 0],
        [1, 1, 0],
      ],
    );
  });
});
