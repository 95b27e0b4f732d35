// Attention, the Transformer's layers and embeddings against PyTorch's stored answers (test/oracle/attention.json, by
// scripts/oracle-attention.py): weights of a seed, text, results and gradients. Then what PyTorch cannot answer: the fused
// kernels against plain operators, copies of modules, and refusals.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import * as torch from '../lib/index.ts';
import { DEVICE, expectClose, expectRefusal, expectStored, flat, onCpu, type Stored } from './helpers.ts';

const { nn } = torch;
const F = nn.functional;
type Tensor = torch.Tensor;
type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
interface Answer {
  readonly repr?: string;
  readonly weights?: readonly (readonly [string, Stored] | readonly [string, readonly number[], number])[];
  readonly out?: Stored | readonly (Stored | null)[];
  readonly grads?: readonly (Stored | null)[];
  readonly forward_grads?: Readonly<Record<string, Stored>>;
  readonly weight_grads?: readonly (readonly [string, Stored | null])[];
  readonly after?: readonly Stored[];
}
interface Case {
  readonly module?: string;
  readonly function?: string;
  readonly args?: readonly Json[];
  readonly options?: Readonly<Record<string, Json>>;
  readonly inputs?: readonly Json[];
  readonly forward?: Readonly<Record<string, Json>>;
  readonly seed: number;
  readonly weights?: boolean;
  readonly perturb?: boolean;
  readonly train?: boolean;
  readonly no_grad?: boolean;
  readonly answer: Answer;
}
const cases = JSON.parse(readFileSync(new URL('./oracle/attention.json', import.meta.url), 'utf8')) as readonly Case[];

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase());
const isRecord = (x: Json): x is { readonly [name: string]: Json } =>
  typeof x === 'object' && x !== null && !Array.isArray(x);
type Make = new (...args: readonly unknown[]) => torch.nn.Module<never, unknown>;
const classOf = (name: string): Make => Reflect.get(nn, name) as Make;

function option(x: Json): unknown {
  if (x === 'Infinity') return Number.POSITIVE_INFINITY;
  if (!isRecord(x)) return x;
  if ('module' in x) return new (classOf(x.module as string))();
  if ('function' in x) return Reflect.get(torch, x.function as string);
  const named = Object.entries((x.options ?? {}) as Record<string, Json>).map(([k, v]) => [camel(k), option(v)]);
  return new (classOf(x.of as string))(...((x.args ?? []) as Json[]), Object.fromEntries(named));
}
function read(x: Json, given: readonly (Tensor | null)[]): Tensor | null {
  if (x === null) return null;
  if (typeof x === 'number') return given[x]!;
  const [[kind, value]] = Object.entries(x as Record<string, Json>) as [[string, Json]];
  if (kind === 'randn') {
    return onCpu(() => torch.randn(value as number[]))
      .to(DEVICE)
      .detach()
      .requiresGrad_();
  }
  if (kind === 'int') return torch.tensor(value as number[]);
  const numbers = (v: Json): unknown =>
    Array.isArray(v) ? v.map(numbers) : v === '-Infinity' ? Number.NEGATIVE_INFINITY : Number(v);
  if (kind === 'bool') return torch.tensor(numbers(value) as number[]).bool();
  if (kind === 'float') return torch.tensor(numbers(value) as number[], { dtype: 'float32' });
  return nn.Transformer.generateSquareSubsequentMask(value as number);
}
const named = (options: Readonly<Record<string, Json>>, f: (x: Json) => unknown): Record<string, unknown> =>
  Object.fromEntries(Object.entries(options).map(([k, v]) => [camel(k), f(v)]));
const tensors = (y: unknown): Tensor[] => [y].flat().filter((x): x is Tensor => x instanceof torch.Tensor);
const lossOf = (outs: readonly Tensor[]): Tensor =>
  outs
    .map((y) => y.mul(torch.arange(y.numel(), { dtype: y.dtype }).reshape(y.sizes).cos()).sum())
    .reduce((a, b) => a.add(b));

function compare(got: readonly (Tensor | null)[], wanted: readonly (Stored | null)[], what: string): void {
  assert.equal(got.length, wanted.length, what);
  wanted.forEach((w, i) => {
    if (w === null) assert.equal(got[i], null, `${what} [${i}]`);
    else expectStored(got[i], w, `${what} [${i}]`, 4);
  });
}
const listed = (x: Answer['out']): readonly (Stored | null)[] =>
  Array.isArray(x) ? (x as readonly (Stored | null)[]) : [x as Stored];

