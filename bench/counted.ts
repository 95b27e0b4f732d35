// The workloads whose instructions are counted. Read by counts.ts, and by counting.ts, which does them.
import * as torch from 'flambeau';
import { rows as addSmall } from './workloads/add-small.ts';
import { lenet } from './workloads/lenet.ts';
import { mlp } from './workloads/mlp-digits.ts';
import { rows as mlpXor } from './workloads/mlp-xor.ts';

const F = torch.nn.functional;

export interface Counted {
  readonly name: string;
  /** Whether the work in JavaScript is counted, beside that of the kernels: in a process of its own. */
  readonly javascript: boolean;
  /** Steps until V8 has compiled what it will. */
  readonly warmup: number;
  /** Steps of a block. The least of all blocks counts: that of a block in which V8 compiled nothing. */
  readonly steps: number;
  readonly build: () => (n: number) => void;
}
/** Blocks a row. */
export const blocks = (row: Counted): number => (row.javascript ? 6 : 2);

const from = (rows: readonly { name: string; build: () => (n: number) => void }[], name: string) =>
  rows.find((row) => row.name === name)!.build;
const whole = (name: string, warmup: number, steps: number, build: Counted['build']): Counted => ({
  name,
  javascript: true,
  warmup,
  steps,
  build,
});

/** The last result, so that no compiler can leave the work out. */
export let last: unknown = null;
const kernels = (name: string, build: () => () => unknown): Counted => ({
  name,
  javascript: false,
  warmup: 2,
  steps: 1,
  build: () => {
    torch.manualSeed(0);
    const f = build();
    return (n) => {
      for (let i = 0; i < n; i++) last = f();
    };
  },
});
const once = (build: () => (n: number) => void) => () => {
  const f = build();
  return () => f(1);
};
const leaf = (...sizes: number[]): torch.Tensor => torch.randn(sizes).requiresGrad_();
/** Forward and the gradients of all `leaves`. */
const trained = (leaves: readonly torch.Tensor[], f: () => torch.Tensor) => () => {
  const y = f();
  y.backward(torch.onesLike(y));
  for (const one of leaves) one.grad = null;
};

export const rows: readonly Counted[] = [
  whole('add-4', 20000, 2000, from(addSmall, 'add-4')),
  whole('add-4-grad', 20000, 2000, from(addSmall, 'add-4-grad')),
  whole('mlp-xor', 5000, 200, from(mlpXor, 'mlp-xor')),
  kernels('mlp-digits', once(mlp(64, 1))),
  kernels('lenet', once(lenet(8, 1))),
  kernels('sgemm-128', () => {
    const a = torch.randn(128, 128);
    const b = torch.randn(128, 128);
    return () => a.matmul(b);
  }),
  kernels('conv-3x3', () => {
    const x = leaf(2, 32, 16, 16);
    const w = leaf(32, 32, 3, 3);
    return trained([x, w], () => F.conv2d(x, w, null, { padding: 1 }));
  }),
  kernels('sum', () => {
    const x = torch.randn(2 ** 16);
    return () => x.sum();
  }),
  kernels('softmax', () => {
    const x = torch.randn(256, 256);
    return () => x.softmax(1);
  }),
  kernels('layer-norm', () => {
    const x = leaf(256, 256);
    const w = leaf(256);
    const b = leaf(256);
    return trained([x, w, b], () => F.layerNorm(x, [256], w, b));
  }),
  kernels('gelu', () => {
    const x = leaf(2 ** 16);
    return trained([x], () => F.gelu(x));
  }),
  kernels('adamw', () => {
    const params = Array.from({ length: 16 }, () => leaf(4096));
    for (const p of params) p.grad = torch.randn(4096);
    const optimizer = new torch.optim.AdamW(params);
    return () => optimizer.step();
  }),
];
