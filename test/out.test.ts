// The option `out` of every function: who takes it, what may be given, and what becomes of it, as PyTorch has it
// (test/oracle/signatures.json and out.json, by scripts/oracle-signatures.py and scripts/oracle-out.py).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import type { DTypeName } from '../lib/dtype.ts';
import * as torch from '../lib/index.ts';
import { OUT } from '../lib/public/out-rules.ts';
import { SIGNATURES } from '../lib/public/signatures.ts';
import { stale } from '../scripts/public.ts';
import { expectClose, flat, layouts, lcg, replace, tensorOf, tensorsOf, valuesOf } from './helpers.ts';
import { callsOf, type Sample, samples } from './samples/index.ts';

type Fn = (...args: readonly unknown[]) => unknown;
/** What PyTorch did with one call: see scripts/oracle-out.py. */
interface Seen {
  readonly call: string;
  readonly dtypes: readonly DTypeName[];
  readonly takes: readonly DTypeName[];
  readonly grad: boolean | null;
  readonly outGrad: boolean;
  readonly expanded: boolean | null;
  readonly same: boolean | null;
  readonly shifted: boolean | null;
}
const stored = (file: string): unknown =>
  JSON.parse(readFileSync(new URL(`./oracle/${file}.json`, import.meta.url), 'utf8'));
const seen = Object.entries(stored('out') as Record<string, Seen>);
const signatures = stored('signatures') as Record<string, Record<string, { p: string[]; out?: true }>>;
const DTYPES: readonly DTypeName[] = ['float64', 'float32', 'float16', 'int64', 'int32', 'uint8', 'bool'];
const bare = (name: string): string => name.slice(name.lastIndexOf('.') + 1);
const publicOf = (name: string): Fn => {
  const from = name.startsWith('linalg.')
    ? torch.linalg
    : name.startsWith('F.')
      ? torch.F
      : { ...torch.special, ...torch };
  return Reflect.get(from, bare(name)) as Fn;
};
/** The arguments of a sample's call. */
function argsOf(name: string, key: string): unknown[] {
  const call = callsOf((samples as Record<string, Sample>)[name]!).find((c) => c.key === key)!;
  const random = lcg(`${name}${key}`);
  return call.args.map((a) =>
    replace(a, (s) => tensorOf(valuesOf(s, call.dtype, random), s.shape, s.dtype ?? call.dtype)),
  );
}
const isOptions = (x: unknown): x is object =>
  typeof x === 'object' && x !== null && Object.getPrototypeOf(x) === Object.prototype;
/** The call with `out`, or with several. */
function into(name: string, args: readonly unknown[], outs: readonly torch.Tensor[], many: boolean): unknown {
  const out = many ? [...outs] : outs[0];
  const last = args.at(-1);
  return isOptions(last) ? publicOf(name)(...args.slice(0, -1), { ...last, out }) : publicOf(name)(...args, { out });
}
const emptyLike = (y: torch.Tensor, options: torch.TensorOptions = {}): torch.Tensor =>
  torch.empty([...y.shape], { dtype: y.dtype, ...options });
/** Calls `f` for each function that PyTorch was seen with, and lists what went wrong. */
function overAll(f: (name: string, row: Seen, args: () => unknown[], ys: torch.Tensor[], many: boolean) => void): void {
  const failures: string[] = [];
  for (const [name, row] of seen) {
    try {
      const y = publicOf(name)(...argsOf(name, row.call));
      f(name, row, () => argsOf(name, row.call), tensorsOf(y), Array.isArray(y));
    } catch (error) {
      failures.push(`${name}(${row.call}): ${String(error).split('\n')[0]}`);
    }
  }
  assert.ok(failures.length === 0, `${failures.length}:\n${failures.join('\n')}`);
}
const refuses = (f: () => unknown): boolean => {
  try {
    f();
    return false;
  } catch (error) {
    assert.ok(error instanceof Error && /^\w+: /.test(error.message), String(error));
    return true;
  }
};
function expectSame(got: torch.Tensor, wanted: torch.Tensor, what: string): void {
  assert.equal(`[${got.shape}]`, `[${wanted.shape}]`, what);
  expectClose(flat(got), flat(wanted), 1e-6, what);
}

let warnings: string[] = [];
vi.spyOn(process, 'emitWarning').mockImplementation((text: string | Error) => {
  warnings.push(String(text));
});
afterEach(() => {
  warnings = [];
});

