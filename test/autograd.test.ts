// The rules of autograd: leaves, accumulation, what is kept, hooks, versions, writing to views, custom functions, errors.
// Gradients through views and in-place operations are compared with PyTorch's (scripts/oracle.py autograd).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';
import { expectClose, expectRefusal, flat, lcg } from './helpers.ts';

const { AutogradError, Tensor } = torch;
type T = torch.Tensor;
const leaf = (values: number[] = [1.5, -2, 3]): T => torch.tensor(values, { dtype: 'float64', requiresGrad: true });
const list = (x: T | null): unknown => (x === null ? null : x.tolist());

describe('leaves', () => {
  test('what the user makes is a leaf, what is computed is not', () => {
    const x = leaf();
    const y = x.mul(2);
    expect([x.isLeaf, x.requiresGrad, x.gradFn]).toEqual([true, true, null]);
    expect([y.isLeaf, y.requiresGrad, y.gradFn?.name]).toEqual([false, true, 'MulBackward0']);
    const matrix = torch.ones(2, 3, { requiresGrad: true });
    const views = [matrix.T, matrix.t(), matrix.mT, matrix.H, matrix.index(0).T];
    expect(views.map((v) => v.gradFn?.name)).toEqual([
      'PermuteBackward0',
      'TBackward0',
      'TransposeBackward0',
      'TransposeBackward0',
      'PermuteBackward0',
    ]);
    expect([y.detach().isLeaf, y.detach().requiresGrad]).toEqual([true, false]);
    expect(torch.ones(2).mul(2).isLeaf).toBe(true);
  });

  test('only leaves may change requiresGrad, only floating tensors may require gradients', () => {
    const y = leaf().mul(2);
    expect(() => y.requiresGrad_(false)).toThrow(AutogradError);
    expect(() => torch.tensor([1, 2]).requiresGrad_()).toThrow(torch.DtypeError);
    expect(() => torch.tensor([1, 2], { dtype: 'int64', requiresGrad: true })).toThrow(torch.DtypeError);
  });

  test('only leaves get a grad, others when asked', () => {
    const x = leaf();
    const y = x.mul(2);
    const z = y.mul(3);
    z.retainGrad();
    z.sum().backward();
    expect([list(x.grad), y.grad, list(z.grad)]).toEqual([[6, 6, 6], null, [1, 1, 1]]);
    expect(() => torch.ones(2).retainGrad()).toThrow(AutogradError);
  });

  test('results that are not floating are not recorded', () => {
    const x = leaf();
    expect(x.gt(0).requiresGrad).toBe(false);
    expect(x.argmax().requiresGrad).toBe(false);
    expect(x.sort().indices.requiresGrad).toBe(false);
    expect(x.to('int64').requiresGrad).toBe(false);
  });
});

