// What grows along the curves, and the least work of each point. Read by curves.ts, draw.ts and worker.ts; its twin is
// series.py, which makes the same inputs. A point is named "picture/series/x".
import * as torch from 'flambeau';
import { type Batch, crossEntropy, type Row, training } from '../row.ts';
import { gpt } from '../workloads/gpt.ts';
import { lenet } from '../workloads/lenet.ts';
import { mlp } from '../workloads/mlp-digits.ts';

/** What a machine must do at least: bytes to and from memory, and floating-point operations. */
export interface Work {
  readonly bytes: number;
  readonly flops: number;
}
/** One curve: a piece of work at growing `xs`. */
export interface Series {
  readonly picture: 'size' | 'batch' | 'depth' | 'threads';
  readonly name: string;
  readonly title: string;
  readonly xs: readonly number[];
  /** What x counts, where it is not what the picture's other curves count. */
  readonly axis?: string;
  readonly build: (x: number) => () => (n: number) => void;
  /** The least work of one step, if there is a simple one. */
  readonly work: ((x: number) => Work) | null;
  /** Built anew for each block, as in Row. */
  readonly fresh?: boolean;
}

/** The last result, so that no compiler can leave the work out. */
export let last: unknown = null;

/** f of random inputs, again and again. */
const on =
  (sizes: (x: number) => number[], count: number, f: (x: torch.Tensor, y: torch.Tensor) => unknown) =>
  (x: number) =>
  () => {
    torch.manualSeed(0);
    const [a, b] = Array.from({ length: count }, () => torch.randn(sizes(x)));
    return (n: number): void => {
      for (let i = 0; i < n; i++) last = f(a!, b ?? a!);
    };
  };

/** from, from·by, … up to `to`. */
const powers = (from: number, by: number, to: number): number[] => {
  const xs: number[] = [];
  for (let x = from; x <= to; x *= by) xs.push(x);
  return xs;
};
const flat = (x: number): number[] => [x];
const rows = (x: number): number[] => [x / 1024, 1024];
const square = (n: number): number[] => [n, n];
/** So many bytes an element and nothing to compute that counts. */
const moved = (bytes: number) => (x: number) => ({ bytes: bytes * x, flops: 0 });
const product = (n: number): Work => ({ bytes: 12 * n * n, flops: 2 * n ** 3 });

const SIZES = powers(1, 4, 2 ** 26);
const size: readonly Series[] = [
  { name: 'add', title: 'add', xs: SIZES, build: on(flat, 2, (x, y) => x.add(y)), work: moved(12) },
  { name: 'exp', title: 'exp', xs: SIZES, build: on(flat, 1, (x) => x.exp()), work: moved(8) },
  { name: 'sum', title: 'sum', xs: SIZES, build: on(flat, 1, (x) => x.sum()), work: moved(4) },
  {
    name: 'softmax',
    title: 'softmax, rows of 1024',
    xs: powers(1024, 4, 2 ** 26),
    build: on(rows, 1, (x) => x.softmax(1)),
    work: moved(8),
  },
  { name: 'sort', title: 'sort', xs: powers(1, 4, 2 ** 22), build: on(flat, 1, (x) => x.sort()), work: moved(16) },
  {
    name: 'matmul',
    title: 'matmul n × n',
    xs: powers(8, 2, 4096),
    axis: 'n',
    build: on(square, 2, (x, y) => x.matmul(y)),
    work: product,
  },
].map((s) => ({ ...s, picture: 'size' as const }));

const MLP_WEIGHTS = 784 * 128 + 128 * 10;
/** Both directions: twice forward's products for weights and data, without the data of the first layer. */
const mlpWork = (batch: number): Work => ({
  // gradient written and read; parameter and two moments read and written
  bytes: 4 * (8 * MLP_WEIGHTS + 784 * batch),
  flops: 2 * batch * (2 * 784 * 128 + 3 * 1280),
});
const lenetWork = (batch: number): Work => {
  const first = 28 * 28 * 6 * 25;
  const others = 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 840;
  return { bytes: 4 * (784 * batch + 4 * 61_706), flops: 2 * batch * (2 * first + 3 * others) };
};
const gptWork = (batch: number): Work => {
  const weights = 4 * 12 * 128 ** 2 + 65 * 128;
  const attention = 4 * 64 * 128; // half of the square, two products
  return { bytes: 4 * 8 * weights, flops: 6 * batch * 64 * (weights + attention) };
};
const BATCHES = powers(1, 2, 256);
const batch: readonly Series[] = [
  { name: 'mlp', title: 'MLP 784-128-10, Adam', xs: BATCHES, build: mlp, work: mlpWork, fresh: true },
  { name: 'lenet', title: 'LeNet, SGD', xs: BATCHES, build: lenet, work: lenetWork },
  { name: 'gpt', title: 'GPT, 4 layers, AdamW', xs: BATCHES, build: gpt, work: gptWork },
].map((s) => ({ ...s, picture: 'batch' as const }));

/** Layers of 256 with ReLU on batches of 64, SGD. */
const deep = (layers: number) => () => {
  torch.manualSeed(0);
  const { Linear, ReLU, Sequential } = torch.nn;
  const model = new Sequential(...Array.from({ length: layers }, () => [new Linear(256, 256), new ReLU()]).flat());
  const batches = Array.from({ length: 8 }, (): Batch => [torch.randn(64, 256), torch.randint(256, [64])]);
  return training(model, crossEntropy, new torch.optim.SGD(model.parameters(), { lr: 1e-3 }), batches);
};
const depth: Series = {
  picture: 'depth',
  name: 'mlp',
  title: 'MLP, layers of 256, batch 64, SGD',
  xs: powers(1, 2, 32),
  build: deep,
  work: (layers) => ({ bytes: 16 * layers * 256 ** 2, flops: 2 * 64 * 256 ** 2 * (3 * layers - 1) }),
};

/** The points at which the same work is done by more and more threads. */
function threadSeries(cores: number): Series[] {
  const xs = [...new Set([...powers(1, 2, cores), cores])];
  const fixed = (name: string, title: string, from: readonly Series[], of: string, x: number): Series => {
    const { build, work, fresh } = from.find((s) => s.name === of)!;
    return {
      picture: 'threads',
      name,
      title,
      xs,
      build: () => build(x),
      work: work && (() => work(x)),
      fresh: fresh ?? false,
    };
  };
  return [
    fixed('add', 'add, 16 M floats', size, 'add', 2 ** 24),
    fixed('softmax', 'softmax, 16 K × 1024', size, 'softmax', 2 ** 24),
    fixed('matmul', 'matmul 1024³', size, 'matmul', 1024),
    fixed('mlp', 'MLP 784-128-10, batch 64', batch, 'mlp', 64),
    fixed('lenet', 'LeNet, batch 64', batch, 'lenet', 64),
    fixed('gpt', 'GPT, batch 12', batch, 'gpt', 12),
  ];
}

/** All curves on a machine of so many cores. */
export const allSeries = (cores: number): readonly Series[] => [...size, ...batch, depth, ...threadSeries(cores)];

/** The point of a curve as the workers take it. */
export function curveRow(name: string): Row | undefined {
  const [picture, of, x] = name.split('/');
  const series = allSeries(1).find((s) => s.picture === picture && s.name === of);
  return series && { name, title: series.title, wanted: 1, build: series.build(Number(x)) };
}
