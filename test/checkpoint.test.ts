// torch.utils.checkpoint: the same gradients as without it. The numbers of the first test are PyTorch 2.13's.
import assert from 'node:assert/strict';
import { describe, test, vi } from 'vitest';
import * as torch from '../lib/index.ts';
import { expectClose, flat } from './helpers.ts';

const { nn } = torch;
const { checkpoint, checkpointSequential } = torch.utils.checkpoint;
const once = { useReentrant: false };

class Block extends nn.Module<[x: torch.Tensor, scale?: number]> {
  a = new nn.Linear(8, 8);
  n = new nn.BatchNorm1d(8);
  d = new nn.Dropout(0.3);
  override forward(x: torch.Tensor, scale = 1): torch.Tensor {
    return x.add(this.d.forward(torch.tanh(this.n.forward(this.a.forward(x)))).mul(scale));
  }
}

describe('checkpoint', () => {
  test('trains a network with dropout as PyTorch does, and leaves its random numbers', () => {
    torch.manualSeed(0);
    const blocks = [new Block(), new Block(), new Block()];
    const head = new nn.Linear(8, 2);
    const optimizer = new torch.optim.AdamW(
      [...blocks, head].flatMap((m) => m.parameters()),
      { lr: 1e-2 },
    );
    const found: number[] = [];
    for (let step = 0; step < 2; step++) {
      let x: torch.Tensor = torch.randn(6, 8);
      for (const block of blocks) x = checkpoint((y: torch.Tensor, s: number) => block.forward(y, s), x, 0.5, once);
      const loss = head.forward(x).pow(2).mean();
      optimizer.zeroGrad();
      loss.backward();
      found.push(loss.item(), blocks[0]!.a.weight.grad!.norm().item(), torch.rand(1).item());
      optimizer.step();
    }
    const wanted = [0.204943, 0.321232, 0.92406, 0.482808, 0.81833, 0.314386];
    expectClose(found, wanted, 1e-5, 'losses');
  });

  test('differentiates twice, through tensors of outside and results that are left out', () => {
    const w = torch.tensor([0.5, -1.5, 2], { requiresGrad: true });
    const second = (run: typeof checkpoint): [torch.Tensor, torch.Tensor] => {
      const u = w.mul(2);
      const f = (x: torch.Tensor): torch.Tensor[] => [x.mul(u).add(w.sin().mul(x)), x.exp(), x];
      const [y, , same] = run(f, u.exp(), once);
      const [g] = torch.autograd.grad(y!.add(same!).sum(), w, { createGraph: true });
      return [g!, torch.autograd.grad(g!.pow(2).sum(), w)[0]!];
    };
    const bare = ((f: (x: torch.Tensor) => unknown, x: torch.Tensor) => f(x)) as typeof checkpoint;
    const [got, wanted] = [second(checkpoint), second(bare)];
    got.forEach((g, i) => expectClose(flat(g), flat(wanted[i]!), 1e-5, `order ${i}`));
  });

  test('hooks of parameters see one gradient, autocasting is that of forward', () => {
    const layer = new nn.Linear(2, 2);
    let calls = 0;
    layer.weight.registerHook((g) => {
      calls++;
      return g.mul(2);
    });
    const x = torch.ones(1, 2);
    const y = torch.autocast('cpu', { dtype: 'bfloat16' }, () =>
      checkpoint((z: torch.Tensor) => layer.forward(z), x, once),
    );
    assert.equal(y.dtype, 'bfloat16');
    y.sum().backward();
    assert.equal(calls, 1);
    assert.deepEqual(layer.weight.grad!.tolist(), [
      [2, 2],
      [2, 2],
    ]);
  });

  test('nodes are named as in PyTorch; without recording nothing is kept', () => {
    const x = torch.ones(2, { requiresGrad: true });
    const f = (z: torch.Tensor): torch.Tensor => z.exp().mul(2);
    assert.equal(checkpoint(f, x, once).gradFn!.name, 'MulBackward0');
    assert.equal(checkpoint(f, x, { useReentrant: true }).gradFn!.name, 'CheckpointFunctionBackward');
    assert.equal(torch.noGrad(() => checkpoint(f, x, once)).requiresGrad, false);
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    checkpoint(f, x);
    assert.match(String(warn.mock.calls[0]![0]), /useReentrant option should be passed/);
    warn.mockRestore();
  });

  test('refuses a second pass, arguments changed since, and functions that do something else', () => {
    const x = torch.ones(2, { requiresGrad: true });
    const y = checkpoint((z: torch.Tensor) => z.exp(), x, once);
    y.sum().backward();
    assert.throws(() => y.sum().backward(), /backward through the graph a second time/);
    const a = x.mul(1);
    const changed = checkpoint((z: torch.Tensor) => z.exp(), a, once);
    a.add_(1);
    assert.throws(() => changed.sum().backward(), /modified by an inplace operation/);
    let times = 0;
    const w = torch.ones(2, { requiresGrad: true });
    const other = checkpoint((z: torch.Tensor) => (times++ === 0 ? z.exp() : z.mul(w)), x, once);
    assert.throws(() => other.sum().backward(), /computed something else in backward/);
    assert.throws(() => checkpoint(3 as never, x), /checkpoint: expected a function/);
  });

  test('checkpointSequential is the network itself', () => {
    const net = new nn.Sequential(...Array.from({ length: 5 }, () => new nn.Linear(4, 4)));
    const x = torch.randn(2, 4, { requiresGrad: true });
    net.forward(x).sum().backward();
    const wanted = net.parameters().map((p) => p.grad!.clone());
    for (const segments of [1, 2, 5]) {
      net.zeroGrad();
      checkpointSequential(net, segments, x, once).sum().backward();
      net.parameters().forEach((p, i) => expectClose(flat(p.grad!), flat(wanted[i]!), 1e-6, `${segments} ${i}`));
    }
    assert.throws(() => checkpointSequential([], 1, x, once), /expected 1 to 0 segments/);
  });
});