describe('backward', () => {
  test('accumulates, and starts again from null', () => {
    const x = leaf();
    x.mul(2).sum().backward();
    x.mul(3).sum().backward();
    expect(list(x.grad)).toEqual([5, 5, 5]);
    x.grad = null;
    x.sum().backward();
    expect(list(x.grad)).toEqual([1, 1, 1]);
  });

  test('gradients of one leaf are its own memory', () => {
    const [x, y] = [leaf(), leaf()];
    x.add(y).sum().backward();
    x.grad!.mul_(2);
    expect([list(x.grad), list(y.grad)]).toEqual([
      [2, 2, 2],
      [1, 1, 1],
    ]);
  });

  test('takes the gradient of what is no scalar', () => {
    const x = leaf();
    expect(() => x.mul(2).backward()).toThrow(/^backward: .*scalar.*\[3\]/);
    x.mul(2).backward(torch.tensor([1, 10, 100], { dtype: 'float64' }));
    expect(list(x.grad)).toEqual([2, 20, 200]);
    expect(() => x.mul(2).backward(torch.ones(2))).toThrow(torch.ShapeError);
    expect(() => torch.ones([]).backward()).toThrow(AutogradError);
  });

  test('frees what it kept, unless retainGraph', () => {
    const x = leaf();
    const y = x.mul(x).sum();
    y.backward({ retainGraph: true });
    y.backward();
    expect(list(x.grad)).toEqual([6, -8, 12]);
    expect(() => y.backward()).toThrow(/second time.*retainGraph/);
  });

  test('fills only the inputs that are named', () => {
    const [x, y] = [leaf(), leaf()];
    x.mul(y)
      .sum()
      .backward({ inputs: [x] });
    expect([list(x.grad), y.grad]).toEqual([[1.5, -2, 3], null]);
    expect(() => x.sum().backward({ inputs: [] })).toThrow(AutogradError);
  });

  test('undoes broadcasting and promotion', () => {
    const x = torch.ones([1, 3], { requiresGrad: true });
    const y = torch.ones([2, 1], { dtype: 'float64', requiresGrad: true });
    x.mul(y).sum().backward();
    expect([list(x.grad), x.grad!.dtype, list(y.grad), y.grad!.dtype]).toEqual([
      [[2, 2, 2]],
      'float32',
      [[3], [3]],
      'float64',
    ]);
  });

  test('a graph of 100,000 operations', () => {
    const x = leaf();
    let y: T = x;
    for (let i = 0; i < 100_000; i++) y = y.add(1);
    y.sum().backward();
    expect(list(x.grad)).toEqual([1, 1, 1]);
    const [g] = torch.autograd.grad(x.add(0).sum(), x);
    expect(list(g!)).toEqual([1, 1, 1]);
  });

  test('a diamond whose paths are summed', () => {
    const x = leaf();
    let y: T = x;
    for (let i = 0; i < 30; i++) y = y.add(y);
    y.sum().backward();
    expect(list(x.grad)).toEqual([2 ** 30, 2 ** 30, 2 ** 30]);
  });
});

describe('grad', () => {
  test('leaves grad alone', () => {
    const x = leaf();
    const [g] = torch.autograd.grad(x.mul(x).sum(), x);
    expect([list(g!), x.grad, g!.requiresGrad]).toEqual([[3, -4, 6], null, false]);
  });

  test('also of what is no leaf, and several at once', () => {
    const x = leaf();
    const y = x.mul(2);
    const grads = torch.autograd.grad(y.mul(y).sum(), [y, x, y]);
    expect(grads.map((g) => list(g))).toEqual([
      [6, -8, 12],
      [12, -16, 24],
      [6, -8, 12],
    ]);
  });

  test('unused inputs', () => {
    const [x, y] = [leaf(), leaf()];
    expect(() => torch.autograd.grad(x.sum(), [y])).toThrow(/not have been used.*allowUnused/);
    expect(torch.autograd.grad(x.sum(), [y], { allowUnused: true })).toEqual([null]);
    const wild = leaf([Number.POSITIVE_INFINITY, Number.NaN, -1]);
    expect(torch.autograd.grad(x.sum(), [wild], { materializeGrads: true }).map((g) => list(g))).toEqual([[0, 0, 0]]);
    expect(() => torch.autograd.grad(x.sum(), torch.ones(2))).toThrow(AutogradError);
  });

  test('gradOutputs', () => {
    const x = leaf();
    const [g] = torch.autograd.grad([x.mul(2), x.mul(3)], x, {
      gradOutputs: [torch.ones([3], { dtype: 'float64' }), torch.full([3], 2, { dtype: 'float64' })],
    });
    expect(list(g!)).toEqual([8, 8, 8]);
  });

  test('createGraph: derivatives of derivatives, to the fourth', () => {
    const x = leaf();
    let y: T = x.pow(4).sum();
    for (const wanted of [(v: number) => 4 * v ** 3, (v: number) => 12 * v ** 2, (v: number) => 24 * v, () => 24]) {
      const [g] = torch.autograd.grad(y, x, { createGraph: true });
      expectClose(flat(g!), flat(x).map(wanted), 1e-12, 'derivative');
      y = g!.sum();
    }
  });

  test('a penalty on the gradient', () => {
    const [x, w] = [leaf([1, 2]), leaf([3, -1])];
    const [g] = torch.autograd.grad(x.mul(w).sin().sum(), x, { createGraph: true });
    g!.square().sum().backward();
    // d/dw (w cos(xw))² = 2 w cos(xw) (cos(xw) - xw sin(xw))
    const wanted = [
      [1, 3],
      [2, -1],
    ].map(([a, b]) => 2 * b! * Math.cos(a! * b!) * (Math.cos(a! * b!) - a! * b! * Math.sin(a! * b!)));
    expectClose(flat(w.grad!), wanted, 1e-12, 'penalty');
  });
});

