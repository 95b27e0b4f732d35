// Inference tensors: what PyTorch 2.13 forbids with them, and what it does not.
import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import * as torch from '../lib/index.ts';
import { expectRefusal } from './helpers.ts';

const { inferenceMode, isInference, nn, F } = torch;
const make = (): torch.Tensor => inferenceMode(() => torch.ones([2]));
const leaf = (): torch.Tensor => torch.ones([2], { requiresGrad: true });

describe('isInference', () => {
  test('is what was made in inference mode, and views of it', () => {
    const n = torch.ones([2]);
    const w = leaf();
    inferenceMode(() => {
      for (const x of [
        torch.ones([2]),
        n.mul(2),
        w.mul(2),
        n.clone(),
        torch.tensor([1]),
        torch.fromNumpy(new Float32Array(2)),
      ])
        assert.ok(isInference(x) && x.isInference());
      for (const x of [n, n.narrow(0, 0, 1), w.view(2), n.detach(), n.data, n.add_(1), n.contiguous()])
        assert.ok(!isInference(x));
    });
    const x = make();
    for (const y of [x.view(2), x.detach(), x.data, x.narrow(0, 0, 1)]) assert.ok(y.isInference());
    for (const y of [x.add(1), x.clone(), torch.ones([1])]) assert.ok(!y.isInference());
    n.data = x;
    assert.ok(!n.isInference());
    assert.ok(inferenceMode(() => new nn.Linear(2, 2)).weight.isInference());
    expectRefusal(() => isInference(3 as never), 'isInference', /expected a Tensor/);
  });
  test('recording stays off within, unless inference mode is switched off', () => {
    const w = leaf();
    inferenceMode(() => {
      torch.enableGrad(() => {
        assert.ok(torch.isGradEnabled() && torch.isInferenceModeEnabled());
        assert.ok(!w.mul(2).requiresGrad && w.mul(2).isInference());
      });
      inferenceMode(false, () => {
        assert.ok(torch.isGradEnabled() && !torch.isInferenceModeEnabled());
        assert.ok(w.mul(2).requiresGrad && !w.mul(2).isInference());
      });
      assert.ok(!torch.isGradEnabled() && torch.isInferenceModeEnabled());
    });
    assert.ok(torch.isGradEnabled() && !torch.isInferenceModeEnabled());
    expectRefusal(() => inferenceMode(true, 3 as never), 'inferenceMode', /expected a function/);
  });
});

describe('outside inference mode', () => {
  test('in-place updates are refused', () => {
    const message = /inplace update to inference tensor outside inferenceMode is not allowed/;
    const calls: Record<string, (x: torch.Tensor) => unknown> = {
      add_: (x) => x.add_(1),
      mul_: (x) => x.view(2).mul_(2),
      exp_: (x) => x.exp_(),
      fill_: (x) => x.fill_(1),
      zero_: (x) => x.zero_(),
      copy_: (x) => x.copy_(torch.zeros([2])),
      uniform_: (x) => x.uniform_(),
      unsqueeze_: (x) => x.unsqueeze_(0),
      resize_: (x) => x.resize_(3),
      add: (x) => torch.add(torch.ones([2]), 1, { out: x }),
      indexPut_: (x) => x.indexPut_([0], 1),
    };
    for (const [name, f] of Object.entries(calls)) {
      expectRefusal(() => f(make()), name, message);
      expectRefusal(() => torch.noGrad(() => f(make())), name, message);
      inferenceMode(() => f(make()));
    }
    const n = torch.ones([2]);
    assert.deepEqual(n.add_(make()).tolist(), [2, 2]);
    assert.deepEqual(n.copy_(make()).tolist(), [1, 1]);
  });
  test('what backward would need is refused, the rest is not', () => {
    const w = leaf();
    const message = /inference tensors cannot be saved for backward/;
    expectRefusal(() => w.mul(make()), 'mul', message);
    expectRefusal(
      () => F.linear(make(), torch.ones([2, 2], { requiresGrad: true })),
      ['linear', 'addmm', 'mm', 't', 'mv'],
      message,
    );
    expectRefusal(() => w.index(inferenceMode(() => torch.tensor([0]))), ['index'], message);
    expectRefusal(
      () =>
        w.gather(
          0,
          inferenceMode(() => torch.tensor([0])),
        ),
      'gather',
      message,
    );
    w.add(make()).sum().backward();
    torch.cat([w, make()]).sum().backward();
    torch.noGrad(() => w.mul(make()));
    assert.deepEqual(w.grad!.tolist(), [2, 2]);
    const inside = inferenceMode(() => torch.ones([2], { requiresGrad: true }));
    inside.add(2).sum().backward();
    assert.deepEqual(inside.grad!.tolist(), [1, 1]);
  });
  test('they require no gradient, and have no version', () => {
    const message = /on inference tensor outside inferenceMode/;
    expectRefusal(() => make().requiresGrad_(), 'requiresGrad_', message);
    expectRefusal(() => new nn.Parameter(make()), 'Parameter', message);
    assert.ok(!make().requiresGrad_(false).requiresGrad);
    assert.ok(inferenceMode(() => make().requiresGrad_()).requiresGrad);
    expectRefusal(() => make().version, 'version', /inference tensors/);
    class Twice extends torch.autograd.Function {
      static forward(ctx: torch.autograd.FunctionContext, x: torch.Tensor): torch.Tensor {
        ctx.saveForBackward(x);
        return x.mul(2);
      }
      static backward(_: torch.autograd.FunctionContext, g: torch.Tensor): torch.Tensor {
        return g.mul(2);
      }
    }
    inferenceMode(() => Twice.apply(make()));
    assert.deepEqual(Twice.apply(make()).tolist(), [2, 2]);
  });
});