/** A module with the case's weights, after the checks of its text and weights. */
function build(c: Case): torch.nn.Module<never, unknown> {
  const args = (c.args ?? []).map(option);
  const module = new (classOf(c.module!))(...args, named(c.options ?? {}, option));
  assert.equal(String(module), c.answer.repr);
  const state = Object.entries(module.stateDict());
  assert.deepEqual(
    state.map(([k]) => k),
    c.answer.weights!.map(([k]) => k),
  );
  for (const [i, w] of c.answer.weights!.entries()) {
    const [key, x] = state[i]!;
    if (c.weights) expectStored(x, w[1] as Stored, key);
    else {
      assert.deepEqual([...x.sizes], w[1], key);
      expectClose([x.double().sum().item()], [w[2]!], 1e-5, key);
    }
  }
  if (c.perturb) {
    torch.noGrad(() => {
      for (const p of module.parameters()) p.add_(torch.randn(p.sizes), { alpha: 0.2 });
    });
  }
  return module.train(c.train ?? true);
}

/** Dropout draws other numbers on a GPU. */
const drops = (c: Case): boolean => (c.train ?? true) && Number(c.options?.dropout ?? 0) > 0;

describe("PyTorch's answers", () => {
  test.each(cases.filter((c) => DEVICE === 'cpu' || !drops(c)).map((c): [string, Case] => [title(c), c]))(
    '%s',
    (_, c) => {
      torch.manualSeed(c.seed);
      const { answer } = c;
      const module = c.module === undefined ? null : onCpu(() => build(c)).to(DEVICE);
      if (c.inputs === undefined) return;
      const given: (Tensor | null)[] = [];
      for (const x of c.inputs) given.push(read(x, given));
      const forward = named(c.forward ?? {}, (v) => (isRecord(v) ? read(v, given) : option(v)));
      const f = (module === null ? Reflect.get(F, camel(c.function!)) : module.forward.bind(module)) as (
        ...args: readonly unknown[]
      ) => unknown;
      const call = (): unknown => f(...given, forward);
      const out = c.no_grad ? torch.noGrad(call) : call();
      compare(Array.isArray(out) ? (out as (Tensor | null)[]) : [out as Tensor], listed(answer.out), 'result');
      if (c.no_grad) return;
      lossOf(tensors(out).filter((y) => y.requiresGrad)).backward();
      const floats = given.filter((x) => x?.isFloatingPoint()) as Tensor[];
      compare(
        floats.map((x) => x.grad),
        answer.grads!,
        'gradients',
      );
      for (const [name, g] of Object.entries(answer.forward_grads ?? {}))
        expectStored((forward[camel(name)] as Tensor).grad, g, name, 4);
      if (answer.after) compare(floats, answer.after, 'inputs afterwards');
      if (module === null) return;
      const parameters = module.namedParameters();
      assert.deepEqual(
        parameters.map(([k]) => k),
        answer.weight_grads!.map(([k]) => k),
      );
      compare(
        parameters.map(([, p]) => p.grad),
        answer.weight_grads!.map(([, g]) => g),
        'gradients of the weights',
      );
    },
  );
});
function title(c: Case): string {
  const { inputs, forward } = c;
  return `${c.seed} ${c.module ?? c.function} ${JSON.stringify([c.options ?? {}, forward ?? {}, inputs?.length ?? 0])}`;
}