describe('modes', () => {
  test('noGrad records nothing, enableGrad does inside it', () => {
    const x = leaf();
    const [a, b] = torch.noGrad(() => [x.mul(2), torch.enableGrad(() => x.mul(2))] as const);
    expect([a.requiresGrad, b.requiresGrad, torch.isGradEnabled()]).toEqual([false, true, true]);
  });

  test('the mode comes back after an error', async () => {
    expect(() =>
      torch.noGrad(() => {
        throw new Error('x');
      }),
    ).toThrow('x');
    expect(torch.isGradEnabled()).toBe(true);
    await torch.noGrad(async () => {
      await Promise.resolve();
      expect(torch.isGradEnabled()).toBe(false);
    });
    expect(torch.isGradEnabled()).toBe(true);
  });

  test('leaves may be written to in noGrad', () => {
    const x = leaf();
    torch.noGrad(() => x.sub_(1));
    expect([list(x), x.isLeaf, x.requiresGrad]).toEqual([[0.5, -3, 2], true, true]);
  });

  test('detach shares memory, not history', () => {
    const x = leaf();
    const d = x.detach();
    d.mul_(2);
    expect(list(x)).toEqual([3, -4, 6]);
    x.mul(x.detach()).sum().backward();
    expect(list(x.grad)).toEqual([3, -4, 6]);
    const y = x.mul(2);
    y.detach_();
    expect([y.requiresGrad, y.gradFn]).toEqual([false, null]);
  });
});

describe('hooks', () => {
  test('see and replace gradients, and can be removed', () => {
    const x = leaf();
    const seen: unknown[] = [];
    const handle = x.registerHook((g) => {
      seen.push(g.tolist());
      return g.mul(10);
    });
    x.mul(2).sum().backward();
    handle.remove();
    handle.remove();
    x.mul(2).sum().backward();
    expect([seen, list(x.grad)]).toEqual([[[2, 2, 2]], [22, 22, 22]]);
  });

  test('of results run before what made them', () => {
    const x = leaf();
    const y = x.mul(2);
    y.registerHook((g) => g.mul(0.5));
    y.mul(3).sum().backward();
    expect(list(x.grad)).toEqual([3, 3, 3]);
  });

  test('what is wrong is said', () => {
    const x = leaf();
    expect(() => torch.ones(2).registerHook(() => null)).toThrow(AutogradError);
    x.registerHook(() => torch.ones(7));
    expect(() => x.sum().backward()).toThrow(AutogradError);
  });
});