describe('who takes it', () => {
  test('the functions that take it in PyTorch, and no other', () => {
    const wrong: string[] = [];
    for (const key of Object.keys(SIGNATURES)) {
      const name = bare(key);
      const spaces = key.startsWith('linalg.')
        ? ['linalg']
        : key.startsWith('F.')
          ? ['nn.functional']
          : ['torch', 'special', 'nn.functional', 'Tensor'];
      const row = spaces.map((s) => signatures[s]![name]).find((r) => r);
      const [wanted, takes] = [row?.out === true, key in OUT];
      if (wanted !== takes) wrong.push(`${key}: ${takes}`);
      // F.sigmoid and F.tanh are torch.sigmoid and torch.tanh
      if (!takes && key !== 'F.sigmoid' && key !== 'F.tanh') {
        try {
          publicOf(key)(torch.ones(2, 2), { out: torch.empty(0) });
          wrong.push(`${key} ran`);
        } catch (error) {
          if (!String(error).includes(`${name}: unknown option 'out'`)) wrong.push(`${key}: ${error}`);
        }
      }
    }
    assert.deepEqual(wrong, []);
    assert.ok(Object.keys(OUT).length > 270, String(Object.keys(OUT).length));
  });
  test('methods do not', () => {
    const x = torch.ones(2);
    for (const name of ['add', 'exp', 'sum', 'matmul', 'sort', 'add_'])
      expect(() => (Reflect.get(x, name) as Fn).call(x, torch.ones(2), { out: torch.empty(2) })).toThrow(
        `${name}: unknown option 'out'`,
      );
  });
  test('the lists in lib/public/ are those that scripts/public.ts makes', () => {
    expect(stale()).toEqual([]);
  });
});

describe('what becomes of it', () => {
  test('an empty tensor becomes the result, and is what the call gives', () => {
    overAll((name, row, args, ys, many) => {
      const outs = ys.map((y) => torch.empty(0, { dtype: y.dtype }));
      const got = into(name, args(), outs, many);
      assert.deepEqual(
        ys.map((y) => y.dtype),
        row.dtypes,
        'dtypes',
      );
      tensorsOf(got).forEach((g, i) => assert.ok(g === outs[i], 'another object'));
      ys.forEach((y, i) => expectSame(outs[i]!, y, name));
      if (many)
        for (const part of Object.getOwnPropertyNames(got)) {
          if (!/^\d+$|length|toString/.test(part))
            assert.ok(outs.includes((got as Record<string, torch.Tensor>)[part]!), part);
        }
    });
    expect(warnings).toEqual([]);
  });
  test.each(Object.keys(layouts))('one that is %s is written where it lies', (layout) => {
    overAll((name, _, args, ys, many) => {
      const outs = ys.map((y) => layouts[layout]!(torch.zeros([...y.shape], { dtype: y.dtype })));
      const before = outs.map((o) => [o.version, String(o.stride()), o.storageOffset()]);
      into(name, args(), outs, many);
      outs.forEach((o, i) => {
        expectSame(o, ys[i]!, name);
        assert.ok(o.version > Number(before[i]![0]), 'the version counts the write');
        assert.deepEqual([String(o.stride()), o.storageOffset()], before[i]!.slice(1), 'the layout');
      });
    });
    expect(warnings).toEqual([]);
  });
  test('one of another shape is resized, with a warning', () => {
    overAll((name, row, args, ys, many) => {
      const outs = ys.map((y) => torch.zeros([3, ...y.shape, 2], { dtype: y.dtype }));
      warnings = [];
      into(name, args(), outs, many);
      outs.forEach((o, i) => {
        expectSame(o, ys[i]!, name);
      });
      assert.equal(warnings.length, ys.filter((y) => y.numel() > 0).length, row.call);
      for (const text of warnings)
        assert.match(
          text,
          new RegExp(`^${bare(name)}: An output with one or more elements was resized since it had shape`),
        );
    });
    warnings = [];
  });
  test('the dtypes are those that PyTorch takes', () => {
    overAll((name, row, args, ys, many) => {
      const takes = DTYPES.filter((dtype) => {
        const outs = ys.map((y, i) => emptyLike(y, i === 0 ? { dtype } : {}));
        return !refuses(() => into(name, args(), outs, many));
      });
      assert.deepEqual(takes, row.takes);
    });
  });
});