describe('the fused kernels agree with plain operators', () => {
  const lengths: readonly (readonly [number, number, number, number])[] = [
    [1, 1, 8, 8],
    [63, 65, 5, 3],
    [129, 200, 16, 16],
    [300, 300, 7, 9],
    [5, 400, 4, 4],
  ];
  for (const [l, s, e, v] of lengths) {
    for (const kind of ['plain', 'causal', 'bool', 'added', 'grouped'] as const) {
      test(`${l} queries, ${s} keys, ${e} and ${v} features, ${kind}`, () => {
        torch.manualSeed(l + s);
        const groups = kind === 'grouped' ? 1 : 2;
        const make = (...sizes: number[]): Tensor => torch.randn(sizes, { dtype: 'float64' }).requiresGrad_();
        // heads beside each other in memory, as linear layers leave them
        const [q, k, w] = [make(1, l, 2, e), make(1, s, groups, e), make(1, s, groups, v)];
        const attnMask =
          kind === 'bool'
            ? torch.rand(l, s).gt(0.4)
            : kind === 'added'
              ? torch.randn(2, l, s, { dtype: 'float64' })
              : null;
        const options = { attnMask, isCausal: kind === 'causal', enableGqa: groups === 1 };
        const y = F.scaledDotProductAttention(q.transpose(1, 2), k.transpose(1, 2), w.transpose(1, 2), options);
        const weight = torch.randn(y.sizes, { dtype: 'float64' });
        const fused = torch.autograd.grad(y.mul(weight).sum(), [q, k, w], { retainGraph: true });
        const plain = torch.autograd.grad(y.mul(weight).sum(), [q, k, w], { createGraph: true });
        fused.forEach((g, i) => expectClose(flat(g!), flat(plain[i]!), 1e-11, `gradient ${i}`));
        // each alone: what nobody needs is not computed
        for (const [i, x] of [q, k, w].entries()) {
          const others = [q, k, w].map((t) => (t === x ? t : t.detach()).transpose(1, 2)) as [Tensor, Tensor, Tensor];
          const alone = F.scaledDotProductAttention(...others, options);
          const [g] = torch.autograd.grad(alone.mul(weight).sum(), x);
          expectClose(flat(g!), flat(fused[i]!), 1e-12, `gradient ${i} alone`);
        }
      });
    }
  }

  test('one thread gives what several give', () => {
    const [q, k, v] = Array.from({ length: 3 }, () => torch.randn(1, 1, 500, 8).requiresGrad_()) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const run = (): number[] => {
      const y = F.scaledDotProductAttention(q, k, v, { isCausal: true });
      return [y, ...torch.autograd.grad(y.square().sum(), [q, k, v])].flatMap((x) => flat(x!));
    };
    const threads = torch.getNumThreads();
    try {
      torch.setNumThreads(4);
      const several = run();
      torch.setNumThreads(1);
      assert.deepEqual(run(), several);
    } finally {
      torch.setNumThreads(threads);
    }
  });

  test('the matrix of scores is never made', () => {
    const [q, k, v] = Array.from({ length: 3 }, () => torch.randn(1, 1, 4096, 4).requiresGrad_()) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    F.scaledDotProductAttention(q, k, v, { isCausal: true }).sum().backward();
    const { peak } = torch.memoryStats();
    assert.ok(peak < 40e6, `${peak} bytes, of which the matrix alone would have 67 MB`);
  });

  test('NaN and infinities stay in their rows', () => {
    const q = torch.tensor(
      [
        [1, 0],
        [Number.NaN, 1],
        [2, 1],
      ],
      { dtype: 'float32' },
    );
    const k = torch.tensor(
      [
        [1, 0],
        [0, 1],
      ],
      { dtype: 'float32' },
    );
    const y = F.scaledDotProductAttention(q, k, k);
    assert.deepEqual(flat(y.isnan()), [0, 0, 1, 1, 0, 0]);
    const infinite = F.scaledDotProductAttention(q.mul(Number.POSITIVE_INFINITY), k, k);
    assert.deepEqual(flat(infinite.isnan()), [1, 1, 1, 1, 1, 1]);
  });

  test('second derivatives', () => {
    const x = (...sizes: number[]): Tensor => torch.randn(sizes, { dtype: 'float64' }).requiresGrad_();
    torch.manualSeed(1);
    const mask = torch.tensor([
      [true, false, true],
      [false, false, false],
    ]);
    for (const options of [{ isCausal: true }, { attnMask: mask }, { enableGqa: true, scale: 0.7 }]) {
      const f = (...given: Tensor[]): Tensor => F.scaledDotProductAttention(given[0]!, given[1]!, given[2]!, options);
      const inputs = [x(2, 2, 2), x(options.enableGqa ? 1 : 2, 3, 2), x(options.enableGqa ? 1 : 2, 3, 2)];
      assert.ok(torch.autograd.gradcheck(f, inputs));
      assert.ok(torch.autograd.gradgradcheck(f, inputs));
    }
  });

  test('dropped weights', () => {
    torch.manualSeed(0);
    const one = torch.ones(2, 3, 4, 1);
    const y = F.scaledDotProductAttention(one, one, one, { dropoutP: 0.5 });
    // each of the four weights of a query is 0 or 0.5
    assert.ok(flat(y).every((v) => Number.isInteger(v * 2)));
    assert.notEqual(new Set(flat(y)).size, 1);
    assert.deepEqual(flat(F.scaledDotProductAttention(one, one, one, { dropoutP: 1 })), new Array(24).fill(0));
  });
});