describe('in place', () => {
  test('a leaf refuses', () => {
    const x = leaf();
    expect(() => x.add_(1)).toThrow(/^add_: a leaf Variable that requires grad/);
    expect(() => x.select(0, 0).mul_(2)).toThrow(/^mul_: a view of a leaf/);
    expect(list(x)).toEqual([1.5, -2, 3]);
  });

  test('what backward needs may not have changed', () => {
    const x = leaf();
    const y = x.sin();
    const z = y.mul(y);
    y.add_(1);
    expect(() => z.sum().backward()).toThrow(/modified by an inplace operation.*version 1; expected version 0/);
    const w = x.exp();
    w.detach().zero_();
    expect(() => w.sum().backward()).toThrow(AutogradError);
  });

  test('versions count writes, through views too', () => {
    const x = torch.zeros(4);
    const before = x.version;
    x.add_(1);
    x.slice(0, 0, 2).mul_(2);
    x.detach().zero_();
    expect(x.version - before).toBe(3);
  });

  test('a view of several refuses', () => {
    const [first] = leaf().mul(1).unbind(0);
    expect(() => first!.mul_(2)).toThrow(/multiple views/);
  });

  interface Program {
    steps: [name: string, at: number, ...rest: number[]][];
    values?: number[][];
    grads?: (number[] | null)[];
    raises?: string;
  }
  const programs = JSON.parse(
    readFileSync(new URL('./oracle/ops-autograd.json', import.meta.url), 'utf8'),
  ) as Program[];
  const made: Record<string, (x: T, ...rest: number[]) => T> = {
    t: (x) => x.t(),
    select: (x, d, k) => x.select(d!, k!),
    narrow: (x, d, k, n) => x.narrow(d!, k!, n!),
    flat: (x) => x.view(-1),
    diagonal: (x) => x.diagonal(),
    unbind: (x, k) => x.unbind(0)[k!]!,
    detach: (x) => x.detach(),
    expand: (x) => x.expand(2, ...x.sizes),
    sin: (x) => x.sin(),
    square: (x) => x.square(),
    clone: (x) => x.clone(),
    exp: (x) => x.exp(),
    sum: (x) => x.sum(0),
    sin_: (x) => x.sin_(),
    tanh_: (x) => x.tanh_(),
    zero_: (x) => x.zero_(),
    fill_: (x) => x.fill_(2),
  };
  const pairs: Record<string, (x: T, y: T) => T> = {
    mul: (x, y) => x.mul(y),
    add: (x, y) => x.add(y),
    mul_: (x, y) => x.mul_(y),
    add_: (x, y) => x.add_(y),
    copy_: (x, y) => x.copy_(y),
  };
  const start = (): T[] => {
    const data = { dtype: 'float64', requiresGrad: true } as const;
    return [
      torch.tensor(
        [
          [0.5, -1.25, 2],
          [1.5, 0.25, -0.75],
        ],
        data,
      ),
      torch.tensor([1.25, -0.5, 0.75], data),
      torch.tensor(
        [
          [2, 1, -1],
          [0.5, 3, 1.5],
        ],
        { dtype: 'float64' },
      ),
    ];
  };
  function run(program: Program): { values: number[][]; finish: () => (number[] | null)[] } {
    const tensors = start();
    for (const [name, i, ...rest] of program.steps) {
      const pair = pairs[name];
      const out = pair ? pair(tensors[i]!, tensors[rest[0]!]!) : made[name]!(tensors[i]!, ...rest);
      if (!name.endsWith('_')) tensors.push(out);
    }
    const finish = (): (number[] | null)[] => {
      let total: T | null = null;
      for (const [k, x] of tensors.entries()) {
        if (!x.requiresGrad) continue;
        const term = x.sum().mul(k + 1);
        total = total === null ? term : total.add(term);
      }
      total!.backward();
      return tensors.slice(0, 2).map((x) => (x.grad === null ? null : flat(x.grad)));
    };
    return { values: tensors.map(flat), finish };
  }

  test(`${programs.length} programs of views and writes are as in PyTorch`, () => {
    const failures: string[] = [];
    for (const [n, program] of programs.entries()) {
      const what = `program ${n} ${JSON.stringify(program.steps)}`;
      try {
        if (program.raises !== undefined) {
          expect(() => run(program).finish(), `${what}: PyTorch says ${program.raises}`).toThrow(AutogradError);
          continue;
        }
        const { values, finish } = run(program);
        program.values!.forEach((v, i) => expectClose(values[i]!, v, 1e-9, `tensor ${i}`));
        finish().forEach((g, i) => {
          const wanted = program.grads![i]!;
          if (wanted === null) expect(g === null || g.every((v) => v === 0)).toBe(true);
          else expectClose(g ?? wanted.map(() => 0), wanted, 1e-9, `gradient ${i}`);
        });
      } catch (error) {
        failures.push(`${what}: ${(error as Error).message.split('\n')[0]}`);
      }
    }
    expect(failures).toEqual([]);
  });
});

