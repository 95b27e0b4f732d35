// Small calls, most of which once answered otherwise than PyTorch: found by OpInfo's samples and by lines written to probe
// the same in both. Each prints as PyTorch's does, or is refused as there; scripts/oracle-pytorch.py writes the answers.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import * as torch from '../lib/index.ts';
import { expectRefusal } from './helpers.ts';

const { F } = torch;
const { functional } = torch.autograd;
const t = torch.tensor;
const f = (data: Parameters<typeof t>[0]): torch.Tensor => t(data, { dtype: 'float32' });
const v = f([1, 2]);
/** As Python prints: lists are tuples. */
const show = (x: unknown): string =>
  Array.isArray(x) ? `(${x.map(show).join(', ')}${x.length === 1 ? ',' : ''})` : String(x);
const answers = JSON.parse(readFileSync(new URL('./oracle/pytorch.json', import.meta.url), 'utf8')) as Record<
  string,
  string
>;

const misspelt: object = { dims: 1 };

/** The calls by their lines in Python; a refusal says whose name the message begins with. */
const calls: Record<string, (() => unknown) | [name: string, call: () => unknown]> = {
  // promotion
  'torch.rsub(t([1, 2], dtype=torch.uint8), t([1, 3], dtype=torch.int8))': () =>
    torch.rsub(t([1, 2], { dtype: 'uint8' }), t([1, 3], { dtype: 'int8' })),
  'torch.rsub(t([1, 2]), t([1.5, 3.5]), alpha=2)': () => torch.rsub(t([1, 2]), t([1.5, 3.5]), { alpha: 2 }),
  'torch.rsub(t([1, 2]), True)': ['rsub', () => torch.rsub(t([1, 2]), true)],
  'torch.rsub(t([1, 2]), t([True]))': ['rsub', () => torch.rsub(t([1, 2]), t([true]))],
  't([1, 2]) - t([True])': ['sub', () => t([1, 2]).sub(t([true]))],
  't([True]) - 1': ['sub', () => t([true]).sub(1)],
  't([1.5]) - True': ['sub', () => t([1.5]).sub(true)],
  'True - t([1])': ['sub', () => torch.sub(true, t([1]))],
  't([1.5]).sub_(t([True]))': ['sub_', () => t([1.5]).sub_(t([true]))],
  't([1.5]).float_power_(2)': ['floatPower_', () => t([1.5]).floatPower_(2)],
  't([1.5], dtype=torch.float64).float_power_(2)': () => t([1.5], { dtype: 'float64' }).floatPower_(2),
  't(5, dtype=torch.int32).sum_to_size([])': () => t(5, { dtype: 'int32' }).sumToSize([]),
  't(True).sum_to_size(())': () => t(true).sumToSize([]),
  'torch.addr(t([[True, False]]), t([True]), t([False, True]), beta=3, alpha=2)': () =>
    torch.addr(t([[true, false]]), t([true]), t([false, true]), { beta: 3, alpha: 2 }),
  'torch.addr(t([[True, False]]), t([True]), t([False, True]), beta=1, alpha=0)': () =>
    torch.addr(t([[true, false]]), t([true]), t([false, true]), { alpha: 0 }),

  'torch.tensordot(t([[2]], dtype=torch.int32), t([[1, 2], [3, 4]], dtype=torch.int32), dims=[[0], [1]])': () =>
    torch.tensordot(
      t([[2]], { dtype: 'int32' }),
      t(
        [
          [1, 2],
          [3, 4],
        ],
        { dtype: 'int32' },
      ),
      [[0], [1]],
    ),

  // arguments
  'torch.gather(t([1.5, 2.5]), 0, torch.empty(0, dtype=torch.uint8))': () =>
    torch.gather(t([1.5, 2.5]), 0, torch.empty(0, { dtype: 'uint8' })),
  'torch.gradient(t([1.5, 2.5, 4.0]), spacing=None)[0]': () => torch.gradient(t([1.5, 2.5, 4]), { spacing: null })[0],
  'F.multi_margin_loss(t(1.5), t(0))': () => F.multiMarginLoss(t(1.5), t(0)),
  "F.multi_margin_loss(t(1.5), t([0]), reduction='none')": () =>
    F.multiMarginLoss(t(1.5), t([0]), { reduction: 'none' }),
  "F.multi_margin_loss(t([1.5, 2.0]), t([0]), reduction='none')": () =>
    F.multiMarginLoss(t([1.5, 2]), t([0]), { reduction: 'none' }),
  't([1, 2, 3]).put(t([1, 1]), t([5, 6]), accumulate=True)': () =>
    t([1, 2, 3]).put(t([1, 1]), t([5, 6]), { accumulate: true }),
  'torch.linalg.vander(t(2.0), N=3)': () => torch.linalg.vander(f(2), { N: 3 }),
  'torch.special.zeta(2, 3)': ['zeta', () => torch.special.zeta(2, 3)],
  'torch.cat([t([[1]]), t([[2]])], axis=1)': () => torch.cat([t([[1]]), t([[2]])], { axis: 1 }),
  'torch.cat([t([[1]]), t([[2]])], dims=1)': ['cat', () => torch.cat([t([[1]])], misspelt)],
  'torch.stack([t([1]), t([2])], axis=1)': () => torch.stack([t([1]), t([2])], { axis: 1 }),
  'torch.concat([t([[1]]), t([[2]])], axis=1)': () => torch.concat([t([[1]]), t([[2]])], { axis: 1 }),

  // far below zero
  'torch.polygamma(4, t([-30.2, -100.3, -5000.25, -1e5 - 0.25, -1e6 - 0.25, -1e6], dtype=torch.float64))': () =>
    torch.polygamma(4, t([-30.2, -100.3, -5000.25, -1e5 - 0.25, -1e6 - 0.25, -1e6], { dtype: 'float64' })),

  // derivatives
  'm = t([1.5], requires_grad=True); s = t([2.5], requires_grad=True); torch.normal(m, s).sum().backward(); (m.grad, s.grad)':
    () => {
      const [m, s] = [t([1.5], { requiresGrad: true }), t([2.5], { requiresGrad: true })];
      torch.normal(m, s).sum().backward();
      return [m.grad, s.grad];
    },
  'x = t([2.0, 2.0, 1.0], requires_grad=True); x.median().backward(); x.grad': () => {
    const x = t([2, 2, 1], { requiresGrad: true });
    x.median().backward();
    return x.grad;
  },
  'x = t([1.0, 2.0], requires_grad=True); torch.autograd.grad(x * x, x, grad_outputs=torch.eye(2), is_grads_batched=True)':
    () => {
      const x = t([1, 2], { requiresGrad: true });
      return torch.autograd.grad(x.mul(x), x, { gradOutputs: torch.eye(2), isGradsBatched: true });
    },

  'x = t([0.0, 1.5], requires_grad=True); g, = torch.autograd.grad(torch.special.i1(x).sum(), x, create_graph=True); (g, *torch.autograd.grad(g.sum(), x))':
    () => {
      const x = t([0, 1.5], { requiresGrad: true });
      const [g] = torch.autograd.grad(torch.special.i1(x).sum(), x, { createGraph: true });
      return [g, ...torch.autograd.grad(g!.sum(), x)];
    },
  'x = t([1.5], requires_grad=True); torch.gather(x, 0, torch.empty(0, dtype=torch.uint8)).sum().backward(); x.grad':
    () => {
      const x = t([1.5], { requiresGrad: true });
      torch
        .gather(x, 0, torch.empty(0, { dtype: 'uint8' }))
        .sum()
        .backward();
      return x.grad;
    },

  // subscripts
  'x = torch.zeros(3); x.index_put_((t([0, 0]),), t(1.0), True); x': () =>
    torch.zeros(3).indexPut_([t([0, 0])], f(1), true),
  'x = torch.zeros(3).expand(2, 3); x[0] = 1; x': () => torch.zeros(3).expand(2, 3).indexPut_([0], 1),
  'x = torch.zeros(3).expand(2, 3); x[t([0])] = 1': [
    'indexPut_',
    () =>
      torch
        .zeros(3)
        .expand(2, 3)
        .indexPut_([t([0])], 1),
  ],

  // layouts of results: these are contiguous whatever the input, so that they can be viewed
  'x = torch.ones(3, 2).T; i = torch.zeros(2, 3, dtype=torch.long).T.contiguous().T; [y.is_contiguous() for y in (x.softmax(1), x.log_softmax(0), x.masked_fill(x > 1, 0), x.scatter(0, i, 1.0), x.scatter_add(0, i, x), x.index_add(0, t([0]), x[:1]), x.index_copy(1, t([0]), x[:, :1]), x.roll(0, 0), x[0].ravel(), torch.addmm(x, torch.ones(2, 2), torch.ones(2, 3)))]':
    () => {
      const x = torch.ones(3, 2).T;
      const i = torch.zeros(2, 3, { dtype: 'int64' }).T.contiguous().T;
      const results = [
        ...[x.softmax(1), x.logSoftmax(0), x.maskedFill(x.gt(1), 0), x.scatter(0, i, 1), x.scatterAdd(0, i, x)],
        ...[x.indexAdd(0, t([0]), x.index('0:1')), x.indexCopy(1, t([0]), x.index(':', '0:1')), x.roll(0, 0)],
        ...[x.select(0, 0).ravel(), torch.addmm(x, torch.ones(2, 2), torch.ones(2, 3))],
      ];
      return `[${results.map((y) => (y.isContiguous() ? 'True' : 'False')).join(', ')}]`;
    },

  // names of nodes
  'x = torch.ones(2, 2, requires_grad=True); [type(y.grad_fn).__name__ for y in (x.sum(), x.sum(0), x.sum(dim=1, keepdim=True), x.sum(dtype=torch.float64), x.mean(), x.mean(-1), x.prod(), x.prod(0), x.max(), x.min(), x.amax(), x.max(0)[0], x.median(), x.median(0)[0], x.norm(), x.norm(2, 1), x.squeeze(), x.squeeze(0), x.squeeze((0, 1)), x.square(), x.pow(2), x.pow(x), x.remainder(2), x.remainder(x), x.fmod(x), x.copysign(2), x.div(x, rounding_mode="floor"), torch.rsub(x, x), torch.rsub(x, 1), x.clamp(0, 1), x.clamp(max=x), x.clamp_min(0), x.clamp_max(x), x.lerp(x, 0.5), x.lerp(x, x), x.log1p(), x.deg2rad(), x.sinc(), x.nan_to_num(), x.trace(), x.narrow(0, 0, 1), x.split(1)[0], x.split([1, 1])[0], x.chunk(2)[0], x.repeat(2, 1), x.tile(2), x.rot90(), torch.stack([x, x]), torch.hstack([x, x]), x.mv(x[0]), x[0].dot(x[0]), x @ x, x @ x[0], x[0] @ x[0], torch.addmm(x, x, x), torch.addmv(x[0], x, x[0]), torch.addr(x, x[0], x[0]), torch.diag_embed(x), F.glu(x), F.group_norm(torch.ones(1, 2, 3, requires_grad=True), 1), torch.special.entr(x), torch.special.i0e(x))]':
    () => {
      const x = torch.ones(2, 2, { requiresGrad: true });
      const row = x.select(0, 0);
      const made: torch.Tensor[] = [
        ...[x.sum(), x.sum(0), x.sum({ dim: 1, keepdim: true }), x.sum({ dtype: 'float64' }), x.mean(), x.mean(-1)],
        ...[x.prod(), x.prod(0), x.max(), x.min(), x.amax(), x.max(0)[0], x.median(), x.median(0)[0]],
        ...[x.norm(), x.norm(2, 1), x.squeeze(), x.squeeze(0), x.squeeze([0, 1]), x.square(), x.pow(2), x.pow(x)],
        ...[x.remainder(2), x.remainder(x), x.fmod(x), x.copysign(2), x.div(x, { roundingMode: 'floor' })],
        ...[torch.rsub(x, x), torch.rsub(x, 1), x.clamp(0, 1), x.clamp({ max: x }), x.clampMin(0), x.clampMax(x)],
        ...[x.lerp(x, 0.5), x.lerp(x, x), x.log1p(), x.deg2rad(), x.sinc(), x.nanToNum(), x.trace()],
        ...[x.narrow(0, 0, 1), x.split(1)[0]!, x.split([1, 1])[0]!, x.chunk(2)[0]!, x.repeat(2, 1), x.tile(2)],
        ...[x.rot90(), torch.stack([x, x]), torch.hstack([x, x]), x.mv(row), row.dot(row), x.matmul(x)],
        ...[x.matmul(row), row.matmul(row), torch.addmm(x, x, x), torch.addmv(row, x, row), torch.addr(x, row, row)],
        ...[torch.diagEmbed(x), F.glu(x), F.groupNorm(torch.ones(1, 2, 3, { requiresGrad: true }), 1)],
        ...[torch.special.entr(x), torch.special.i0e(x)],
      ];
      return `[${made.map((y) => `'${y.gradFn?.name}'`).join(', ')}]`;
    },

  // the nuclear norm
  "t([[3.0, 4.0]]).norm('nuc')": () => f([[3, 4]]).norm('nuc'),
  "t([[3.0, 4.0]]).norm('nuc', dim=(0, 1), keepdim=True)": () =>
    f([[3, 4]]).norm('nuc', { dim: [0, 1], keepdim: true }),
  "torch.ones(2, 3, 2).norm('nuc', dim=(0, 2))": () => torch.ones(2, 3, 2).norm('nuc', { dim: [0, 2] }),
  "torch.ones(2, 3, 2).norm('nuc')": ['norm', () => torch.ones(2, 3, 2).norm('nuc')],

  // torch.autograd.functional
  'torch.autograd.functional.jacobian(lambda v: v * v, t([1.0, 2.0]))': () => functional.jacobian((x) => x.mul(x), v),
  'torch.autograd.functional.jacobian(lambda v: v.sum(), t([1.0, 2.0]))': () => functional.jacobian((x) => x.sum(), v),
  'torch.autograd.functional.jacobian(lambda a, b: a * b, (t([1.0, 2.0]), t(3.0)))': () =>
    functional.jacobian((a, b) => a!.mul(b!), [v, f(3)]),
  'torch.autograd.functional.jacobian(lambda a, b: (a.sum(), b * 2), (t([1.0, 2.0]), t(3.0)))': () =>
    functional.jacobian((a, b) => [a!.sum(), b!.mul(2)], [v, f(3)]),
  'torch.autograd.functional.jacobian(lambda a: a.exp(), torch.zeros(2, 3)).shape': () =>
    String(functional.jacobian((a) => a.exp(), torch.zeros(2, 3)).shape),
  'torch.autograd.functional.jacobian(lambda a: torch.ones(2), t([1.0, 2.0]))': () =>
    functional.jacobian(() => torch.ones(2), v),
  'torch.autograd.functional.jacobian(lambda a: torch.ones(2), t([1.0, 2.0]), strict=True)': [
    'jacobian',
    () => functional.jacobian(() => torch.ones(2), v, { strict: true }),
  ],
  'x = t([1.0, 2.0], requires_grad=True); torch.autograd.functional.jacobian(lambda v: v ** 3, x, create_graph=True).sum().backward(); x.grad':
    () => {
      const x = t([1, 2], { requiresGrad: true });
      functional
        .jacobian((y) => y.pow(3), x, { createGraph: true })
        .sum()
        .backward();
      return x.grad;
    },
  'torch.autograd.functional.hessian(lambda v: (v ** 3).sum(), t([1.0, 2.0]))': () =>
    functional.hessian((x) => x.pow(3).sum(), v),
  'torch.autograd.functional.hessian(lambda a, b: (a * b).sum() ** 2, (t([1.0, 2.0]), t(3.0)))': () =>
    functional.hessian((a, b) => a!.mul(b!).sum().pow(2), [v, f(3)]),
  'torch.autograd.functional.hessian(lambda v: v * v, t([1.0, 2.0]))': [
    'hessian',
    () => functional.hessian((x) => x.mul(x), v),
  ],
  'torch.autograd.functional.vjp(lambda a, b: (a * b, b.sum()), (t([1.0, 2.0]), t([3.0, 4.0])), (t([1.0, 1.0]), t(2.0)))':
    () => functional.vjp((a, b) => [a!.mul(b!), b!.sum()], [v, f([3, 4])], [f([1, 1]), f(2)]),
  'torch.autograd.functional.vjp(lambda v: v * v, t([1.0, 2.0]))': ['vjp', () => functional.vjp((x) => x.mul(x), v)],
  'torch.autograd.functional.jvp(lambda a, b: (a * b, b.sum()), (t([1.0, 2.0]), t([3.0, 4.0])), (t([1.0, 1.0]), t([2.0, 3.0])))':
    () => functional.jvp((a, b) => [a!.mul(b!), b!.sum()], [v, f([3, 4])], [f([1, 1]), f([2, 3])]),
  'torch.autograd.functional.hvp(lambda a, b: (a * b).sum() ** 2, (t([1.0, 2.0]), t(3.0)), (t([1.0, 1.0]), t(1.0)))':
    () => functional.hvp((a, b) => a!.mul(b!).sum().pow(2), [v, f(3)], [f([1, 1]), f(1)]),
  'torch.autograd.functional.vhp(lambda a, b: (a * b).sum() ** 2, (t([1.0, 2.0]), t(3.0)), (t([1.0, 1.0]), t(1.0)))':
    () => functional.vhp((a, b) => a!.mul(b!).sum().pow(2), [v, f(3)], [f([1, 1]), f(1)]),
};

describe('as PyTorch', () => {
  test('the lines are those that were answered', () =>
    assert.deepEqual(Object.keys(calls).sort(), Object.keys(answers).sort()));

  test.each(Object.entries(calls))('%s', (line, call) => {
    const wanted = answers[line]!;
    if (Array.isArray(call)) {
      assert.match(wanted, /^raises/);
      expectRefusal(call[1], call[0]);
    } else assert.equal(show(call()), wanted);
  });
});
