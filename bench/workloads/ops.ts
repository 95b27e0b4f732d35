// Single operators on the sizes of the list in the project's measurements: sorting, scans, reductions, indexing, draws,
// optimizers, normalisation, pooling and activations.
import * as torch from 'flambeau';
import type { Row } from '../row.ts';

const F = torch.nn.functional;

/** The last result, so that no compiler can leave the work out. */
export let last: unknown = null;

/** A row that makes its inputs once and then calls what `make` gives. */
const row = (name: string, title: string, make: () => () => unknown): Row => ({
  name: `op-${name}`,
  title,
  wanted: 1.2,
  build: () => {
    torch.manualSeed(0);
    const f = make();
    return (n) => {
      for (let i = 0; i < n; i++) last = f();
    };
  },
});

/** Forward and the gradients of all `leaves`, which are freed again. */
const trained = (leaves: readonly torch.Tensor[], f: () => torch.Tensor) => () => {
  const y = f();
  y.backward(torch.onesLike(y));
  for (const leaf of leaves) leaf.grad = null;
};
const leaf = (...sizes: number[]): torch.Tensor => torch.randn(sizes).requiresGrad_();

const optimizerStep = (make: (params: torch.Tensor[]) => torch.optim.Optimizer) => () => {
  const params = Array.from({ length: 128 }, () => torch.randn(12000).requiresGrad_());
  for (const p of params) p.grad = torch.randn(12000);
  const optimizer = make(params);
  return () => optimizer.step();
};

/** A function of one random tensor of 1 M floats. */
const unary = (name: string, f: (x: torch.Tensor) => unknown): Row =>
  row(name, `${name}, 1 M floats`, () => {
    const x = torch.randn(2 ** 20);
    return () => f(x);
  });
/** A function of two. */
const binary = (name: string, f: (x: torch.Tensor, y: torch.Tensor) => unknown): Row =>
  row(name, `${name}, 1 M floats`, () => {
    const x = torch.randn(2 ** 20);
    const y = torch.randn(2 ** 20);
    return () => f(x, y);
  });

