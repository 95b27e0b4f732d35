// nn.DataParallel on as many GPUs as there are (the emulator has two): the same outputs, gradients and buffers as one.
import { expect, test } from 'vitest';
import * as torch from '../../lib/index.ts';
import { available } from './helpers.ts';

const { nn } = torch;

class Two extends nn.Module<
  [x: torch.Tensor, scale?: { by: torch.Tensor }],
  { out: torch.Tensor; mean: torch.Tensor }
> {
  body = new nn.Sequential(new nn.Linear(3, 4), new nn.BatchNorm1d(4), new nn.ReLU());
  head = new nn.Linear(4, 2);
  calls: string[] = [];
  override forward(x: torch.Tensor, scale?: { by: torch.Tensor }): { out: torch.Tensor; mean: torch.Tensor } {
    this.calls.push(`${x.device} ${torch.zeros(1, { device: 'cuda' }).device} [${x.shape.join()}]`);
    const out = this.head.forward(this.body.forward(x));
    return { out: scale ? out.mul(scale.by) : out, mean: out.mean() };
  }
}

test.runIf(available)('each GPU has its part of the batch, and gradients come together', () => {
  const count = torch.cuda.deviceCount();
  torch.manualSeed(3);
  const alone = new Two().to('cuda:0').eval();
  const model = new nn.DataParallel(new Two().to('cuda:0').eval());
  model.module.loadStateDict(alone.stateDict());
  expect(model.deviceIds).toEqual(Array.from({ length: count }, (_, i) => i));
  const x = torch.randn(5, 3);
  const by = torch.rand(5, 1);
  const got = model.forward(x, { by });
  const wanted = alone.forward(x.to('cuda:0'), { by: by.to('cuda:0') });
  expect(String(got.out.device)).toBe('cuda:0');
  expect(torch.allclose(got.out, wanted.out, { atol: 1e-6 })).toBe(true);
  if (count > 1) expect(got.mean.shape).toEqual([count]);
  const rows = Math.ceil(5 / count);
  expect(model.module.calls).toEqual(
    Array.from({ length: count }, (_, i) => `cuda:${i} cuda:${i} [${Math.min(rows, 5 - i * rows)},3]`),
  );
  got.out.square().sum().backward();
  wanted.out.square().sum().backward();
  for (const [name, p] of model.module.namedParameters()) {
    const grad = alone.getParameter(name).grad!;
    expect(String(p.grad!.device), name).toBe('cuda:0');
    expect(torch.allclose(p.grad!, grad, { atol: 1e-5 }), name).toBe(true);
  }
});

test.runIf(available)('buffers follow the first part, and it trains', () => {
  const count = torch.cuda.deviceCount();
  torch.manualSeed(4);
  const model = new nn.DataParallel(new Two().to('cuda:0'));
  const x = torch.randn(8, 3).to('cuda:0');
  const norm = model.module.body.get(1);
  const before = Object.fromEntries(norm.namedBuffers().map(([name, b]) => [name, b.clone()]));
  const first = x.narrow(0, 0, 8 / count);
  const mean = model.module.body.get(0).forward(first).mean(0).detach();
  model.forward(x);
  const buffers = Object.fromEntries(norm.namedBuffers());
  expect(torch.allclose(buffers.running_mean!, before.running_mean!.mul(0.9).add(mean.mul(0.1)), { atol: 1e-6 })).toBe(
    true,
  );
  expect(buffers.num_batches_tracked!.item()).toBe(1);
  const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.1 });
  const loss = (): torch.Tensor => model.forward(x).out.square().mean();
  const start = loss().item() as number;
  for (let i = 0; i < 5; i++) {
    optimizer.zeroGrad();
    loss().backward();
    optimizer.step();
  }
  expect(loss().item() as number).toBeLessThan(start / 2);
});

test.runIf(available && torch.cuda.deviceCount() > 1)('what is on another GPU is refused, by name', () => {
  const model = new nn.DataParallel(new nn.Linear(2, 1).to('cuda:1'));
  expect(() => model.forward(torch.ones(4, 2))).toThrow(
    'DataParallel: module must have its parameters and buffers on device cuda:0 (deviceIds[0]) but found one of them on device: cuda:1',
  );
  const second = new nn.DataParallel(new nn.Linear(2, 1).to('cuda:1'), { deviceIds: [1], outputDevice: 'cuda:0' });
  expect(String(second.forward(torch.ones(4, 2)).device)).toBe('cuda:0');
  expect(() => new nn.DataParallel(new nn.Linear(2, 1), [0, 99])).toThrow(/^DataParallel: 'cuda:99' is not available/);
  expect(torch.nn.parallel.scatter(torch.arange(3), [0, 1]).map((p) => String(p.device))).toEqual(['cuda:0', 'cuda:1']);
});

test.runIf(available)("on one GPU the output is the module's own, a loss of no dimensions, too", () => {
  const model = new nn.DataParallel(new Two().to('cuda:0').eval(), { deviceIds: [0] });
  const { out, mean } = model.forward(torch.ones(4, 3));
  expect(out.shape).toEqual([4, 2]);
  expect(mean.shape).toEqual([]);
});
