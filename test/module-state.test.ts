// What modules save beside parameters (nn.Buffer, extra state), and PyTorch's old backward hook.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, vi } from 'vitest';
import * as torch from '../lib/index.ts';
import { expectRefusal } from './helpers.ts';

const { nn } = torch;

class Counter extends nn.Module {
  readonly weight = new nn.Parameter(torch.ones([2]));
  readonly inner = new nn.Linear(1, 1, { bias: false });
  count = 0;
  override forward(x: torch.Tensor): torch.Tensor {
    this.count++;
    return x.mul(this.weight);
  }
  override getExtraState(): unknown {
    return { count: this.count };
  }
  override setExtraState(state: unknown): void {
    this.count = (state as { count: number }).count;
  }
}
class Reader extends Counter {
  override getExtraState = nn.Module.prototype.getExtraState;
}
class Writer extends Counter {
  override setExtraState = nn.Module.prototype.setExtraState;
}

describe('extra state', () => {
  test('stands behind the module’s own tensors, and is loaded', () => {
    const net = new nn.Sequential(new Counter());
    (net.get(0) as Counter).count = 7;
    const dict = net.stateDict();
    assert.deepEqual(Object.keys(dict), ['0.weight', '0._extra_state', '0.inner.weight']);
    assert.deepEqual(dict['0._extra_state'], { count: 7 });
    const other = new nn.Sequential(new Counter());
    assert.equal(String(other.loadStateDict(dict)), '<All keys matched successfully>');
    assert.equal((other.get(0) as Counter).count, 7);
  });
  test('missing and unexpected keys', () => {
    const { missingKeys } = new Counter().loadStateDict({}, { strict: false });
    assert.deepEqual(missingKeys, ['weight', '_extra_state', 'inner.weight']);
    const dict = new Counter().stateDict();
    assert.deepEqual(new Writer().loadStateDict(dict, { strict: false }).unexpectedKeys, ['_extra_state']);
    assert.throws(() => new Writer().loadStateDict(dict), /^Error: loadStateDict: Error\(s\) in loading/);
    assert.throws(() => new Writer().loadStateDict(dict), /Unexpected key\(s\) in state_dict: "_extra_state"/);
    const reader = new Reader();
    assert.deepEqual(Object.keys(reader.stateDict()), ['weight', 'inner.weight']);
    assert.throws(() => reader.loadStateDict(reader.stateDict()), /Missing key\(s\) in state_dict: "_extra_state"/);
  });
  test('modules without it have none', () => {
    expectRefusal(() => new nn.Identity().getExtraState(), 'getExtraState', /Identity has no extra state/);
    expectRefusal(() => new nn.Identity().setExtraState(1), 'setExtraState', /Identity takes no extra state/);
  });
  test('goes through files', () => {
    const net = new Counter();
    net.count = 3;
    const other = new Counter();
    const folder = mkdtempSync(join(tmpdir(), 'extra-'));
    try {
      const file = join(folder, 'net.pt');
      torch.save(net.stateDict(), file);
      other.loadStateDict(torch.load(file) as torch.nn.StateDict);
    } finally {
      rmSync(folder, { recursive: true });
    }
    assert.equal(other.count, 3);
  });
});

describe('nn.Buffer', () => {
  class Net extends nn.Module {
    _kept = new nn.Buffer(torch.ones([2]));
    dropped = new nn.Buffer(torch.ones([2]), { persistent: false });
    override forward(x: torch.Tensor): torch.Tensor {
      return x.add(this._kept);
    }
  }
  test('is saved by what it says, not by its name', () => {
    for (const net of [new Net(), new Net().deepcopy(), new Net().double()]) {
      assert.deepEqual(Object.keys(net.stateDict()), ['_kept']);
      assert.deepEqual(
        net.namedBuffers().map(([name]) => name),
        ['_kept', 'dropped'],
      );
      assert.equal(net.parameters().length, 0);
      assert.ok(net.dropped instanceof nn.Buffer && !net.dropped.persistent);
    }
  });
  test('shares memory with what it is made of, and prints as a tensor', () => {
    const x = torch.zeros([2]);
    const buffer = new nn.Buffer(x);
    x.fill_(2);
    assert.equal(String(buffer), 'tensor([2., 2.])');
    assert.ok(!buffer.requiresGrad && new nn.Buffer(torch.ones([1], { requiresGrad: true })).requiresGrad);
  });
  test('refusals', () => {
    expectRefusal(() => new nn.Buffer(3 as never), 'Buffer');
    expectRefusal(() => new nn.Buffer(torch.ones([1]), { persist: true } as never), 'Buffer', /unknown option/);
    expectRefusal(() => new nn.Buffer(torch.ones([1]), { persistent: 1 as never }), 'Buffer', /boolean/);
  });
});

describe('registerBackwardHook', () => {
  const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  test('sees the gradients of the last operation, and may give others', () => {
    warnings.mockClear();
    const layer = new nn.ReLU();
    const seen: unknown[] = [];
    const handle = layer.registerBackwardHook((_, given, wanted) => {
      seen.push(
        given.map((g) => g?.tolist()),
        wanted.map((g) => g?.tolist()),
      );
      return given.map((g) => g?.mul(10) ?? null);
    });
    const x = torch.tensor([-1, 2], { requiresGrad: true });
    const run = (): number[] => {
      x.grad = null;
      layer.forward(x.mul(1)).mul(3).sum().backward();
      return x.grad!.tolist() as number[];
    };
    assert.deepEqual(run(), [0, 30]);
    assert.deepEqual(seen, [[[0, 3]], [[3, 3]]]);
    handle.remove();
    assert.deepEqual(run(), [0, 3]);
    assert.equal(warnings.mock.calls.length, 0);
  });
  test('warns where it misses operations, and goes not with full hooks', () => {
    const net = new nn.Sequential(new nn.Linear(2, 2), new nn.Tanh());
    net.registerBackwardHook(() => undefined);
    net
      .forward(torch.ones([1, 2]))
      .sum()
      .backward();
    assert.match(String(warnings.mock.calls.at(-1)![0]), /when the forward contains multiple autograd Nodes/);
    expectRefusal(() => net.registerFullBackwardHook(() => undefined), 'registerFullBackwardHook', /Cannot use both/);
    const other = new nn.Tanh();
    other.registerFullBackwardHook(() => undefined);
    expectRefusal(() => other.registerBackwardHook(() => undefined), 'registerBackwardHook', /Cannot use both/);
  });
});

