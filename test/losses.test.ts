// Losses as modules, ctcLoss with its gradients, the adaptive softmax and gumbelSoftmax, against PyTorch's stored answers
// (test/oracle/losses.json, by scripts/oracle-losses.py).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test, vi } from 'vitest';
import type { DTypeName } from '../lib/dtype.ts';
import * as torch from '../lib/index.ts';
import type { Reduction } from '../lib/ops/internal/reduction.ts';
import { expectClose, expectRefusal, flat } from './helpers.ts';

type T = torch.Tensor;

interface Data {
  v: (number | string)[];
  s: number[];
  d: DTypeName;
}
type Loss = torch.nn.Module<readonly unknown[]>;
interface Stored {
  modules: [string, Record<string, unknown>, unknown[], Data, (Data | null)[]][];
  ctc: [Data, [Data, Data, Data], Record<string, unknown>, Data, Data][];
  adaptive: Record<'x' | 'target' | 'output' | 'loss' | 'grad' | 'tail' | 'logProb' | 'predict', Data> & {
    state: Record<string, Data>;
  };
  huber: [Data, Data, Data, Data, Data];
  gumbel: [Data, Data, Data];
}
const stored = JSON.parse(readFileSync(new URL('./oracle/losses.json', import.meta.url), 'utf8')) as Stored;
const tensor = ({ v, s, d }: Data): torch.Tensor => torch.tensor(v.map(Number), { dtype: d }).reshape(s);
const isData = (x: unknown): x is Data => typeof x === 'object' && x !== null && 'v' in x && 's' in x;
const restored = (x: unknown): unknown => (isData(x) ? tensor(x) : x);
function expectData(got: torch.Tensor, wanted: Data, what: string, tolerance = 1e-10): void {
  assert.deepEqual([...got.sizes], wanted.s, what);
  expectClose(flat(got), wanted.v.map(Number), tolerance, what);
}

test.each(stored.modules.map((c) => [c[0], c] as const))('nn.%s', (name, [, options, inputs, value, grads]) => {
  const given = Object.fromEntries(Object.entries(options).map(([k, v]) => [k, restored(v)]));
  const Class = Reflect.get(torch.nn, name) as new (options: object) => Loss;
  const args = inputs.map(restored);
  const floats = args.filter((x): x is torch.Tensor => x instanceof torch.Tensor && x.dtype === 'float64');
  for (const x of floats) x.requiresGrad_();
  const y = new Class(given).forward(...args);
  expectData(y, value, name);
  const got = torch.autograd.grad(y.sum(), floats, { allowUnused: true });
  grads.forEach((g, i) => {
    if (g !== null) expectData(got[i]!, g, `gradient ${i} of ${name}`);
  });
});

describe('ctcLoss', () => {
  test.each(stored.ctc.map((c, i) => [i, c] as const))(
    'case %i, with its gradient',
    (i, [x, rest, options, value, grad]) => {
      const logits = tensor(x).requiresGrad_();
      const [targets, given, wanted] = rest.map(tensor) as [torch.Tensor, torch.Tensor, torch.Tensor];
      const y = torch.ctcLoss(logits, targets, given, wanted, options);
      expectData(y, value, `case ${i}`);
      const weights = torch.arange(1, y.numel() + 1, { dtype: 'float64' }).reshape(y.sizes);
      y.mul(weights).sum().backward();
      expectData(logits.grad!, grad, `gradient of case ${i}`);
      // in another layout, and in single precision
      const other = tensor(x).transpose(0, -1).contiguous().transpose(0, -1);
      expectData(
        torch.ctcLoss(other, targets, given.tolist() as number[], wanted, options),
        value,
        `layout of case ${i}`,
      );
      expectData(
        torch.ctcLoss(tensor(x).float(), targets, given, wanted, options),
        value,
        `float32 of case ${i}`,
        1e-5,
      );
    },
  );

  test('its backward cannot be differentiated, as in PyTorch', () => {
    const x = torch.randn([4, 1, 3]).requiresGrad_();
    const y = torch.ctcLoss(x.logSoftmax(-1), torch.tensor([[1, 2]]), [4], [2]);
    assert.throws(() => torch.autograd.grad(y, [x], { createGraph: true })[0]!.sum().backward(), {
      name: 'AutogradError',
      message: /the derivative of ctcLoss's backward is not implemented/,
    });
  });

  test('refuses half precision', () => {
    assert.throws(() => torch.ctcLoss(torch.ones(4, 1, 3).half(), torch.tensor([[1]]), [4], [1]), {
      name: 'DtypeError',
      message: 'ctcLoss: not implemented for float16',
    });
  });
});

