// Where modules and optimizers once differed from PyTorch, found by running the samples of its own tests (ModuleInfo and
// OptimizerInfo) here. The values are PyTorch 2.13's.
import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';
import { expectRefusal, flat } from './helpers.ts';

const { nn, optim } = torch;

describe('modules', () => {
  test('samples of fractional pooling are saved under PyTorch’s name, and may be of more images than there are', () => {
    for (const [Pool, dims] of [[nn.FractionalMaxPool2d, 2] as const, [nn.FractionalMaxPool3d, 3] as const]) {
      const samples = torch.full([2, 4, dims], 0.3, { dtype: 'float64' });
      const pool = new Pool(2, { outputSize: 3, _randomSamples: samples });
      assert.deepEqual(Object.keys(pool.stateDict()), ['_random_samples']);
      const images = torch
        .arange(2 * 4 * 8 ** dims, { dtype: 'float64' })
        .reshape([2, 4, ...new Array<number>(dims).fill(8)]);
      const first = pool.forward(images.select(0, 0));
      assert.ok(first.equal(pool.forward(images).select(0, 0)));
      const more = torch.full([3, 4, dims], 0.3, { dtype: 'float64' });
      assert.ok(pool.forward(images).equal(new Pool(2, { outputSize: 3, _randomSamples: more }).forward(images)));
      const less = new Pool(2, { outputSize: 3, _randomSamples: samples.narrow(0, 0, 1) });
      expectRefusal(() => less.forward(images), `fractionalMaxPool${dims}d`, /expected randomSamples/);
    }
    assert.deepEqual(Object.keys(new nn.FractionalMaxPool2d(2, { outputSize: 3 }).stateDict()), []);
  });
  test('windows of fractional pooling lie where bfloat16 arithmetic puts them', () => {
    const samples = torch.tensor([[[0.808_593_75, 0.992_187_5]]], { dtype: 'bfloat16' });
    const images = torch.arange(100).reshape(1, 1, 10, 10).to('bfloat16');
    const found = new nn.FractionalMaxPool2d<true>(2, { outputSize: 5, _randomSamples: samples, returnIndices: true });
    assert.deepEqual(flat(found.forward(images).indices.select(2, 0)), [11, 13, 15, 17, 19]);
  });
  test('a registered buffer is saved whatever its name', () => {
    const m = new nn.Identity();
    m.registerBuffer('_kept', torch.ones(1));
    m.registerBuffer('dropped', torch.ones(1), { persistent: false });
    assert.deepEqual(Object.keys(m.stateDict()), ['_kept']);
    assert.deepEqual(Object.keys(m.deepcopy().stateDict()), ['_kept']);
  });
  test('linear cross entropy has no bias unless asked for', () => {
    assert.equal(
      String(new nn.LinearCrossEntropyLoss(3, 4, { outFeatures: [2], labelSmoothing: 0.5 })),
      'LinearCrossEntropyLoss(\n  in_features=3, num_classes=4, out_features=(2,), bias=False, reduction=mean, ' +
        'ignore_index=None, label_smoothing=0.5, options=None\n' +
        '  (linear): Linear(in_features=3, out_features=8, bias=False)\n)',
    );
  });
  test.each([[0], [-1]])('batch normalization refuses eps %d', (eps) => {
    const x = torch.ones(2, 3);
    const message = /^batchNorm: batch_norm eps must be positive during training, but got /;
    expectRefusal(() => new nn.BatchNorm1d(3, { eps }).forward(x), 'batchNorm', message);
    expectRefusal(() => nn.functional.batchNorm(x, null, null, { training: true, eps }), 'batchNorm', message);
    if (eps < 0) {
      expectRefusal(() => new nn.BatchNorm1d(3, { eps }).eval().forward(x), 'batchNorm', /must be non-negative/);
    }
  });
  test('class weights must have the dtype of the input', () => {
    const [x, classes] = [torch.ones(2, 3), torch.tensor([0, 2])];
    const weight = torch.ones([3], { dtype: 'float16' });
    expectRefusal(() => torch.nllLoss(x, classes, { weight }), 'nllLoss', /float32.*float16/);
    expectRefusal(() => torch.crossEntropy(x, classes, { weight }), 'crossEntropy', /float32.*float16/);
    expectRefusal(() => torch.multiMarginLoss(x, classes, { weight }), 'multiMarginLoss', /float32.*float16/);
  });
});