describe('Function', () => {
  class Cube extends torch.autograd.Function {
    static forward(ctx: torch.autograd.FunctionContext, x: T): T {
      ctx.saveForBackward(x);
      return x.mul(x).mul(x);
    }
    static backward(ctx: torch.autograd.FunctionContext, g: T): T {
      const [x] = ctx.savedTensors;
      return g.mul(x!.mul(x!)).mul(3);
    }
  }

  test('first and second derivatives', () => {
    const x = leaf();
    const y = Cube.apply(x);
    expect(y.gradFn?.name).toBe('CubeBackward');
    y.sum().backward();
    expectClose(
      flat(x.grad!),
      flat(x).map((v) => 3 * v * v),
      1e-12,
      'gradient',
    );
    expect(torch.autograd.gradcheck((a) => Cube.apply(a), [leaf()])).toBe(true);
    expect(torch.autograd.gradgradcheck((a) => Cube.apply(a), [leaf()])).toBe(true);
    expect(torch.noGrad(() => Cube.apply(leaf())).requiresGrad).toBe(false);
  });

  test('arguments that are no tensors, several results, needsInputGrad', () => {
    const needs: unknown[] = [];
    class Two extends torch.autograd.Function {
      static forward(ctx: torch.autograd.FunctionContext, x: T, n: number): T[] {
        needs.push([...ctx.needsInputGrad]);
        ctx.n = n;
        return [x.mul(n), x.add(n)];
      }
      static backward(ctx: torch.autograd.FunctionContext, g: T, h: T): (T | null)[] {
        return [g.mul(ctx.n as number).add(h), null];
      }
    }
    const x = leaf();
    const [a] = Two.apply(x, 4);
    a!.sum().backward(); // the second result has no gradient: backward gets zeros
    expect([list(x.grad), needs]).toEqual([[4, 4, 4], [[true, false]]]);
  });

  test('the wrong number of gradients is an error', () => {
    class Wrong extends torch.autograd.Function {
      static forward(_ctx: torch.autograd.FunctionContext, x: T, y: T): T {
        return x.mul(y);
      }
      static backward(_ctx: torch.autograd.FunctionContext, g: T): T {
        return g;
      }
    }
    expect(() => Wrong.apply(leaf(), leaf()).sum().backward()).toThrow(/incorrect number of gradients.*2.*1/);
  });

  test('setupContext, results that are no tensors, and gradients beyond the inputs that are null', () => {
    class Square extends torch.autograd.Function {
      static forward(x: T): [T, string] {
        return [x.mul(x), 'squared'];
      }
      static setupContext(ctx: torch.autograd.FunctionContext, inputs: [T], output: [T, string]): void {
        ctx.saveForBackward(inputs[0]);
        ctx.said = output[1];
      }
      static backward(ctx: torch.autograd.FunctionContext, g: T): (T | null)[] {
        return [g.mul(ctx.savedTensors[0]!).mul(ctx.said === 'squared' ? 2 : 0), null];
      }
    }
    const x = torch.tensor([1, 3], { requiresGrad: true });
    const [y, said] = Square.apply(x);
    y.sum().backward();
    expect([list(x.grad), said]).toEqual([[2, 6], 'squared']);
  });

  test('forward must not write into a leaf', () => {
    class AddOne extends torch.autograd.Function {
      static forward(ctx: torch.autograd.FunctionContext, x: T): T {
        ctx.markDirty(x);
        return x.add_(1);
      }
      static backward(_ctx: torch.autograd.FunctionContext, g: T): T {
        return g;
      }
    }
    const x = torch.tensor([1, 3], { requiresGrad: true });
    expect(() => AddOne.apply(x)).toThrow(/^AddOne: a leaf Variable that requires grad/);
    AddOne.apply(x.clone()).sum().backward();
    expect(list(x.grad)).toEqual([1, 1]);
  });

  test('markNonDifferentiable, and what was saved must not change', () => {
    class Both extends torch.autograd.Function {
      static forward(ctx: torch.autograd.FunctionContext, x: T): T[] {
        const [y, still] = [x.mul(2), x.mul(3)];
        ctx.saveForBackward(x);
        ctx.markNonDifferentiable(still);
        return [y, still];
      }
      static backward(ctx: torch.autograd.FunctionContext, g: T): T {
        return g.mul(ctx.savedTensors[0]!);
      }
    }
    const x = leaf();
    const [y, still] = Both.apply(x);
    expect([y!.requiresGrad, still!.requiresGrad]).toEqual([true, false]);
    torch.noGrad(() => x.add_(1));
    expect(() => y!.sum().backward()).toThrow(AutogradError);
  });
});