describe('gradients', () => {
  // PyTorch takes these, and fails in backward; refused here at once
  const LOST = new Set(
    'conjPhysical diag floorDivide heaviside linalg.ldlFactor linalg.ldlFactorEx logSoftmax lu sliceScatter softmax'.split(
      ' ',
    ),
  );
  test('are refused where PyTorch refuses them', () => {
    const passed: string[] = [];
    overAll((name, row, args, ys, many) => {
      if (row.grad === null || name === 'argsort') return; // PyTorch names sort, of whose values nobody asks
      const given = args();
      for (const x of tensorsOf(given)) if (x.isFloatingPoint()) x.requiresGrad = true;
      const refused = refuses(() =>
        into(
          name,
          given,
          ys.map((y) => emptyLike(y)),
          many,
        ),
      );
      if (refused && !row.grad) passed.push(name);
      else assert.equal(refused, row.grad);
      torch.noGrad(() =>
        into(
          name,
          given,
          ys.map((y) => emptyLike(y)),
          many,
        ),
      );
    });
    expect(passed.filter((name) => !LOST.has(name))).toEqual([]);
  });
  test('an out that requires grad is refused', () => {
    overAll((name, row, args, ys, many) => {
      if (!row.outGrad) return;
      const outs = ys.map((y) => emptyLike(y, y.isFloatingPoint() ? { requiresGrad: true } : {}));
      assert.ok(refuses(() => into(name, args(), outs, many)));
    });
  });
  test('in the words of PyTorch, and not while grad mode is off', () => {
    const x = torch.ones([2], { requiresGrad: true });
    expect(() => torch.add(x, 1, { out: torch.empty(2) })).toThrow(
      "add: functions with out=... arguments don't support automatic differentiation, but one of the arguments requires grad.",
    );
    expect(torch.noGrad(() => torch.add(x, 1, { out: torch.empty(2) })).requiresGrad).toBe(false);
    expect(() => torch.zeros(2, { out: torch.ones([2], { requiresGrad: true }) })).toThrow(/zeros: a leaf Variable/);
  });
  test('go through where PyTorch copies the result', () => {
    const x = torch.tensor([1, 3], { requiresGrad: true });
    const y = torch.quantile(x, 0.5, { out: torch.empty([]) });
    y.backward();
    expect(x.grad?.tolist()).toEqual([0.5, 0.5]);
  });
  test('what backward needs of it is found changed', () => {
    const x = torch.tensor([1.5, 2], { requiresGrad: true });
    const w = torch.ones(2);
    const y = x.mul(w).sum();
    torch.exp(torch.ones(2), { out: w });
    expect(() => y.backward()).toThrow(torch.AutogradError);
    const base = torch.ones(4);
    const z = x.mul(base.slice(0, 0, 2)).sum();
    torch.add(torch.ones(2), 1, { out: base.slice(0, 2, 4) });
    expect(() => z.backward()).toThrow(torch.AutogradError);
  });
});

describe('memory in common', () => {
  test('one element for many is refused', () => {
    overAll((name, row, args, ys, many) => {
      if (row.expanded !== true) return;
      const outs = ys.map((y) =>
        torch
          .zeros(
            y.shape.map(() => 1),
            { dtype: y.dtype },
          )
          .expand([...y.shape]),
      );
      assert.ok(refuses(() => into(name, args(), outs, many)));
    });
  });
  test('an input may be the output where it may in PyTorch', () => {
    overAll((name, row, args, ys, many) => {
      if (row.same === null) return;
      const given = args();
      const at = tensorsOf(given).find(
        (x) => `${x.dtype}${x.shape}` === `${ys[0]!.dtype}${ys[0]!.shape}` && x.numel() > 1,
      )!;
      const call = (): unknown => into(name, given, [at, ...ys.slice(1).map((y) => emptyLike(y))], many);
      if (row.same) return; // an answer is no worse than a refusal
      call();
      expectSame(at, ys[0]!, name);
    });
  });
  test('an input that overlaps is refused where PyTorch refuses it', () => {
    overAll((name, row, args, ys, many) => {
      if (row.shifted !== true) return;
      const given = args();
      const i = given.findIndex(
        (x) =>
          x instanceof torch.Tensor && `${x.dtype}${x.shape}` === `${ys[0]!.dtype}${ys[0]!.shape}` && x.numel() > 1,
      );
      const x = given[i] as torch.Tensor;
      const memory = torch.zeros(x.numel() + 1, { dtype: x.dtype });
      given[i] = memory
        .slice(0, 0, -1)
        .view([...x.shape])
        .copy_(x);
      const outs = [memory.slice(0, 1).view([...x.shape]), ...ys.slice(1).map((y) => emptyLike(y))];
      assert.ok(refuses(() => into(name, given, outs, many)));
    });
  });
  test('an input keeps its shape', () => {
    const a = torch.ones(1);
    expect(() => torch.add(a, torch.ones(3), { out: a })).toThrow(
      "add: output with shape [1] doesn't match the broadcast shape [3]",
    );
  });
});

