// Recurrent layers, their cells and packed sequences: PyTorch's stored answers over the options (scripts/oracle-rnn.py),
// derivatives of both orders, layouts, and what is refused.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { DTypeName } from '../lib/dtype.ts';
import * as torch from '../lib/index.ts';
import { DEVICE } from './helpers.ts';

const { nn } = torch;
const { rnn } = nn.utils;

interface Answer {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}
interface Case {
  readonly kind: 'RNN' | 'LSTM' | 'GRU' | 'RNNCell' | 'LSTMCell' | 'GRUCell';
  readonly form: 'batched' | 'unbatched' | 'packed' | 'unsorted' | 'cell';
  readonly given: boolean;
  readonly seed: number;
  readonly dtype: DTypeName;
  readonly text: string;
  readonly options: Readonly<Record<string, never>>;
  readonly x: readonly number[];
  readonly h: readonly (readonly number[])[];
  readonly y: Answer;
  readonly states: readonly Answer[];
  readonly inputs: readonly (readonly number[])[];
  readonly parameters: Readonly<Record<string, readonly number[]>>;
}
const oracle = JSON.parse(readFileSync(new URL('oracle/rnn.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly Case[];
  readonly packing: Readonly<Record<string, string>>;
};

const numbers = (x: torch.Tensor): number[] => x.detach().contiguous().view(-1).tolist() as number[];
function close(what: string, actual: readonly number[], expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length, what);
  const scale = Math.max(1, ...expected.map(Math.abs));
  for (const [i, v] of expected.entries()) {
    const difference = Math.abs(actual[i]! - v);
    assert.ok(difference <= tolerance * scale, `${what}[${i}]: ${actual[i]} instead of ${v}`);
  }
}
function near(what: string, actual: torch.Tensor, { shape, values }: Answer, tolerance: number): void {
  assert.deepEqual([...actual.shape], shape, what);
  close(what, numbers(actual), values, tolerance);
}

type State = torch.Tensor | readonly [torch.Tensor, torch.Tensor] | null;
type Layer = torch.nn.Module<
  [x: torch.Tensor, state?: never],
  torch.Tensor | [torch.Tensor, torch.Tensor | [torch.Tensor, torch.Tensor]]
>;
/** What the three layers have in common. */
type Sequential = torch.nn.Module<[x: torch.Tensor], [torch.Tensor, unknown]>;
const layerOf = (kind: 'RNN' | 'LSTM' | 'GRU', input: number, hidden: number, options = {}): Sequential =>
  new nn[kind](input, hidden, options as never) as never;
const isLSTM = (kind: string): boolean => kind.startsWith('LSTM');

/** Makes the module and its inputs, with the CPU's numbers, and runs it. */
function run(c: Case): { module: Layer; inputs: torch.Tensor[]; y: torch.Tensor; states: torch.Tensor[] } {
  torch.manualSeed(c.seed);
  const module = (new nn[c.kind](3, 4, { ...c.options, dtype: c.dtype, device: 'cpu' } as never) as never as Layer).to(
    DEVICE,
  );
  const draw = (shape: readonly number[]): torch.Tensor =>
    torch
      .randn([...shape], { dtype: c.dtype, device: 'cpu' })
      .to(DEVICE)
      .detach()
      .requiresGrad_();
  const x = draw(c.x);
  const given = c.h.map(draw);
  const state: State = !c.given ? null : isLSTM(c.kind) ? (given as never as [torch.Tensor, torch.Tensor]) : given[0]!;
  const batchFirst = 'batchFirst' in c.options;
  const source =
    c.form === 'packed'
      ? rnn.packPaddedSequence(x, [5, 3, 2], batchFirst)
      : c.form === 'unsorted'
        ? rnn.packPaddedSequence(x, torch.tensor([2, 5, 3]), batchFirst, { enforceSorted: false })
        : x;
  if (c.form !== 'cell') torch.manualSeed(c.seed + 1000);
  const out = module.forward(source as torch.Tensor, state as never);
  if (out instanceof torch.Tensor) return { module, inputs: [x, ...given], y: out, states: [] };
  if (c.form === 'cell') return { module, inputs: [x, ...given], y: out[0], states: [out[1] as torch.Tensor] };
  const y = out[0] as torch.Tensor | torch.nn.utils.rnn.PackedSequence;
  const last = out[1];
  return {
    module,
    inputs: [x, ...given],
    y: y instanceof torch.Tensor ? y : y.data,
    states: last instanceof torch.Tensor ? [last] : [...last],
  };
}
const lossOf = (y: torch.Tensor, states: readonly torch.Tensor[]): torch.Tensor =>
  states.reduce(
    (sum, s, i) =>
      sum.add(
        s
          .pow(2)
          .sum()
          .mul(i + 2),
      ),
    y.pow(2).sum(),
  );
const named = (c: Case): string =>
  `${c.seed} ${c.kind} ${c.form} ${c.dtype}${c.given ? ' from states' : ''} ${JSON.stringify(c.options)}`;

/** Dropout draws other numbers on a GPU. */
const cases = oracle.cases.filter((c) => DEVICE === 'cpu' || !('dropout' in c.options));

describe("PyTorch's answers", () => {
  test.each(cases.map((c) => [named(c), c] as const))('%s', (_, c) => {
    const tolerance = c.dtype === 'float64' ? 1e-6 : 2e-6;
    const { module, inputs, y, states } = run(c);
    assert.equal(String(module), c.text);
    near('output', y, c.y, tolerance);
    c.states.forEach((s, i) => near(`state ${i}`, states[i]!, s, tolerance));
    lossOf(y, states).backward();
    c.inputs.forEach((g, i) => close(`gradient of input ${i}`, numbers(inputs[i]!.grad!), g, tolerance * 2));
    const parameters = module.namedParameters();
    assert.deepEqual(
      parameters.map(([name]) => name),
      Object.keys(c.parameters),
    );
    for (const [name, p] of parameters)
      close(`gradient of ${name}`, numbers(p.grad!), c.parameters[name]!, tolerance * 2);
  });

  test('without gradients the same', () => {
    for (const c of cases.filter((c) => c.seed % 3 === 0)) {
      const { y, states } = torch.noGrad(() => run(c));
      near(named(c), y, c.y, 2e-6);
      c.states.forEach((s, i) => near(named(c), states[i]!, s, 2e-6));
    }
  });
});

describe('packed sequences', () => {
  const { packing } = oracle;
  const x = torch.arange(24).view(3, 4, 2);
  const flat = torch.tensor([
    [1, 2, 0],
    [3, 0, 0],
    [4, 5, 6],
  ]);
  const [a, b, c] = [torch.tensor([1, 2, 3]), torch.tensor([4, 5]), torch.tensor([6])];
  const packed = rnn.packPaddedSequence(flat, [2, 1, 3], true, false);
  const rows = [2, 3, 1].map((n) => torch.ones(n, 2).mul(n));
  const tuple = (list: readonly torch.Tensor[], open = '(', close = ')'): string =>
    `${open}${list.map(String).join(', ')}${close}`;
  const made: Readonly<Record<string, () => string>> = {
    packed: () => String(rnn.packPaddedSequence(x, [3, 3, 2, 1])),
    packedBatchFirst: () => String(rnn.packPaddedSequence(x, torch.tensor([4, 2, 1]), { batchFirst: true })),
    packedShort: () => String(rnn.packPaddedSequence(x, [2, 2, 2, 1])),
    unsorted: () => String(packed),
    padded: () => tuple(rnn.padPackedSequence(packed, true)),
    paddedLonger: () => tuple(rnn.padPackedSequence(packed, { paddingValue: -1, totalLength: 5 })),
    sequence: () => String(rnn.packSequence([a, b, c])),
    sequenceUnsorted: () => String(rnn.packSequence([c, a, b], { enforceSorted: false })),
    unpacked: () => tuple(rnn.unpackSequence(rnn.packSequence([c, a, b], false)), '[', ']'),
    pad: () => String(rnn.padSequence(rows)),
    padLeft: () => String(rnn.padSequence(rows, true, 0.5, { paddingSide: 'left' })),
    unpad: () => tuple(rnn.unpadSequence(rnn.padSequence(rows), torch.tensor([2, 3, 1])), '[', ']'),
  };
  test.each(Object.keys(packing))('%s', (name) => assert.equal(made[name]!(), packing[name]));

  test('come apart, and go to another dtype', () => {
    const [data, sizes, sorted] = rnn.packSequence([a, b]);
    assert.equal(String(data), 'tensor([1, 4, 2, 5, 3])');
    assert.equal(String(sizes), 'tensor([2, 2, 1])');
    assert.equal(sorted, null);
    assert.equal(packed.double().data.dtype, 'float64');
    assert.equal(packed.to('int64'), packed);
    assert.equal(String(packed.float().unsortedIndices), 'tensor([1, 2, 0])');
  });

  test('carry gradients through packing, a layer and padding', () => {
    torch.manualSeed(3);
    const gru = new nn.GRU(2, 3, { bidirectional: true, dtype: 'float64' });
    const input = torch.randn(4, 3, 2, { dtype: 'float64' }).requiresGrad_();
    const through = (z: torch.Tensor): torch.Tensor => {
      const [y] = gru.forward(rnn.packPaddedSequence(z, [2, 4, 1], { enforceSorted: false }));
      return rnn.padPackedSequence(y)[0];
    };
    assert.ok(torch.autograd.gradcheck(through, [input]));
    // a sequence gives in a batch what it gives alone
    const [alone] = gru.forward(input.narrow(0, 0, 2).narrow(1, 0, 1).contiguous());
    assert.ok(torch.allclose(through(input).narrow(0, 0, 2).narrow(1, 0, 1), alone));
    assert.equal(through(input).index(':', 2).slice(0, 1).abs().sum().item(), 0);
  });
});

describe('derivatives', () => {
  const forms = ['batched', 'packed'] as const;
  const layers = [
    ['RNN', {}],
    ['RNN', { nonlinearity: 'relu' }],
    ['LSTM', {}],
    ['LSTM', { projSize: 1 }],
    ['GRU', {}],
  ] as const;
  const all = layers.flatMap(([kind, options]) => forms.map((form) => [kind, form, options] as const));
  test.each(all)('%s %s %o: first and second order', (kind, form, options) => {
    torch.manualSeed(5);
    const bidirectional = form === 'packed' || 'projSize' in options;
    const module = new nn[kind](2, 2, {
      ...options,
      bidirectional,
      dtype: 'float64',
      bias: form === 'packed',
    } as never) as never as torch.nn.Module<[x: torch.Tensor, state: never], readonly [unknown, unknown]>;
    const names = module.namedParameters();
    const x = torch.randn(3, 2, 2, { dtype: 'float64' }).requiresGrad_();
    const d = bidirectional ? 2 : 1;
    const state = (n: number): torch.Tensor => torch.randn(d, 2, n, { dtype: 'float64' }).requiresGrad_();
    const states = kind === 'LSTM' ? [state('projSize' in options ? 1 : 2), state(2)] : [state(2)];
    const f = (...given: torch.Tensor[]): torch.Tensor[] => {
      const [input, ...rest] = given;
      const own = rest.slice(0, states.length);
      // the inputs of the check take the parameters' places
      rest.slice(states.length).forEach((p, i) => Reflect.set(module, fieldOf(names[i]![0]), p));
      const source = form === 'packed' ? rnn.packPaddedSequence(input!, [3, 1]) : input!;
      const out = module.forward(source as torch.Tensor, (kind === 'LSTM' ? own : own[0]) as never);
      const y = out[0] as torch.Tensor | torch.nn.utils.rnn.PackedSequence;
      const last = out[1] as torch.Tensor | torch.Tensor[];
      return [y instanceof torch.Tensor ? y : y.data, ...(last instanceof torch.Tensor ? [last] : last)];
    };
    const inputs = [x, ...states, ...names.map(([, p]) => p.detach().clone().requiresGrad_())];
    assert.ok(torch.autograd.gradcheck(f, inputs));
    assert.ok(torch.autograd.gradgradcheck(f, inputs));
  });
  const fieldOf = (key: string): string => key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

  test('with createGraph the first derivatives are the same', () => {
    for (const c of oracle.cases.filter((c) => !('dropout' in c.options) && c.seed % 2 === 0)) {
      const { module, inputs, y, states } = run(c);
      const wanted = [...inputs, ...module.parameters()];
      const grads = torch.autograd.grad(lossOf(y, states), wanted, { createGraph: true });
      const expected = [...c.inputs, ...Object.values(c.parameters)];
      grads.forEach((g, i) => close(`${named(c)} ${i}`, numbers(g!), expected[i]!, 4e-6));
      grads[0]!.pow(2).sum().backward();
      assert.ok(module.parameters()[0]!.grad !== null);
    }
  });

  test('a gradient of the last state alone, of the cells alone, and of nothing but the input', () => {
    torch.manualSeed(0);
    const lstm = new nn.LSTM(2, 3, { numLayers: 2, bidirectional: true, dtype: 'float64' });
    const x = torch.randn(3, 2, 2, { dtype: 'float64' }).requiresGrad_();
    assert.ok(torch.autograd.gradcheck((z) => lstm.forward(z)[1][0], [x]));
    assert.ok(torch.autograd.gradcheck((z) => lstm.forward(z)[1][1], [x]));
    lstm.requiresGrad_(false);
    lstm.forward(x)[0].sum().backward();
    assert.ok(x.grad !== null && lstm.parameters().every((p) => p.grad === null));
  });
});

describe('layouts and dtypes', () => {
  test.each(['RNN', 'LSTM', 'GRU'] as const)('%s: sequences of one size in any layout, and one by one', (kind) => {
    torch.manualSeed(1);
    const first = layerOf(kind, 3, 5, { batchFirst: true });
    const second = layerOf(kind, 3, 5);
    second.loadStateDict(first.stateDict());
    const x = torch.randn(20, 7, 3);
    const [y] = first.forward(x);
    const [z] = second.forward(x.transpose(0, 1));
    assert.ok(torch.allclose(y, z.transpose(0, 1), { atol: 1e-6 }));
    const [alone] = first.forward(x.select(0, 19));
    assert.ok(torch.allclose(y.select(0, 19), alone, { atol: 1e-6 }));
    const [wide] = first.forward(torch.randn(20, 7, 6).slice(2, 0, 6, 2).copy_(x));
    assert.ok(torch.allclose(y, wide, { atol: 1e-6 }));
  });

  test.each(['RNN', 'LSTM', 'GRU'] as const)('%s: a cell does what a layer does, step by step', (kind) => {
    torch.manualSeed(2);
    const layer = layerOf(kind, 3, 40);
    const cell = new nn[`${kind}Cell`](3, 40);
    cell.loadStateDict(
      Object.fromEntries(Object.entries(layer.stateDict()).map(([key, p]) => [key.replace('_l0', ''), p])),
    );
    // enough rows for several threads, which share them in both directions alike
    const x = torch.randn(6, 37, 3);
    const [y] = layer.forward(x);
    let state: unknown = null;
    for (let t = 0; t < 6; t++) {
      state = (cell as torch.nn.Module<[torch.Tensor, unknown], unknown>).forward(x.select(0, t), state);
      const h = Array.isArray(state) ? (state[0] as torch.Tensor) : (state as torch.Tensor);
      assert.ok(torch.allclose(h, y.select(0, t), { atol: 1e-6 }));
    }
  });

  test.each(['RNN', 'LSTM', 'GRU'] as const)('%s of many sequences and of large weights', (kind) => {
    torch.manualSeed(4);
    for (const [batch, hidden] of [
      [33, 70],
      [3, 300],
      [1, 520],
    ] as const) {
      const layer = layerOf(kind, 5, hidden, { bidirectional: true });
      const exact = layerOf(kind, 5, hidden, { bidirectional: true, dtype: 'float64' });
      exact.loadStateDict(layer.stateDict());
      const x = torch.randn(4, batch, 5);
      const [y] = layer.forward(x);
      const [z] = exact.forward(x.double());
      assert.ok(torch.allclose(y.double(), z, { atol: 1e-5 }));
      y.pow(2).sum().backward();
      z.pow(2).sum().backward();
      for (const [i, p] of layer.parameters().entries()) {
        const g = exact.parameters()[i]!.grad!;
        assert.ok(p.grad!.double().sub(g).abs().max().item() <= 1e-4 * Math.max(1, g.abs().max().item() as number));
      }
    }
  });

  test('half precision goes step by step', () => {
    torch.manualSeed(0);
    for (const dtype of ['bfloat16', 'float16'] as const) {
      const lstm = new nn.LSTM(3, 4, { bidirectional: true });
      const x = torch.randn(5, 2, 3);
      const [y] = lstm.forward(x);
      const [z] = lstm.to(dtype).forward(x.to(dtype));
      assert.equal(z.dtype, dtype);
      assert.ok(torch.allclose(z.float(), y, { atol: 0.02 }));
      z.sum().backward();
    }
  });

  test('an empty batch', () => {
    const [y, [h, c]] = new nn.LSTM(3, 4, 2).forward(torch.ones(5, 0, 3));
    assert.deepEqual(
      [[...y.shape], [...h.shape], [...c.shape]],
      [
        [5, 0, 4],
        [2, 0, 4],
        [2, 0, 4],
      ],
    );
  });
});

describe('modules', () => {
  test('fields, state dicts and the calls of scripts', () => {
    const lstm = new nn.LSTM(2, 3, { numLayers: 2, bidirectional: true, projSize: 2 });
    assert.deepEqual(Object.keys(lstm.stateDict()).slice(0, 6), [
      'weight_ih_l0',
      'weight_hh_l0',
      'bias_ih_l0',
      'bias_hh_l0',
      'weight_hr_l0',
      'weight_ih_l0_reverse',
    ]);
    assert.equal(lstm.weightHhL1Reverse, lstm.getParameter('weight_hh_l1_reverse'));
    assert.deepEqual([...lstm.weightIhL1!.shape], [12, 4]);
    assert.equal(lstm.allWeights.length, 4);
    assert.equal(lstm.allWeights[3]![4], lstm.weightHrL1Reverse);
    assert.equal(lstm.flattenParameters(), undefined);
    assert.equal(lstm.mode, 'LSTM');
    const byName = new nn.LSTM({ inputSize: 2, hiddenSize: 3, numLayers: 2, batchFirst: true, dropout: 0.5 });
    assert.equal(String(byName), 'LSTM(2, 3, num_layers=2, batch_first=True, dropout=0.5)');
    assert.equal(String(new nn.GRUCell(2, { hiddenSize: 3 })), 'GRUCell(2, 3)');
    assert.equal(new nn.RNN(2, 3, 1, 'relu').mode, 'RNN_RELU');
    // a parameter that is put in another's place is what forward reads
    const rnnLayer = new nn.RNN(2, 3);
    rnnLayer.weightHhL0 = new nn.Parameter(torch.zeros(3, 3));
    rnnLayer.weightIhL0 = new nn.Parameter(torch.zeros(3, 2));
    rnnLayer.biasIhL0 = new nn.Parameter(torch.zeros(3));
    rnnLayer.biasHhL0 = new nn.Parameter(torch.zeros(3));
    assert.equal(rnnLayer.forward(torch.ones(4, 2))[0].abs().sum().item(), 0);
  });

  test('copies compute the same', () => {
    const x = torch.randn(5, 2);
    const gru = new nn.GRU(2, 3, { bidirectional: true });
    assert.ok(torch.equal(gru.deepcopy().forward(x)[0], gru.forward(x)[0]));
    const cell = new nn.LSTMCell(2, 3);
    assert.ok(torch.equal(cell.deepcopy().forward(x)[1], cell.forward(x)[1]));
  });

  test('an LSTM learns to remember', () => {
    torch.manualSeed(0);
    const lstm = new nn.LSTM(1, 8, { batchFirst: true });
    const head = new nn.Linear(8, 1);
    const optimizer = new torch.optim.Adam([...lstm.parameters(), ...head.parameters()], { lr: 0.03 });
    let last = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 120; i++) {
      const x = torch.randint(0, 2, [32, 6, 1]).float();
      const [, [h]] = lstm.forward(x);
      const loss = nn.functional.binaryCrossEntropyWithLogits(
        head.forward(h.squeeze(0)).squeeze(1),
        x.index(':', 0, 0),
      );
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      last = loss.item() as number;
    }
    assert.ok(last < 0.1, `${last}`);
  });
});