describe('onceDifferentiable', () => {
  const { onceDifferentiable } = torch.autograd.function;
  let recorded = true;
  class Cube extends torch.autograd.function.Function {
    static forward(ctx: torch.autograd.FunctionContext, x: torch.Tensor, y: torch.Tensor): torch.Tensor {
      ctx.saveForBackward(x);
      return x.pow(3).add(y);
    }
    static backward = onceDifferentiable((ctx, g: torch.Tensor): [torch.Tensor, torch.Tensor] => {
      recorded = torch.isGradEnabled();
      return [ctx.savedTensors[0]!.square().mul(3).mul(g), g];
    });
  }
  const x = torch.tensor([1.5, 2], { requiresGrad: true });
  test('runs once, without recording', () => {
    const [g] = torch.autograd.grad(Cube.apply(x, torch.ones(2)).sum(), x, { createGraph: true });
    assert.deepEqual(g!.tolist(), [6.75, 12]);
    assert.ok(!recorded && !g!.requiresGrad); // as there: its own incoming gradient required none
  });
  test('refuses to be differentiated', () => {
    const message = /trying to differentiate twice a function that was marked with onceDifferentiable/;
    const [g] = torch.autograd.grad(Cube.apply(x, torch.ones(2)).square().sum(), x, { createGraph: true });
    assert.ok(g!.requiresGrad);
    expectRefusal(() => g!.sum().backward(), 'backward', message);
    expectRefusal(() => onceDifferentiable(3 as never), 'onceDifferentiable', /expected a function/);
  });
});

describe('gradcheck finds wrong derivatives', () => {
  test('of a function that detaches', () => {
    expect(() => torch.autograd.gradcheck((x) => x.mul(x.detach()), [leaf()])).toThrow(
      /^gradcheck: the derivative of element/,
    );
    expect(torch.autograd.gradcheck((x) => x.mul(x.detach()), [leaf()], { raiseException: false })).toBe(false);
    expect(() => torch.autograd.gradcheck((x) => x, [torch.ones([1], { requiresGrad: true })])).toThrow(
      torch.DtypeError,
    );
    expect(() => torch.autograd.gradcheck((x) => x, [torch.ones(1)])).toThrow(AutogradError);
  });
});

test('random graphs: backward is grad, whatever the order of sums', () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = lcg(`graph ${seed}`);
    const pick = <V>(from: readonly V[]): V => from[Math.floor(random() * from.length)]!;
    const leaves = [leaf(), leaf([0.5, 0.25, -1])];
    const all: T[] = [...leaves];
    for (let i = 0; i < 25; i++)
      all.push(
        pick([(): T => pick(all).mul(pick(all)).tanh(), (): T => pick(all).sin(), (): T => pick(all).sub(pick(all))])(),
      );
    const total = all.reduce((a, b) => a.add(b)).sum();
    const grads = torch.autograd.grad(total, leaves, { retainGraph: true });
    total.backward();
    leaves.forEach((x, i) => {
      expect(x).toBeInstanceOf(Tensor);
      expectClose(flat(x.grad!), flat(grads[i]!), 1e-12, `graph ${seed}`);
    });
  }
});
