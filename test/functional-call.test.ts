// torch.func.functionalCall: modules with other parameters than their own.
import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import * as torch from '../lib/index.ts';
import { expectClose, flat } from './helpers.ts';

const { nn, F } = torch;
const { functionalCall } = torch.func;

describe('functionalCall', () => {
  test('learns to learn (MAML) as in PyTorch', () => {
    torch.manualSeed(0);
    const net = new nn.Sequential(new nn.Linear(1, 20), new nn.Tanh(), new nn.Linear(20, 1));
    const optimizer = new torch.optim.Adam(net.parameters(), { lr: 1e-2 });
    const found: number[] = [];
    for (let step = 0; step < 3; step++) {
      const x = torch.rand(10, 1).mul(10).sub(5);
      const y = torch.sin(x);
      let params: Record<string, torch.Tensor> = Object.fromEntries(net.namedParameters());
      for (let inner = 0; inner < 2; inner++) {
        const loss = F.mseLoss(functionalCall(net, params, [x]), y);
        const grads = torch.autograd.grad(loss, Object.values(params), { createGraph: true });
        params = Object.fromEntries(Object.entries(params).map(([k, p], i) => [k, p.sub(grads[i]!.mul(0.1))]));
      }
      const loss = F.mseLoss(functionalCall(net, params, x), y);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      found.push(loss.item(), net.getParameter('0.weight').grad!.norm().item());
    }
    expectClose(
      found,
      [0.3929636, 0.2640083, 0.6714641, 0.6460811, 0.5241528, 0.3026745],
      1e-5,
      'losses and gradients',
    );
  });

  test('replaces shared weights and buffers, and puts the own ones back', () => {
    const net = new nn.Sequential(new nn.Linear(2, 2), new nn.Linear(2, 2));
    (net.at(1) as torch.nn.Linear).weight = (net.at(0) as torch.nn.Linear).weight;
    const own = net.parameters();
    const [eye, zeros] = [torch.eye(2), torch.zeros(2)];
    const given = { '0.weight': eye.mul(3), '0.bias': zeros, '1.bias': zeros };
    assert.deepEqual(functionalCall(net, given, torch.ones(1, 2)).tolist(), [[9, 9]]);
    assert.deepEqual(net.parameters(), own);
    const norm = new nn.BatchNorm1d(1).eval();
    const y = functionalCall(
      norm,
      [{ running_mean: torch.ones(1) }, { weight: torch.full([1], 2.5) }],
      torch.ones(1, 1),
    );
    assert.deepEqual(flat(y), [0]);
    assert.equal(norm.weight!.item(), 1);
  });

  test('with strict, names must be those of the module; a failing call puts everything back', () => {
    const layer = new nn.Linear(1, 1);
    const { weight } = layer;
    const x = torch.ones(1);
    assert.throws(() => functionalCall(layer, { weight: x.view(1, 1) }, x, { strict: true }), /Missing key\(s\): bias/);
    assert.throws(() => functionalCall(layer, { wait: x }, x, { strict: true }), /Unexpected key\(s\): wait/);
    assert.throws(() => functionalCall(layer, [{ bias: x }, { bias: x }], x), /bias appears in several/);
    assert.throws(() => functionalCall(layer, { weight: torch.ones(3, 3) }, x), /linear/);
    assert.equal(layer.weight, weight);
  });
});