describe('optimizers', () => {
  const w = (): torch.Tensor =>
    torch.tensor(
      [
        [1.5, -2],
        [0.5, 1],
      ],
      { requiresGrad: true },
    );

  test('what a group was given comes first in its state dict, then the defaults in PyTorch’s order', () => {
    const named = new optim.NAdam([['w', w()]]);
    assert.equal(
      Object.keys(named.stateDict().param_groups[0]!).join(),
      'param_names,lr,betas,eps,weight_decay,momentum_decay,decoupled_weight_decay,maximize,foreach,capturable,differentiable,params',
    );
    assert.match(String(named), /^ {4}param_names: \['w'\]$/m);
    const [group] = new optim.RAdam([{ params: [w()], weightDecay: 0.5 }]).stateDict().param_groups;
    assert.equal(
      Object.keys(group!).join(),
      'weight_decay,lr,betas,eps,maximize,foreach,capturable,decoupled_weight_decay,differentiable,params',
    );
    const [lbfgs] = new optim.LBFGS([w()]).stateDict().param_groups;
    assert.equal(
      Object.keys(lbfgs!).join(),
      'lr,max_iter,max_eval,tolerance_grad,tolerance_change,history_size,line_search_fn,params',
    );
  });
  test('a learning rate that is a tensor prints as its number', () => {
    assert.match(String(new optim.SGD([w()], { lr: torch.tensor(0.25) })), /^ {4}lr: 0.25$/m);
  });
  test.each([['Adam'], ['AdamW']] as const)('%s refuses tensors as options of foreach', (name) => {
    const make = (options: object) => () => new optim[name]([w()], { foreach: true, ...options });
    const suffix = 'as a Tensor is not supported for capturable=False and foreach=True';
    expect(make({ lr: torch.tensor(0.1) })).toThrow(`${name}: lr ${suffix}`);
    expect(make({ betas: [torch.tensor(0.9), torch.tensor(0.99)] })).toThrow(`${name}: betas[0] ${suffix}`);
    expect(make({ lr: 0.1 })).not.toThrow();
  });
  test('L-BFGS saves as tensors what PyTorch saves as tensors', () => {
    const p = w();
    const optimizer = new optim.LBFGS([p], { maxIter: 3 });
    optimizer.step(() => {
      optimizer.zeroGrad();
      const loss = p.pow(4).sum();
      loss.backward();
      return loss;
    });
    const { al, ro, H_diag } = optimizer.stateDict().state['0']! as Record<string, torch.Tensor[]>;
    for (const x of [al![0], ro![0], H_diag]) assert.ok(x instanceof torch.Tensor && (x as torch.Tensor).ndim === 0);
  });
  test('Muon rounds as PyTorch does', () => {
    const p = torch.arange(12, { dtype: 'float64' }).view(4, 3).mul(0.7).add(0.2).cos().mul(1.5).requiresGrad_();
    const optimizer = new optim.Muon([p], { lr: 0.1 });
    for (let step = 0; step < 3; step++) {
      const at = torch.arange(12, { dtype: 'float64' }).view(4, 3);
      p.grad = p
        .detach()
        .mul(0.5)
        .add(
          at
            .mul(1.7)
            .add(0.9 * step + 1)
            .sin(),
        );
      optimizer.step();
    }
    const got = flat(p);
    const wanted = [
      1.119250860022769, 0.7530365855878236, 0.019135262612145605, -0.8465291205494365, -1.4908314701955594,
      -0.9710331234192335, -0.3527070600503527, 0.2897210578912545, 1.1637784948954721, 1.3564662402958503,
      0.8445705903974157, -0.2087236169450394,
    ];
    wanted.forEach((v, i) => assert.ok(Math.abs(v - got[i]!) < 1e-9, `${i}: ${got[i]} instead of ${v}`));
  });
});

test('alpha multiplies in the dtype of the result', () => {
  const small = torch.tensor([200], { dtype: 'uint8' });
  assert.deepEqual(torch.add(torch.tensor([3]), small, { alpha: 3 }).tolist(), [603]);
  assert.deepEqual(torch.sub(torch.tensor([3]), small, { alpha: 3 }).tolist(), [-597]);
  assert.deepEqual(torch.rsub(small, torch.tensor([3]), { alpha: 3 }).tolist(), [-597]);
  assert.deepEqual(torch.tensor([3]).add_(small, { alpha: 3 }).tolist(), [603]);
  const half = torch.tensor([1.0078125], { dtype: 'bfloat16' });
  assert.equal(torch.add(torch.tensor([1]).to('float64'), half, { alpha: 0.3 }).item(), 1.30234375);
});

test('the derivative of GELU keeps the small numbers of float64', () => {
  const x = torch.tensor([-15], { dtype: 'float64', requiresGrad: true });
  torch.nn.functional.gelu(x).sum().backward();
  // x times the density, -8.296e-49, and the integral, 3.671e-51
  expect(Number(x.grad!.item()) / -8.2594e-49).toBeCloseTo(1, 3);
});