export const rows: readonly Row[] = [
  binary('mul', (x, y) => x.mul(y)),
  binary('div', (x, y) => x.div(y)),
  binary('atan2', (x, y) => x.atan2(y)),
  unary('sqrt', (x) => x.sqrt()),
  unary('exp', (x) => x.exp()),
  unary('log', (x) => x.log()),
  unary('tanh', (x) => x.tanh()),
  unary('sigmoid', (x) => x.sigmoid()),
  unary('erf', (x) => x.erf()),
  unary('lgamma', (x) => x.lgamma()),
  unary('relu', (x) => x.relu()),
  unary('gelu', (x) => F.gelu(x)),
  row('sort', 'sort, 1 M floats', () => {
    const x = torch.randn(2 ** 20);
    return () => x.sort();
  }),
  row('topk', 'topk 10 of 1024 × 1024', () => {
    const x = torch.randn(1024, 1024);
    return () => x.topk(10);
  }),
  row('cumsum', 'cumsum of the rows of 4096 × 4096', () => {
    const x = torch.randn(4096, 4096);
    return () => x.cumsum(1);
  }),
  row('argmax', 'argmax of the rows of 4096 × 4096', () => {
    const x = torch.randn(4096, 4096);
    return () => x.argmax(1);
  }),
  row('sum', 'sum, 16 M floats', () => {
    const x = torch.randn(2 ** 24);
    return () => x.sum();
  }),
  row('mean', 'mean of the rows of 4096 × 4096', () => {
    const x = torch.randn(4096, 4096);
    return () => x.mean(1);
  }),
  row('max', 'largest and where, rows of 4096 × 4096', () => {
    const x = torch.randn(4096, 4096);
    return () => x.max(1);
  }),
  row('sum-cols', 'sum over the rows of 4096 × 4096', () => {
    const x = torch.randn(4096, 4096);
    return () => x.sum(0);
  }),
  row('var', 'variance of the rows of 4096 × 4096', () => {
    const x = torch.randn(4096, 4096);
    return () => x.var(1);
  }),
  row('embedding', 'embedding 50257 × 256, 4096 indices, both ways', () => {
    const weight = leaf(50257, 256);
    const index = torch.randint(50257, [4096]);
    return trained([weight], () => F.embedding(index, weight));
  }),
  row('index-select', 'indexSelect of 4096 rows of 50257 × 256', () => {
    const x = torch.randn(50257, 256);
    const index = torch.randint(50257, [4096]);
    return () => x.indexSelect(0, index);
  }),
  row('gather', 'gather, 1 M of 1024 × 1024', () => {
    const x = torch.randn(1024, 1024);
    const index = torch.randint(1024, [1024, 1024]);
    return () => x.gather(1, index);
  }),
  row('scatter-add', 'scatterAdd, 1 M into 1024 × 1024', () => {
    const x = torch.randn(1024, 1024);
    const index = torch.randint(1024, [1024, 1024]);
    return () => torch.zeros(1024, 1024).scatterAdd_(1, index, x);
  }),
  row('dropout', 'dropout, 1 M floats', () => {
    const x = torch.randn(2 ** 20);
    return () => F.dropout(x, { p: 0.5 });
  }),
  row('rand', 'rand, 1 M', () => () => torch.rand(2 ** 20)),
  row('randn', 'randn, 1 M', () => () => torch.randn(2 ** 20)),
  row('randint', 'randint, 1 M', () => () => torch.randint(1000, [2 ** 20])),
  row('randperm', 'randperm, 1 M', () => () => torch.randperm(2 ** 20)),
  row('add-transposed', 'add of a transpose, 4096 × 4096', () => {
    const x = torch.randn(4096, 4096);
    const y = torch.randn(4096, 4096);
    return () => x.add(y.t());
  }),
  row('gelu-train', 'gelu, 1 M floats, both ways', () => {
    const x = leaf(2 ** 20);
    return trained([x], () => F.gelu(x));
  }),
  row('softmax-wide', 'softmax of 1024 × 8192', () => {
    const x = torch.randn(1024, 8192);
    return () => x.softmax(1);
  }),
  row('softmax-narrow', 'softmax of 3072 × 64', () => {
    const x = torch.randn(3072, 64);
    return () => x.softmax(1);
  }),
  row('layer-norm', 'layerNorm of 4096 × 768, both ways', () => {
    const x = leaf(4096, 768);
    const w = leaf(768);
    const b = leaf(768);
    return trained([x, w, b], () => F.layerNorm(x, [768], w, b));
  }),
  row('batch-norm', 'batchNorm of 32 × 64 × 32², training', () => {
    const x = torch.randn(32, 64, 32, 32);
    const norm = new torch.nn.BatchNorm2d(64);
    return () => torch.noGrad(() => norm.forward(x));
  }),
  row('max-pool', 'maxPool2d 2 of 64 × 32 × 28²', () => {
    const x = torch.randn(64, 32, 28, 28);
    return () => F.maxPool2d(x, 2);
  }),
  row('cross-entropy', 'crossEntropy of 1024 × 8192, both ways', () => {
    const x = leaf(1024, 8192);
    const target = torch.randint(8192, [1024]);
    return trained([x], () => F.crossEntropy(x, target));
  }),
  row('cat', 'cat of 8 × 1024 × 256', () => {
    const xs = Array.from({ length: 8 }, () => torch.randn(1024, 256));
    return () => torch.cat(xs, 1);
  }),
  row('stack', 'stack of 8 × 1024 × 256', () => {
    const xs = Array.from({ length: 8 }, () => torch.randn(1024, 256));
    return () => torch.stack(xs);
  }),
  row('where', 'where, 1 M floats', () => {
    const x = torch.randn(2 ** 20);
    const y = torch.randn(2 ** 20);
    const c = x.gt(0);
    return () => torch.where(c, x, y);
  }),
  row(
    'sgd',
    'SGD with momentum, 128 × 12,000',
    optimizerStep((p) => new torch.optim.SGD(p, { lr: 1e-3, momentum: 0.9 })),
  ),
  row(
    'adam',
    'Adam, 128 × 12,000',
    optimizerStep((p) => new torch.optim.Adam(p)),
  ),
  row(
    'adamw',
    'AdamW, 128 × 12,000',
    optimizerStep((p) => new torch.optim.AdamW(p)),
  ),
];