test('the adaptive softmax', () => {
  const wanted = stored.adaptive;
  torch.manualSeed(3);
  const m = new torch.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10], {
    divValue: 2,
    headBias: true,
    dtype: 'float64',
  });
  const state = m.stateDict();
  assert.deepEqual(Object.keys(state), Object.keys(wanted.state));
  for (const [key, value] of Object.entries(wanted.state)) expectData(state[key]!, value, key);
  const x = tensor(wanted.x).requiresGrad_();
  const target = tensor(wanted.target);
  const { output, loss } = m.forward(x, target);
  expectData(output, wanted.output, 'output');
  expectData(loss, wanted.loss, 'loss');
  loss.backward();
  expectData(x.grad!, wanted.grad, 'gradient of x');
  expectData(m.getParameter('tail.1.1.weight').grad!, wanted.tail, 'gradient of a weight');
  expectData(m.logProb(x), wanted.logProb, 'logProb');
  expectData(m.predict(x), wanted.predict, 'predict');
  const one = m.forward(x.select(0, 2), target.select(0, 2));
  expectClose([Number(one.output.item())], [Number(wanted.output.v[2])], 1e-10, 'one row');
  assert.throws(() => m.forward(x, target.add(1)), {
    name: 'RangeError',
    message: /Target values should be in \[0, 19\], but values in range \[1, 20\] were found/,
  });
  assert.throws(() => new torch.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [10, 4]), /unique, positive integers sorted/);
});

test('huberLoss with weights', () => {
  const [x, target, weight, mean, sum] = stored.huber.map(tensor) as [
    torch.Tensor,
    torch.Tensor,
    torch.Tensor,
    torch.Tensor,
    torch.Tensor,
  ];
  expectClose(flat(torch.huberLoss(x, target, { weight })), flat(mean), 1e-12, 'mean');
  expectClose(flat(torch.huberLoss(x, target, 'sum', 1, weight)), flat(sum), 1e-12, 'sum');
  assert.throws(() => torch.huberLoss(x, target, { weight: torch.ones(1) }), /must have the same size/);
});

test('gumbelSoftmax draws as PyTorch does', () => {
  const [x, soft, hard] = stored.gumbel;
  torch.manualSeed(5);
  expectData(torch.F.gumbelSoftmax(tensor(x), 0.5), soft, 'soft', 1e-6);
  const logits = tensor(x).requiresGrad_();
  const y = torch.F.gumbelSoftmax(logits, { hard: true, dim: 0 });
  expectData(y, hard, 'hard', 1e-6);
  y.mul(tensor(soft)).sum().backward();
  assert.ok(Number(logits.grad!.abs().sum().item()) > 0);
});