test('a saved result requires a gradient, as a saved leaf does', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flambeau-'));
  try {
    const file = join(folder, 'loss.pt');
    const weight = torch.ones(2, { requiresGrad: true });
    torch.save({ weight, loss: weight.sum(), value: weight.sum().detach() }, file);
    const loaded = torch.load(file) as Record<string, torch.Tensor>;
    assert.deepEqual(
      Object.values(loaded).map((x) => [x.requiresGrad, x.isLeaf]),
      [
        [true, true],
        [true, true],
        [false, true],
      ],
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('registering by name', () => {
  const make = (): torch.nn.Module => {
    const m = new nn.Identity();
    m.registerParameter('p', new nn.Parameter(torch.ones([2])));
    m.registerBuffer('b', torch.zeros([2]));
    m.registerModule('m', new nn.ReLU());
    m.registerParameter('none', null);
    return m;
  };
  const set = (m: torch.nn.Module, name: string, value: unknown): void => void Reflect.set(m, name, value);
  const parameter = new nn.Parameter(torch.ones([1]));
  test('refuses names that are taken by something else', () => {
    const taken = (m: torch.nn.Module, name: string, kinds: string): void => {
      const message = new RegExp(`attribute '${name}' already exists`);
      if (kinds.includes('b')) expectRefusal(() => m.registerBuffer(name, torch.ones([1])), 'registerBuffer', message);
      if (kinds.includes('p')) expectRefusal(() => m.registerParameter(name, parameter), 'registerParameter', message);
      if (kinds.includes('m')) expectRefusal(() => m.addModule(name, new nn.Tanh()), 'registerModule', message);
    };
    taken(make(), 'p', 'bm');
    taken(make(), 'none', 'bm');
    taken(make(), 'b', 'pm');
    taken(make(), 'm', 'bp');
    taken(make(), 'forward', 'bpm');
    taken(make(), 'training', 'bpm');
    taken(new nn.Linear(1, 1), 'weight', 'bm');
    taken(new nn.Linear(1, 1), 'inFeatures', 'bpm');
    const m = make();
    m.registerBuffer('b', torch.ones([3]));
    m.registerParameter('none', parameter);
    m.addModule('m', null);
    m.addModule('m', new nn.Tanh());
    assert.deepEqual(Object.keys(m.stateDict()), ['p', 'none', 'b']);
    Reflect.deleteProperty(m, 'p');
    m.registerBuffer('p', torch.ones([1]));
    assert.equal(m.parameters().length, 1);
  });
  test('refuses names that have no place in a state dict', () => {
    for (const name of ['', 'a.b', 3 as never]) {
      expectRefusal(() => make().registerBuffer(name, null), 'registerBuffer', /name/);
      expectRefusal(() => make().registerParameter(name, null), 'registerParameter', /name/);
      expectRefusal(() => make().addModule(name, new nn.ReLU()), 'registerModule', /name/);
      expectRefusal(() => new nn.Sequential([[name, new nn.ReLU()]] as never), 'Sequential', /name/);
      expectRefusal(() => new nn.ModuleDict([[name, new nn.ReLU()]]), 'ModuleDict', /name/);
      expectRefusal(() => new nn.ParameterDict([[name, torch.ones([1])]]), 'ParameterDict', /name/);
    }
  });
  test('fields go on refusing what they are not for, in copies too', () => {
    for (const m of [make(), make().deepcopy()]) {
      expectRefusal(
        () => set(m, 'p', torch.ones([2])),
        'Identity',
        /cannot assign a Tensor as parameter 'p' \(a Parameter or null expected\)/,
      );
      expectRefusal(() => set(m, 'none', torch.ones([2])), 'Identity', /as parameter 'none'/);
      expectRefusal(() => set(m, 'b', 'text'), 'Identity', /cannot assign 'text' as buffer 'b' \(a Tensor or null/);
      expectRefusal(
        () => set(m, 'm', torch.ones([1])),
        'Identity',
        /as child module 'm' \(a Module or null expected\)/,
      );
      set(m, 'p', null);
      set(m, 'b', null);
      set(m, 'm', null);
      assert.deepEqual(Object.keys(m.stateDict()), []);
      expectRefusal(() => set(m, 'p', torch.ones([2])), 'Identity', /as parameter/);
      set(m, 'b', parameter); // becomes a parameter, as there
      expectRefusal(() => set(m, 'b', torch.ones([2])), 'Identity', /as parameter/);
      set(m, 'p', new nn.ReLU());
      assert.deepEqual([m.parameters().length, m.children().length], [1, 1]);
      Reflect.deleteProperty(m, 'b');
      set(m, 'b', torch.ones([2]));
      assert.equal(m.buffers().length, 1);
    }
    const m = make();
    const other = torch.tensor([5]);
    torch.func.functionalCall(m, { p: other }, torch.ones([1]));
    assert.equal(m.parameters().length, 1);
  });
});