describe('refusals', () => {
  const ones = (...shape: number[]): torch.Tensor => torch.ones(...shape);
  const lstm = new nn.LSTM(3, 4);
  const gru = new nn.GRU(3, 4, { batchFirst: true });
  const one = (f: () => unknown, kind: new (...args: never[]) => Error, message: RegExp): void => {
    const error = expect(f);
    error.toThrow(kind);
    error.toThrow(message);
  };
  test('by the layers', () => {
    const wrong = 1 as never;
    one(() => lstm.forward(ones(3)), torch.ShapeError, /^LSTM: Expected input to be 2D or 3D, got 1D instead$/);
    one(
      () => lstm.forward(ones(5, 2, 4)),
      torch.ShapeError,
      /^LSTM: input.size\(-1\) must be equal to inputSize. Expected 3, got 4$/,
    );
    one(
      () => lstm.forward(ones(0, 2, 3)),
      torch.ShapeError,
      /^LSTM: Expected sequence length to be larger than 0 in RNN$/,
    );
    one(
      () => lstm.forward(ones(5, 2, 3).double()),
      torch.DtypeError,
      /^LSTM: RNN input dtype \(float64\) does not match weight dtype \(float32\)/,
    );
    one(
      () => lstm.forward(ones(5, 2, 3), [ones(1, 2, 4), ones(1, 2, 3)]),
      torch.ShapeError,
      /^LSTM: Expected hidden\[1\] size \(1, 2, 4\), got \[1, 2, 3\]$/,
    );
    one(
      () => lstm.forward(ones(5, 2, 3), [ones(1, 4), ones(1, 4)]),
      torch.ShapeError,
      /^LSTM: For batched 3-D input, hx and cx should also be 3-D but got 2-D tensor$/,
    );
    one(
      () => lstm.forward(ones(5, 3), [ones(1, 2, 4), ones(1, 2, 4)]),
      torch.ShapeError,
      /^LSTM: For unbatched 2-D input/,
    );
    one(
      () => lstm.forward(ones(5, 2, 3), ones(1, 2, 4) as never),
      TypeError,
      /^LSTM: expected the states as \[h, c\] but received a Tensor$/,
    );
    one(() => lstm.forward(wrong), TypeError, /^LSTM: expected a Tensor for input but received 1$/);
    one(
      () => gru.forward(ones(5, 2, 3), ones(1, 2, 4)),
      torch.ShapeError,
      /^GRU: Expected hidden size \(1, 5, 4\), got \[1, 2, 4\]$/,
    );
    one(
      () => gru.forward(ones(5, 2, 3), ones(1, 5, 4).double()),
      torch.DtypeError,
      /^GRU: Input and hidden tensors are not the same dtype/,
    );
    one(() => gru.forward(ones(5, 2, 3), wrong), TypeError, /^GRU: expected a Tensor for hidden but received 1$/);
    const bad = new rnn.PackedSequence(ones(5, 3), torch.tensor([2, 2]));
    one(
      () => gru.forward(bad),
      RangeError,
      /^GRU: expected batchSizes to be positive, never to rise, and to sum to the 5 rows of data/,
    );
    one(
      () => gru.forward(new rnn.PackedSequence(ones(4, 2, 3), torch.tensor([2, 2]))),
      torch.ShapeError,
      /^GRU: input must have 2 dimensions, got 3$/,
    );
  });
  test('by their constructors', () => {
    one(() => new nn.LSTM(0, 4), RangeError, /^LSTM: inputSize must be greater than zero/);
    one(() => new nn.GRU(3, 1.5), TypeError, /^GRU: hiddenSize should be a whole number, but got 1.5$/);
    one(() => new nn.GRU(3, 4, 0), RangeError, /^GRU: numLayers must be greater than zero/);
    one(() => new nn.LSTM(3, 4, { projSize: 4 }), RangeError, /^LSTM: projSize has to be smaller than hiddenSize/);
    one(() => new nn.LSTM(3, 4, { projSize: -1 }), RangeError, /^LSTM: projSize should be a positive integer or zero/);
    one(() => new nn.LSTM(3, 4, { dropout: 2 }), RangeError, /^LSTM: dropout should be a number in range \[0, 1\]/);
    one(() => new nn.LSTM(3, 4, 1, 1 as never), TypeError, /^LSTM: bias should be a boolean, but got 1$/);
    one(
      () => new nn.RNN(3, 4, { nonlinearity: 'sin' as never }),
      RangeError,
      /^RNN: Unknown nonlinearity 'sin'. Select from 'tanh' or 'relu'.$/,
    );
    one(() => new nn.GRU(3, 4, { projSize: 2 } as never), TypeError, /^GRU: unknown option 'projSize'/);
  });
  test('by the cells', () => {
    const cell = new nn.LSTMCell(3, 4);
    one(
      () => cell.forward(ones(1, 2, 3)),
      torch.ShapeError,
      /^LSTMCell: Expected input to be 1D or 2D, got 3D instead$/,
    );
    one(
      () => cell.forward(ones(2, 2)),
      torch.ShapeError,
      /^LSTMCell: input has inconsistent inputSize: got 2 expected 3$/,
    );
    one(
      () => cell.forward(ones(2, 3), [ones(3, 4), ones(2, 4)]),
      torch.ShapeError,
      /^LSTMCell: Input batch size 2 doesn't match hidden0 batch size 3$/,
    );
    one(
      () => cell.forward(ones(2, 3), [ones(2, 4), ones(2, 5)]),
      torch.ShapeError,
      /^LSTMCell: hidden1 has inconsistent hiddenSize: got 5, expected 4$/,
    );
    one(
      () => new nn.GRUCell(3, 4).forward(ones(2, 3).double()),
      torch.DtypeError,
      /^GRUCell: expected input and weights to have the same dtype/,
    );
    one(() => new nn.RNNCell(3, 4, true, 'sin' as never), RangeError, /^RNNCell: Unknown nonlinearity/);
  });
  test('by the functions of nn.utils.rnn', () => {
    const { packPaddedSequence, padPackedSequence, padSequence, packSequence, unpadSequence } = rnn;
    const x = ones(4, 2, 3);
    one(
      () => packPaddedSequence(x, [1, 2]),
      RangeError,
      /^packPaddedSequence: `lengths` array must be sorted in decreasing order/,
    );
    one(
      () => packPaddedSequence(x, [2, 0]),
      RangeError,
      /^packPaddedSequence: Length of all samples has to be greater than 0/,
    );
    one(() => packPaddedSequence(x, [5, 2]), RangeError, /^packPaddedSequence: expected lengths of at most 4/);
    one(
      () => packPaddedSequence(x, [2]),
      torch.ShapeError,
      /^packPaddedSequence: Expected `len\(lengths\)` to be equal to batch_size, but got 1 \(batch_size=2\)$/,
    );
    one(
      () => packPaddedSequence(ones(0, 2), [1, 1]),
      torch.ShapeError,
      /^packPaddedSequence: Cannot pack empty tensors.$/,
    );
    one(() => packPaddedSequence(x, [1.5, 1]), TypeError, /^packPaddedSequence: expected whole numbers as lengths/);
    one(() => packPaddedSequence(ones(4), [1]), torch.ShapeError, /^packPaddedSequence: expected at least 2 dims/);
    one(
      () => padPackedSequence(packPaddedSequence(x, [3, 2]), { totalLength: 2 }),
      RangeError,
      /^padPackedSequence: Expected totalLength to be at least/,
    );
    one(
      () => padPackedSequence(x as never),
      TypeError,
      /^padPackedSequence: expected a PackedSequence but received a Tensor$/,
    );
    one(
      () => padSequence([ones(2, 3), ones(2, 4)]),
      torch.ShapeError,
      /^padSequence: expected sequences of at least 1 dim/,
    );
    one(() => padSequence([]), RangeError, /^padSequence: received an empty list of sequences$/);
    one(
      () => padSequence([ones(2)], { paddingSide: 'top' as never }),
      RangeError,
      /^padSequence: Expected padding_side to be one of left or right/,
    );
    one(() => packSequence([ones(2), ones(3)]), RangeError, /^packSequence: `lengths` array must be sorted/);
    one(() => unpadSequence(x, [1]), RangeError, /^unpadSequence: expected a length for each of 2 sequences/);
    one(
      () => new rnn.PackedSequence(x, ones(2)),
      torch.DtypeError,
      /^PackedSequence: expected batchSizes to be a 1-D int64 tensor/,
    );
  });
});