describe('linearCrossEntropy in pieces', () => {
  const { LinearCrossEntropyOptions } = torch.nn;
  const piecewise = [{ batchChunkSize: 2 }, {}, { chunkingMethod: 'aspect_ratio' }, { chunkingMethod: null }];
  const cases = piecewise.flatMap((o) => (['mean', 'sum', 'none'] as const).map((r) => [o, r] as const));

  test.each(cases)('%j %s: the same loss and gradients', (given, reduction) => {
    torch.manualSeed(1);
    const draw = (...sizes: number[]): torch.Tensor => torch.randn(sizes, { dtype: 'float64' });
    const target = torch.tensor([0, 4, -100, 2, 1, 4, 3]);
    const inputs = [draw(7, 3), draw(5, 3), draw(5)];
    for (const weight of [null, draw(5).abs()]) {
      const run = (options: torch.nn.LinearCrossEntropyOptions | null): torch.Tensor[] => {
        const [x, w, linearBias] = inputs.map((t) => t.clone().requiresGrad_()) as [T, T, T];
        const y = torch.linearCrossEntropy(x, w, target, { linearBias, weight, reduction, options });
        y.mul(torch.arange(y.numel(), { dtype: 'float64' }).add(1).reshape(y.sizes))
          .sum()
          .backward();
        return [y, x.grad!, w.grad!, linearBias.grad!];
      };
      const wanted = run(null);
      run(new LinearCrossEntropyOptions(given)).forEach((got, i) => {
        assert.deepEqual([...got.sizes], [...wanted[i]!.sizes]);
        expectClose(flat(got), flat(wanted[i]!), 1e-12, `${i}`);
      });
    }
  });
  test('halves are summed in float32; one row alone; without gradients', () => {
    const options = new LinearCrossEntropyOptions({ batchChunkSize: 1 });
    const [x, w] = [
      torch.ones([3, 2]).bfloat16(),
      torch
        .tensor([
          [0.5, 0],
          [1, 0.5],
        ])
        .bfloat16(),
    ];
    const loss = torch.linearCrossEntropy(x, w, torch.tensor([1, 1, 0]), { options });
    assert.equal(loss.dtype, 'bfloat16');
    assert.ok(Math.abs(loss.item() - 0.6467) < 4e-3);
    const row = torch.linearCrossEntropy(x.select(0, 0), w, torch.tensor(1), { options, reduction: 'none' });
    assert.deepEqual([...row.sizes], []);
  });
  test('the module prints and takes them; second derivatives and wrong options are refused', () => {
    const options = new LinearCrossEntropyOptions({ batchChunkSize: 3, chunkingMethod: null, accDtype: 'float32' });
    const m = new torch.nn.LinearCrossEntropyLoss(3, 4, { options });
    assert.match(
      String(m),
      /options=LinearCrossEntropyOptions\(allow_retain_graph=False, batch_chunk_size=3, chunking_method=None, acc_policy='auto', acc_dtype=torch.float32\)/,
    );
    const x = torch.ones([2, 3], { requiresGrad: true });
    const loss = m.forward(x, torch.tensor([0, 1]));
    expectRefusal(
      () => torch.autograd.grad(loss, x, { createGraph: true }),
      'linearCrossEntropy',
      /no second derivatives/,
    );
    const both = new LinearCrossEntropyOptions({ batchChunkSize: 2, chunkingMethod: 'aspect_ratio' });
    const call = (o: unknown): unknown =>
      torch.linearCrossEntropy(torch.ones([2, 3]), torch.ones([4, 3]), torch.tensor([0, 1]), { options: o as never });
    expectRefusal(() => call(both), 'linearCrossEntropy', /give different chunk sizes \(2 vs 1\); pass only one/);
    expectRefusal(() => call({}), 'linearCrossEntropy', /expected LinearCrossEntropyOptions/);
    for (const [bad, message] of [
      [{ accPolicy: 'exact' }, /invalid acc_policy/],
      [{ chunkingMethod: 'aspect_ratio:0' }, /invalid chunking_method/],
      [{ batchChunkSize: 0 }, /must be positive int or None, got 0/],
      [{ accDtype: 'int64' }, /acc_dtype must be/],
    ] as const) {
      expectRefusal(() => new LinearCrossEntropyOptions(bad as never), 'LinearCrossEntropyOptions', message);
    }
  });
});