describe('copies of modules', () => {
  test('have weights of their own, equal at first', () => {
    const layer = new nn.TransformerEncoderLayer(4, 2, 8);
    const copy = layer.deepcopy();
    assert.ok(copy instanceof nn.TransformerEncoderLayer);
    assert.equal(String(copy), String(layer));
    const [a, b] = [layer.stateDict(), copy.stateDict()];
    assert.deepEqual(Object.keys(b), Object.keys(a));
    for (const [key, x] of Object.entries(a)) {
      assert.ok(x.equal(b[key]!), key);
      assert.notEqual(x.dataPtr(), b[key]!.dataPtr(), key);
    }
    torch.noGrad(() => copy.linear1.weight.zero_());
    assert.ok(layer.linear1.weight.ne(0).any().item());
    const x = torch.ones(3, 1, 4);
    assert.deepEqual(flat(layer.eval().forward(x)), flat(layer.deepcopy().forward(x)));
  });
  test('keep what is shared shared, hooks, modes and containers', () => {
    class Tied extends nn.Module {
      readonly embedding = new nn.Embedding(3, 2);
      readonly head = new nn.Linear(2, 3);
      readonly list = [new nn.Linear(1, 1), this.head];
      readonly body = new nn.Sequential(new nn.Linear(2, 2), new nn.BatchNorm1d(2));
      readonly names = new nn.ModuleDict({ a: new nn.ReLU() });
      readonly rest = new nn.ModuleList([this.body]);
      readonly some = new nn.ParameterList([torch.ones(1)]);
      readonly more = new nn.ParameterDict({ b: torch.ones(2) });
      constructor() {
        super();
        this.head.weight = this.embedding.weight;
        this.registerBuffer('steps', torch.zeros(1), { persistent: false });
      }
      override forward(x: Tensor): Tensor {
        return this.head.forward(x);
      }
    }
    const model = new Tied();
    model.embedding.weight.requiresGrad = false;
    model.body.eval();
    let calls = 0;
    model.registerForwardHook(() => void calls++);
    const copy = model.deepcopy();
    assert.deepEqual(Object.keys(copy.stateDict()), Object.keys(model.stateDict()));
    assert.equal(copy.parameters().length, model.parameters().length);
    assert.equal(copy.head.weight, copy.embedding.weight);
    assert.equal(copy.list[1], copy.head);
    assert.equal(copy.rest.at(0), copy.body);
    assert.notEqual(copy.body, model.body);
    assert.equal(copy.embedding.weight.requiresGrad, false);
    assert.deepEqual([copy.training, copy.body.training], [true, false]);
    assert.equal(String(copy), String(model));
    copy.forward(torch.ones(1, 2));
    model.forward(torch.ones(1, 2));
    assert.equal(calls, 2);
  });
  test('need leaves', () => {
    const model = new nn.Identity();
    model.registerBuffer('x', torch.ones(1, { requiresGrad: true }).mul(2));
    expectRefusal(() => model.deepcopy(), 'deepcopy', /leaves/);
  });
});

