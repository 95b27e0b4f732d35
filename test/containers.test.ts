// Sequential, ModuleList and ModuleDict as Python's lists and dicts are used: parts, removal, and subclasses with fields and
// forward functions of their own, as torchvision's models are written.
import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import * as torch from '../lib/index.ts';
import { expectRefusal } from './helpers.ts';

const { nn } = torch;
const linear = (n: number): torch.nn.Linear => new nn.Linear(n, n);
const names = (m: torch.nn.AnyModule): string[] => [...m.namedChildren()].map(([name]) => name);

describe('Sequential', () => {
  test('runs the modules that a subclass has as fields, in the order of their assignment', () => {
    class Transition extends nn.Sequential {
      norm = new nn.BatchNorm1d(2);
      relu = new nn.ReLU();
      scale = new nn.Parameter(torch.ones(1));
    }
    class Mixed extends nn.Sequential {
      tanh: torch.nn.Tanh;
      constructor() {
        super(linear(2));
        this.tanh = new nn.Tanh();
        this.addModule('after', linear(3));
      }
    }
    const net = new Transition();
    const x = torch.tensor([
      [-1.5, 1],
      [1.5, 3],
    ]);
    assert.deepEqual(net.forward(x).tolist(), net.norm.forward(x).relu().tolist());
    assert.notDeepEqual(net.forward(x).tolist(), x.tolist());
    assert.equal(net.length, 2);
    assert.deepEqual(Object.keys(net.stateDict()).slice(0, 2), ['scale', 'norm.weight']);
    const mixed = new Mixed();
    assert.deepEqual(names(mixed), ['0', 'tanh', 'after']);
    assert.deepEqual(
      [...mixed].map((m) => m.constructor.name),
      ['Linear', 'Tanh', 'Linear'],
    );
    assert.deepEqual(names(mixed.deepcopy()), ['0', 'tanh', 'after']);
    mixed.set(1, new nn.ReLU());
    assert.ok(mixed.tanh instanceof nn.ReLU);
    mixed.pop(0);
    assert.deepEqual(names(mixed), ['0', '1']);
  });

  test('gives parts, and takes and loses members', () => {
    const net = new nn.Sequential({ a: linear(1), b: new nn.ReLU(), c: linear(2) });
    assert.deepEqual([net.slice(0, 2), net.slice(-1), net.slice()].map(names), [['a', 'b'], ['c'], ['a', 'b', 'c']]);
    assert.equal(net.slice(1).get(0), net.get('b'));
    const list = new nn.Sequential(linear(1), linear(2));
    assert.equal(list.insert(1, new nn.Tanh()), list);
    list.insert(3, new nn.Identity()).insert(-1, new nn.ReLU());
    assert.deepEqual(
      [...list].map((m) => m.constructor.name),
      ['Linear', 'Tanh', 'Linear', 'ReLU', 'Identity'],
    );
    assert.ok(list.pop(-2) instanceof nn.ReLU);
    list.delete(0);
    assert.equal(
      String(list),
      'Sequential(\n  (0): Tanh()\n  (1): Linear(in_features=2, out_features=2, bias=True)\n  (2): Identity()\n)',
    );
    assert.equal(list.append(linear(4)).length, 4);
    expectRefusal(() => list.pop(4), 'Sequential', /out of range/);
    expectRefusal(() => list.insert(5, linear(1)), 'Sequential', /out of range/);
  });
});

test('ModuleList gives parts, and loses members', () => {
  const list = new nn.ModuleList([linear(1), linear(2), linear(3)]);
  assert.equal(list.slice(1).get(0), list.get(1));
  const last = list.get(-1);
  assert.equal(list.pop(-1), last);
  list.delete(0);
  assert.deepEqual(
    [...list].map((m) => m.inFeatures),
    [2],
  );
  expectRefusal(() => list.pop(1), 'ModuleList', /out of range/);
});

test('ModuleDict loses members, and has a forward in a subclass', () => {
  class Dense extends nn.ModuleDict<torch.nn.Linear, [x: torch.Tensor], torch.Tensor> {
    override forward(x: torch.Tensor): torch.Tensor {
      return torch.cat([x, ...[...this.values()].map((m) => m.forward(x))], 1);
    }
  }
  const net = new Dense({ a: linear(2), b: linear(2) });
  assert.deepEqual([...new nn.Sequential(net).forward(torch.ones(1, 2)).shape], [1, 6]);
  const a = net.get('a');
  assert.equal(net.pop('a'), a);
  assert.deepEqual([...net.keys()], ['b']);
  expectRefusal(() => net.pop('a'), 'ModuleDict', /no module 'a'/);
  net.clear();
  assert.equal(net.length, 0);
});
