// Optimizer steps and norms over lists of tensors on a GPU against the CPU: more tensors than one launch takes, long,
// short and empty ones, all floating dtypes. Run where there is a GPU, or with FLAMBEAU_CUDA=emulate.
import { describe, expect, test } from 'vitest';
import { runList } from '../../lib/dispatch.ts';
import * as torch from '../../lib/index.ts';
import { kernel } from '../../lib/native.ts';
import { available, numbers } from './available.ts';

const { optim } = torch;
const shapes = [[3], [10000], [70, 33], [0], [16384], ...Array.from({ length: 90 }, (_, i) => [i + 1])];
const tolerances = { float32: 3e-6, float64: 1e-12, float16: 2e-3, bfloat16: 1.6e-2 };
type Dtype = keyof typeof tolerances;
const dtypes = Object.keys(tolerances) as Dtype[];
const devices = ['cpu', 'cuda:0'];

function near(found: readonly torch.Tensor[], expected: readonly torch.Tensor[], tolerance: number): void {
  found.forEach((x, k) => {
    const wanted = numbers(expected[k]!);
    const most = Math.max(1e-30, ...wanted.filter(Number.isFinite).map(Math.abs));
    const wrong = numbers(x).filter((v, i) => {
      const w = wanted[i]!;
      return Number.isFinite(w) ? !(Math.abs(v - w) <= tolerance * most) : !Object.is(v, w);
    });
    expect(wrong, `tensor ${k}`).toEqual([]);
  });
}
const drawn = (device: string, dtype: Dtype): torch.Tensor[] => shapes.map((s) => torch.randn(s).to(dtype).to(device));

describe.runIf(available)('lists on a GPU', () => {
  test.each([
    ['SGD', (p: torch.Tensor[]) => new optim.SGD(p, { lr: 0.1, weightDecay: 0.1 })],
    ['SGD with momentum', (p: torch.Tensor[]) => new optim.SGD(p, { lr: 0.1, momentum: 0.9, nesterov: true })],
    ['Adam', (p: torch.Tensor[]) => new optim.Adam(p, { lr: 0.1, weightDecay: 0.1 })],
    ['amsgrad', (p: torch.Tensor[]) => new optim.AdamW(p, { lr: 0.1, amsgrad: true, maximize: true })],
    ['Adadelta', (p: torch.Tensor[]) => new optim.Adadelta(p, { lr: 0.5, weightDecay: 0.1 })],
    ['Adagrad', (p: torch.Tensor[]) => new optim.Adagrad(p, { lr: 0.1 })],
    ['Adamax', (p: torch.Tensor[]) => new optim.Adamax(p, { lr: 0.1 })],
    ['NAdam', (p: torch.Tensor[]) => new optim.NAdam(p, { lr: 0.1 })],
    ['RAdam', (p: torch.Tensor[]) => new optim.RAdam(p, { lr: 0.1 })],
    ['RMSprop', (p: torch.Tensor[]) => new optim.RMSprop(p, { lr: 0.1 })],
    ['centered RMSprop', (p: torch.Tensor[]) => new optim.RMSprop(p, { lr: 0.1, centered: true })],
    ['RMSprop with momentum', (p: torch.Tensor[]) => new optim.RMSprop(p, { lr: 0.1, momentum: 0.5 })],
    ['both', (p: torch.Tensor[]) => new optim.RMSprop(p, { lr: 0.1, momentum: 0.5, centered: true })],
    ['Rprop', (p: torch.Tensor[]) => new optim.Rprop(p, { lr: 0.1 })],
    ['ASGD', (p: torch.Tensor[]) => new optim.ASGD(p, { lr: 0.1, t0: 2 })],
  ])('steps of %s', (_, make) => {
    for (const dtype of dtypes) {
      const [expected, found] = devices.map((device) => {
        torch.manualSeed(1);
        const parameters = drawn(device, dtype).map((x) => x.detach().requiresGrad_());
        const optimizer = make(parameters);
        for (let i = 0; i < 6; i++) {
          for (const p of parameters) p.grad = torch.randn(p.shape).to(dtype).to(device);
          optimizer.step();
        }
        return parameters;
      });
      near(found!, expected!, tolerances[dtype]);
    }
  });

  test.each([0, 0.5, 1, 2, 3, Number.POSITIVE_INFINITY])('norms of order %d', (order) => {
    for (const dtype of dtypes) {
      for (const odd of [0, Number.NaN, Number.POSITIVE_INFINITY, ...(dtype === 'float16' ? [] : [1e25])]) {
        const [expected, found] = devices.map((device) => {
          torch.manualSeed(2);
          const list = drawn('cpu', dtype);
          if (odd !== 0) list[1]!.select(0, 777).fill_(odd);
          const pairs = list.map((x) => [x.to(device), torch.empty([1], { dtype, device })] as const);
          runList(kernel('normList'), pairs, [order]);
          return pairs.map(([, norm]) => norm);
        });
        near(found!, expected!, tolerances[dtype]);
      }
    }
  });

  test('sums, multiples and zeros', () => {
    for (const dtype of dtypes) {
      const [expected, found] = devices.map((device) => {
        torch.manualSeed(3);
        const a = drawn(device, dtype);
        const b = drawn(device, dtype);
        runList(
          kernel('addList'),
          a.map((x, i) => [x, b[i]!]),
          [0.3],
        );
        runList(
          kernel('scaleList'),
          a.map((x) => [x]),
          [0.7],
        );
        const part = b[1]!.narrow(0, 3, 4000);
        runList(
          kernel('zeroList'),
          [...b.slice(2), part].map((x) => [x]),
        );
        return [...a, ...b];
      });
      near(found!, expected!, tolerances[dtype]);
    }
  });
});