describe('what must be refused', () => {
  const x = torch.ones(3, 2, 4);
  const bad: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['MultiheadAttention', () => new nn.MultiheadAttention(5, 2), /divisible/],
    ['MultiheadAttention', () => new nn.MultiheadAttention(4, 0), /numHeads/],
    ['MultiheadAttention', () => new nn.MultiheadAttention(4, 2, { dropout: 2 }), /2/],
    ['MultiheadAttention', () => new nn.MultiheadAttention(4, 2).forward(x, x, torch.ones(2, 2, 4)), /\[2, 2, 4\]/],
    ['MultiheadAttention', () => new nn.MultiheadAttention(4, 2).forward(torch.ones(4), x, x), /\[4\]/],
    ['MultiheadAttention', () => new nn.MultiheadAttention(4, 2).forward(x, torch.ones(3, 4), x), /3-D/],
    ['MultiheadAttention', () => new nn.MultiheadAttention(8, 2).forward(x, x, x), /8/],
    ['MultiheadAttention', () => new nn.MultiheadAttention(4, 2).forward(x, x, x, { isCausal: true }), /attnMask/],
    [
      'MultiheadAttention',
      () => new nn.MultiheadAttention(4, 2).forward(x, x, x, { attnMask: torch.zeros(2, 2) }),
      /\[2, 2\].*\[3, 3\]/,
    ],
    [
      'MultiheadAttention',
      () => new nn.MultiheadAttention(4, 2).forward(x, x, x, { keyPaddingMask: torch.zeros(3, 3) }),
      /\[2, 3\].*\[3, 3\]/,
    ],
    [
      'MultiheadAttention',
      () => new nn.MultiheadAttention(4, 2).forward(x, x, x, { attnMask: torch.zeros(3, 3).long() }),
      /int64/,
    ],
    [
      'TransformerEncoderLayer',
      () => Reflect.construct(nn.TransformerEncoderLayer, [4, 2, { activation: 'elu' }]),
      /elu/,
    ],
    ['TransformerEncoder', () => Reflect.construct(nn.TransformerEncoder, [new nn.Identity(), 2]), /Identity/],
    ['Transformer', () => new nn.Transformer(4, 2, 1, 1, 4).forward(x, torch.ones(3, 1, 4)), /\[3, 1, 4\]/],
    ['Transformer', () => new nn.Transformer(8, 2, 1, 1, 4).forward(x, x), /8/],
    ['Embedding', () => new nn.Embedding(3, 2, { paddingIdx: 3 }), /3/],
    ['Embedding', () => new nn.Embedding(3, 2, { sparse: true }), /sparse/],
    ['embedding', () => F.embedding(torch.tensor([3]), torch.ones(3, 2)), /3/],
    ['embedding', () => F.embedding(torch.tensor([0.5]), torch.ones(3, 2)), /float32/],
    ['EmbeddingBag', () => Reflect.construct(nn.EmbeddingBag, [3, 2, { mode: 'median' }]), /median/],
    ['embeddingBag', () => F.embeddingBag(torch.tensor([0]), torch.ones(3, 2)), /offsets/],
    ['embeddingBag', () => F.embeddingBag(torch.tensor([0]), torch.ones(3, 2), torch.tensor([1])), /1/],
    ['embeddingBag', () => F.embeddingBag(torch.tensor([0]), torch.ones(3, 2), torch.tensor([0, 2])), /2/],
    ['embeddingBag', () => F.embeddingBag(torch.tensor([[0]]), torch.ones(3, 2), torch.tensor([0])), /2D/],
    ['embeddingBag', () => F.embeddingBag(torch.tensor([[7]]), torch.ones(3, 2)), /7/],
    [
      'embeddingBag',
      () => F.embeddingBag(torch.tensor([[0]]), torch.ones(3, 2), { perSampleWeights: torch.ones(1, 1) }),
      /sum/,
    ],
    [
      'embeddingBag',
      () => F.embeddingBag(torch.tensor([[0]]), torch.ones(3, 2), { mode: 'max', scaleGradByFreq: true }),
      /frequency/,
    ],
  ];
  test.each(bad)('%s %#', (name, f, message) => {
    expectRefusal(f, name, message);
  });
});

describe('tables of given vectors', () => {
  test('are not trained unless asked, and keep the options', () => {
    const table = torch.tensor([
      [1, 2.5],
      [3, 4],
      [5, 6],
    ]);
    const frozen = nn.Embedding.fromPretrained(table, { paddingIdx: -1, maxNorm: 10 });
    assert.equal(String(frozen), 'Embedding(3, 2, padding_idx=2, max_norm=10.0)');
    assert.equal(frozen.weight.requiresGrad, false);
    assert.deepEqual(flat(frozen.forward(torch.tensor([1]))), [3, 4]);
    const bag = nn.EmbeddingBag.fromPretrained(table, false, { mode: 'sum' });
    assert.equal(String(bag), "EmbeddingBag(3, 2, mode='sum')");
    assert.equal(bag.weight.requiresGrad, true);
    assert.deepEqual(flat(bag.forward(torch.tensor([[0, 1]]))), [4, 6.5]);
    expectRefusal(() => nn.Embedding.fromPretrained(torch.ones(2)), 'fromPretrained', /2-dim/);
  });
});