describe('functions that make tensors', () => {
  test.each<[string, (out?: torch.Tensor) => torch.Tensor]>([
    ['zeros', (out) => torch.zeros(2, 3, { out: out! })],
    ['ones', (out) => torch.ones([2, 3], { out: out! })],
    ['full', (out) => torch.full([2, 3], 2, { out: out! })],
    ['arange', (out) => torch.arange(1, 6, 2, { out: out! })],
    ['arange by name', (out) => torch.arange({ start: 1, end: 6, out: out! })],
    ['linspace', (out) => torch.linspace(0, 4, 5, { out: out! })],
    ['logspace', (out) => torch.logspace(0, 2, 3, { out: out! })],
    ['eye', (out) => torch.eye(2, { out: out! })],
    ['rand', (out) => torch.rand(2, 2, { out: out! })],
    ['randn', (out) => torch.randn(17, { out: out! })],
    ['randint', (out) => torch.randint(10, [5], { out: out! })],
    ['randperm', (out) => torch.randperm(5, { out: out! })],
    ['normal', (out) => torch.normal(1, 2, [3], { out: out! })],
    ['bernoulli', (out) => torch.bernoulli(torch.ones(3), { out: out! })],
  ])('%s', (_, f) => {
    torch.manualSeed(1);
    const wanted = f();
    torch.manualSeed(1);
    const out = torch.empty(0, { dtype: wanted.dtype });
    expect(f(out)).toBe(out);
    expect(String(out)).toBe(String(wanted));
  });
  test('take the dtype of out', () => {
    const out = torch.empty(0, { dtype: 'int32' });
    expect(torch.zeros(2, { out }).dtype).toBe('int32');
    expect(String(torch.arange(0, 2, 0.5, { out: torch.empty(0) }))).toBe('tensor([0.0000, 0.5000, 1.0000, 1.5000])');
    expect(() => torch.zeros(2, { dtype: 'float64', out })).toThrow(
      "zeros: dtype 'float64' does not match dtype of out parameter (int32)",
    );
    expect(torch.ones(2, { out: torch.empty(2), requiresGrad: true }).requiresGrad).toBe(true);
  });
});

test('sums are computed in the dtype of out', () => {
  const x = torch.tensor([0.5, 0.75]);
  expect(torch.sum(x, 0, { out: torch.empty([], { dtype: 'int64' }) }).item()).toBe(0);
  expect(
    torch.cumsum(torch.tensor([100, 100], { dtype: 'uint8' }), 0, { out: torch.empty(2, { dtype: 'int64' }) }).tolist(),
  ).toEqual([100, 200]);
});

test('what is no tensor is refused', () => {
  const x = torch.ones(2, 3);
  const add = Reflect.get(torch, 'add') as Fn;
  const max = Reflect.get(torch, 'max') as Fn;
  for (const out of [3, 'x', {}, [3], Symbol('s')])
    expect(() => add(x, x, { out })).toThrow(/^add: argument 'out' must be a Tensor, or a list of them, but received/);
  expect(() => add(x, x, { out: [torch.empty(0)] })).toThrow(
    "add: argument 'out' must be a Tensor, but received a list of 1",
  );
  expect(() => max(x, 0, { out: torch.empty(0) })).toThrow("max: argument 'out' must be a list of 2 tensors");
  expect(() => max(x, 0, { out: [torch.empty(0)] })).toThrow(
    "max: argument 'out' must be a list of 2 tensors, but received a list of 1",
  );
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  expect(() => add(cyclic, x, { out: torch.empty(0) })).toThrow(/^add: expected a Tensor/);
  expect(flat(add(x, x, { out: null }) as torch.Tensor)[0]).toBe(2);
  const gone = torch.ones(2, 3);
  gone.dispose();
  expect(() => add(x, x, { out: gone })).toThrow(/^add: .*disposed/);
});

test('types', () => {
  const x = torch.ones(2, 3);
  const out = torch.empty(0);
  const index = torch.empty(0, { dtype: 'int64' });
  expectTypeOf(torch.exp(x, { out })).toEqualTypeOf<torch.Tensor>();
  expectTypeOf(torch.add(x, 1, { alpha: 2, out })).toEqualTypeOf<torch.Tensor>();
  expectTypeOf(torch.sum(x, 0, { keepdim: true, out: torch.empty(0) })).toEqualTypeOf<torch.Tensor>();
  expectTypeOf(torch.max(x, 0, { out: [torch.empty(0), index] }).indices).toEqualTypeOf<torch.Tensor>();
  expectTypeOf(torch.linalg.inv(torch.eye(2), { out: torch.empty(0) })).toEqualTypeOf<torch.Tensor>();
  const refused = (): void => {
    // @ts-expect-error not a tensor
    torch.exp(x, { out: 3 });
    // @ts-expect-error has none
    torch.relu(x, { out });
    // @ts-expect-error methods have none
    x.exp({ out });
  };
  expectTypeOf(refused).toEqualTypeOf<() => void>();
});