describe('sizeAverage and reduce, PyTorch’s old names', () => {
  const { F, nn } = torch;
  const warnings: string[] = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((text) => void warnings.push(String(text)));
  const [x, y] = [torch.tensor([[0.5, -1, 2]]), torch.tensor([[1, 0.25, 0.5]])];
  const c = torch.tensor([1]);
  const sign = torch.tensor([[1, -1, 1]]);
  type Old = { sizeAverage?: boolean | null; reduce?: boolean | null; reduction?: Reduction };
  const losses: Record<string, (o: Old) => torch.Tensor> = {
    mseLoss: (o) => F.mseLoss(x, y, o),
    l1Loss: (o) => F.l1Loss(x, y, o),
    smoothL1Loss: (o) => F.smoothL1Loss(x, y, o),
    binaryCrossEntropy: (o) => F.binaryCrossEntropy(x.sigmoid(), y, o),
    binaryCrossEntropyWithLogits: (o) => F.binaryCrossEntropyWithLogits(x, y, o),
    crossEntropy: (o) => F.crossEntropy(x, c, o),
    nllLoss: (o) => F.nllLoss(x, c, o),
    klDiv: (o) => F.klDiv(x, y, o),
    poissonNllLoss: (o) => F.poissonNllLoss(x, y, o),
    softMarginLoss: (o) => F.softMarginLoss(x, sign, o),
    hingeEmbeddingLoss: (o) => F.hingeEmbeddingLoss(x, sign, o),
    marginRankingLoss: (o) => F.marginRankingLoss(x, y, sign, o),
    cosineEmbeddingLoss: (o) => F.cosineEmbeddingLoss(x, y, c, o),
    tripletMarginLoss: (o) => F.tripletMarginLoss(x, y, sign, o),
    multiMarginLoss: (o) => F.multiMarginLoss(x, c, o),
    multilabelMarginLoss: (o) => F.multilabelMarginLoss(x, torch.tensor([[1, -1, 0]]), o),
    multilabelSoftMarginLoss: (o) => F.multilabelSoftMarginLoss(x, y, o),
    MSELoss: (o) => new nn.MSELoss(o).forward(x, y),
    SmoothL1Loss: (o) => new nn.SmoothL1Loss(o).forward(x, y),
    BCELoss: (o) => new nn.BCELoss(o).forward(x.sigmoid(), y),
    CrossEntropyLoss: (o) => new nn.CrossEntropyLoss(o).forward(x, c),
    KLDivLoss: (o) => new nn.KLDivLoss(o).forward(x, y),
    TripletMarginLoss: (o) => new nn.TripletMarginLoss(o).forward(x, y, sign),
    PoissonNLLLoss: (o) => new nn.PoissonNLLLoss(o).forward(x, y),
  };
  test.each(Object.entries(losses))('%s', (name, f) => {
    const same = (old: Old, reduction: Reduction): void => {
      warnings.length = 0;
      assert.deepEqual(f(old).tolist(), f({ reduction }).tolist(), JSON.stringify(old));
      if (old.reduction === undefined)
        assert.deepEqual(warnings, [
          `${name}: sizeAverage and reduce args will be deprecated, please use reduction='${reduction}' instead.`,
        ]);
    };
    same({ sizeAverage: true }, 'mean');
    same({ sizeAverage: false }, 'sum');
    same({ reduce: false }, 'none');
    same({ sizeAverage: false, reduce: false, reduction: 'mean' }, 'none');
    same({ sizeAverage: null, reduce: null, reduction: 'sum' }, 'sum');
    expectRefusal(() => f({ reduce: 'no' as never }), name, /expected a boolean for reduce/);
  });
  test('in PyTorch’s order, where they have a place', () => {
    const call = (g: (...args: never[]) => unknown, ...args: unknown[]): unknown =>
      (Reflect.apply(g, undefined, args) as torch.Tensor).tolist();
    assert.deepEqual(call(F.mseLoss, x, y, false), call(F.mseLoss, x, y, 'sum'));
    assert.deepEqual(call(F.mseLoss, x, y, null, null, 'none'), call(F.mseLoss, x, y, 'none'));
    assert.deepEqual(call(F.crossEntropy, x, c, null, null, 1, null, 'sum'), 0);
    assert.deepEqual(call(F.crossEntropy, x, c, null, 0, 'sum'), call(F.crossEntropy, x, c, { reduction: 'sum' }));
    assert.ok(Array.isArray(call(F.tripletMarginLoss, x, y, sign, 1, 2, 1e-6, false, true, false)));
  });
});
