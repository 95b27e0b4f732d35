// Every operator of lib/ops against PyTorch's stored answers (test/oracle/ops/, by scripts/oracle.py), in several
// layouts, against finite differences, and against calls that it must refuse. The list is test/samples/.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import type { DTypeName } from '../lib/dtype.ts';
import * as torch from '../lib/index.ts';
import { inPlace } from '../lib/ops/inplace.ts';
import * as ops from '../lib/ops/index.ts';
import {
  type Arg,
  DEVICE,
  expectClose,
  expectRefusal,
  expectStored,
  flat,
  isSpec,
  layouts,
  lcg,
  replace,
  type Spec,
  specsOf,
  type Stored,
  tensorOf,
  tensorsOf,
  TOLERANCE,
  valuesOf,
} from './helpers.ts';
import { callsOf, type RowName, type Sample, samples, tables } from './samples/index.ts';

type Answers = Record<string, Record<string, Stored>>;
const stored: Answers = Object.assign(
  {},
  ...Object.keys(tables).map((table) =>
    JSON.parse(readFileSync(new URL(`./oracle/ops/${table}.json`, import.meta.url), 'utf8')),
  ),
);
type Fn = (...args: readonly unknown[]) => unknown;
const isLinalg = (name: string): boolean => name.startsWith('linalg.');
const bareOf = (name: string): string => name.replace('linalg.', '');
const functions: Readonly<Record<string, unknown>> = { ...torch.special, ...ops };
const ofLinalg: Readonly<Record<string, unknown>> = { ...torch.linalg };
/** The function itself. */
const plain = (name: string): Fn => (isLinalg(name) ? ofLinalg : functions)[bareOf(name)] as Fn;
/** What is compared. */
const functionOf = (name: string): Fn => {
  const { through } = (samples as Record<string, Sample>)[name]!;
  return through ? through(plain(name)) : plain(name);
};
type Call = ReturnType<typeof callsOf>[number];

/** The arguments of a call, with each tensor passed through `place`. */
function build(
  name: string,
  { args, dtype, key }: Call,
  place: (x: torch.Tensor, spec: Spec) => unknown = (x) => x,
): unknown[] {
  const random = lcg(`${name}${key}`);
  return args.map((a) => replace(a, (s) => place(tensorOf(valuesOf(s, dtype, random), s.shape, s.dtype ?? dtype), s)));
}
/** Whether PyTorch takes the call. */
const answered = (name: string, key: string): boolean => {
  const answer = stored[name]?.[key];
  return answer !== undefined && !('raises' in answer);
};
/** What begins with a random draw has other values on a GPU, and one row tells the device. */
const CPU_ONLY: readonly string[] = ['svdLowrank', 'pcaLowrank', 'getDevice'];
const rows = (Object.entries(samples) as [RowName, Sample][]).filter(
  ([name, s]) => s.elsewhere === undefined && (DEVICE === 'cpu' || !CPU_ONLY.includes(name)),
);

describe('values, dtypes and shapes are those of PyTorch', () => {
  test.each(rows)('%s', (name, sample) => {
    const answers = stored[name] ?? {};
    const failures: unknown[] = [];
    let compared = 0;
    for (const call of callsOf(sample)) {
      const wanted = answers[call.key];
      if (wanted === undefined) continue; // PyTorch lacks it for this dtype
      compared++;
      const what = `${name}(${call.key})`;
      const run = (): unknown => torch.noGrad(() => functionOf(name)(...build(name, call)));
      try {
        if ('raises' in wanted) expectRefusal(run, sample.says ?? bareOf(name));
        else expectStored(run(), wanted, what, sample.tolerance ?? 1);
      } catch (error) {
        const note = 'raises' in wanted ? ` (PyTorch: ${wanted.raises})` : '';
        failures.push(`${what}${note}: ${(error as Error).message.split('\n')[0]}`);
      }
    }
    assert.ok(compared > 0, 'no stored answer: run scripts/oracle-cases.ts and scripts/oracle.py');
    assert.deepEqual(failures, []);
  });
});

describe('results do not depend on the layout in memory', () => {
  test.each(rows.filter(([, s]) => s.layouts !== false))('%s', (name, sample) => {
    for (const call of callsOf(sample).filter((c) => c.dtype === 'float32' || c.dtype === 'bool')) {
      if (!answered(name, call.key) || specsOf(call.args).every((s) => s.shape.length === 0)) continue;
      const dense = tensorsOf(torch.noGrad(() => functionOf(name)(...build(name, call))));
      for (const [layout, place] of Object.entries(layouts)) {
        const same = tensorsOf(torch.noGrad(() => functionOf(name)(...build(name, call, place))));
        dense.forEach((d, i) => {
          const what = `${name}(${call.key}) ${layout}`;
          assert.deepEqual([...same[i]!.sizes], [...d.sizes], what);
          expectClose(flat(same[i]!), flat(d), (TOLERANCE[d.dtype] ?? 0) * (sample.tolerance ?? 1), what);
        });
      }
    }
  });

  test.each(rows.filter(([, s]) => s.layouts !== false))('%s of expanded tensors', (name, sample) => {
    const calls = callsOf(sample).filter((c) => c.dtype === 'float32');
    const call = calls.find(({ args, key }) => isSpec(args[0]) && args[0].shape.length >= 2 && answered(name, key));
    if (call === undefined) return;
    // the first tensor is one row of itself, repeated: by strides of zero, and by a copy
    const first = call.args[0];
    const narrow = (x: torch.Tensor, s: Spec): torch.Tensor =>
      s === first && x.dtype !== 'bool' ? x.narrow(0, 0, Math.min(1, x.sizes[0]!)).expand(x.sizes) : x;
    const run = (place: (x: torch.Tensor, s: Spec) => torch.Tensor): torch.Tensor[] =>
      tensorsOf(torch.noGrad(() => functionOf(name)(...build(name, call, place))));
    const [got, wanted] = [run(narrow), run((x, s) => narrow(x, s).contiguous())];
    wanted.forEach((w, i) =>
      expectClose(
        flat(got[i]!),
        flat(w),
        (TOLERANCE[w.dtype] ?? 0) * (sample.tolerance ?? 1),
        `${name}(${call.key}) [${i}]`,
      ),
    );
  });
});

describe('methods are the functions', () => {
  test.each(rows.filter(([name]) => !isLinalg(name)))('%s', (name, sample) => {
    const call = callsOf(sample).find(({ args, key }) => isSpec(args[0]) && answered(name, key));
    if (call === undefined || !(name in ops)) return; // torch.special's are no methods
    const args = build(name, call);
    const method = (args[0] as Record<string, unknown>)[name] as Fn;
    assert.equal(typeof method, 'function');
    const asMethod: Fn = (self, ...rest) => ((self as Record<string, unknown>)[name] as Fn).call(self, ...rest);
    const [got, wanted] = [
      torch.noGrad(() => (sample.through ? sample.through(asMethod) : asMethod)(...args)),
      torch.noGrad(() => functionOf(name)(...args)),
    ];
    if (name === 'newEmpty') return;
    tensorsOf(wanted).forEach((w, i) => expectClose(flat(tensorsOf(got)[i]!), flat(w), 0, name));
  });

  test.each(Object.keys(inPlace) as RowName[])('%s_ stores what the function gives', (name) => {
    const sample = samples[name];
    for (const call of callsOf(sample).filter((c) => c.dtype === 'float32')) {
      if (!answered(name, call.key) || !isSpec(call.args[0])) continue;
      const wanted = torch.noGrad(() => functionOf(name)(...build(name, call)));
      const first = call.args[0];
      if (!(wanted instanceof torch.Tensor) || wanted.sizes.join() !== first.shape.join() || wanted.dtype === 'float64')
        continue;
      for (const [layout, place] of Object.entries({ dense: (x: torch.Tensor): torch.Tensor => x, ...layouts })) {
        const args = build(name, call, (x, s) => (s === first ? place(x) : x));
        const x = args[0] as torch.Tensor;
        const method = (args[0] as Record<string, unknown>)[`${name}_`] as Fn;
        const out = torch.noGrad(() => method.call(x, ...args.slice(1)));
        assert.equal(out, x, `${name}_ gives its tensor back`);
        expectClose(
          flat(x),
          flat(wanted.to('float32')),
          (TOLERANCE.float32 ?? 0) * (sample.tolerance ?? 1),
          `${name}_(${call.key}) ${layout}`,
        );
      }
    }
  });
});

/** The calls whose derivatives are worth checking, small ones first. */
function smooth(name: string, sample: Sample): Call[] {
  const size = (args: readonly Arg[]): number =>
    specsOf(args).reduce((n, s) => n + s.shape.reduce((k, m) => k * m, 1), 0);
  return callsOf(sample)
    .filter(({ args, dtype, key }) => {
      const specs = specsOf(args);
      if (!answered(name, key) || dtype !== 'float64') return false;
      return (
        size(args) <= 64 &&
        specs.every((s) => s.values === null || s.dtype !== null) &&
        specs.some((s) => s.dtype === null && s.grad)
      );
    })
    .sort((a, b) => size(a.args) - size(b.args));
}
function checked(name: string, call: Call, check: typeof torch.autograd.gradcheck): void {
  const inputs: torch.Tensor[] = [];
  const places: number[] = [];
  let at = 0;
  build(name, call, (x, s) => {
    if (s.dtype === null && s.grad) {
      inputs.push(x.requiresGrad_());
      places.push(at);
    }
    at++;
    return x;
  });
  const f = (...given: torch.Tensor[]): torch.Tensor[] => {
    let k = 0;
    const args = build(name, call, (x, _s) => {
      const slot = places.indexOf(k++);
      return slot >= 0 ? given[slot]! : x;
    });
    return tensorsOf(functionOf(name)(...args));
  };
  try {
    check(f, inputs);
  } catch (error) {
    throw new Error(`${name}(${call.key}): ${(error as Error).message}`, { cause: error });
  }
}
const differentiable = rows.filter(([, s]) => s.gradient !== false && s.gradient !== 'refused');

describe('derivatives agree with finite differences', () => {
  test.each(differentiable)('%s', (name, sample) => {
    const calls = smooth(name, sample);
    assert.ok(calls.length > 0, 'no call to check');
    for (const call of calls) checked(name, call, torch.autograd.gradcheck);
  });

  test.each(differentiable.filter(([, s]) => s.gradient !== 'first'))('second order: %s', (name, sample) => {
    const calls = smooth(name, sample).filter(({ args }) =>
      specsOf(args).some((s) => s.dtype === null && s.shape.every((n) => n > 0)),
    );
    for (const call of calls.slice(0, 3)) checked(name, call, (f, inputs) => torch.autograd.gradgradcheck(f, inputs));
  });

  test.each(differentiable)('%s for each input alone, as beside the others', (name, sample) => {
    const call = smooth(name, sample).find(
      ({ args }) =>
        specsOf(args).filter((s) => s.dtype === null && s.grad).length > 1 &&
        specsOf(args).every((s) => s.shape.every((n) => n > 0)),
    );
    if (call === undefined) return;
    /** The gradients of those inputs that `wanted` takes, by their numbers. */
    const gradients = (wanted: (i: number) => boolean): (readonly number[] | null)[] => {
      const inputs: torch.Tensor[] = [];
      torch.manualSeed(0);
      const args = build(name, call, (x, s) => {
        if (s.dtype === null && s.grad) inputs.push(wanted(inputs.length) ? x.requiresGrad_() : x);
        return x;
      });
      const outs = tensorsOf(functionOf(name)(...args)).filter((y) => y.requiresGrad);
      if (outs.length > 0) torch.autograd.backward(outs.map((y) => y.sum()));
      return inputs.map((x) => x.grad && flat(x.grad));
    };
    for (const [i, expected] of gradients(() => true).entries()) {
      const alone: readonly number[] | null | undefined = gradients((k) => k === i)[i];
      const what: string = `gradient ${i} of ${name}(${call.key})`;
      if (expected === null || alone === null) assert.equal(alone, expected, what);
      else expectClose(alone!, expected, 1e-9, what);
    }
  });

  test.each(differentiable)("at kinks, ties, zeros and infinities %s has PyTorch's", (name, sample) => {
    for (const call of callsOf(sample)) {
      const wanted = stored[name]?.[`${call.key} gradient`];
      if (wanted === undefined) continue;
      const inputs: torch.Tensor[] = [];
      const args = build(name, call, (x, s) => {
        if (s.dtype === null && s.values !== null && s.grad) inputs.push(x.requiresGrad_());
        return x;
      });
      const outs = tensorsOf(functionOf(name)(...args)).filter((y) => y.requiresGrad);
      const grads = torch.autograd.grad(
        outs.map((y) => y.sum()),
        inputs,
        { materializeGrads: true },
      );
      expectStored(grads, wanted, `gradient of ${name}(${call.key})`, sample.tolerance ?? 1);
    }
  });

  test.each(rows.filter(([, s]) => s.gradient === 'refused'))('refused: %s', (name, sample) => {
    const call = callsOf(sample).find(
      ({ args, dtype, key }) => dtype === 'float32' && isSpec(args[0]) && answered(name, key),
    )!;
    const args = build(name, call, (x, s) => (s === call.args[0] ? x.requiresGrad_() : x));
    const [y] = tensorsOf(functionOf(name)(...args));
    assert.throws(() => y!.sum().backward(), { name: 'AutogradError', message: /derivative .*is not implemented/ });
  });

  test.each(rows.filter(([, s]) => s.gradient === false))('none: %s', (name, sample) => {
    const call = callsOf(sample).find(
      ({ args, dtype, key }) => dtype === 'float32' && isSpec(args[0]) && answered(name, key),
    );
    if (call === undefined) return;
    const args = build(name, call, (x, s) => (s.dtype === null ? x.requiresGrad_() : x));
    for (const out of tensorsOf(functionOf(name)(...args))) {
      if (!out.requiresGrad) continue;
      const x = args[0] as torch.Tensor;
      const [g] = torch.autograd.grad(out.sum(), x, { allowUnused: true });
      if (g) assert.deepEqual([...g.sizes], [...x.sizes]);
    }
  });
});

describe('bad calls are refused, by name', () => {
  test.each(rows)('%s', (name, sample) => {
    const says = sample.says ?? bareOf(name);
    const f = plain(name);
    const failures: string[] = [];
    const refuse = (args: readonly unknown[], what: string, message?: RegExp): void => {
      try {
        expectRefusal(() => f(...args), says, message);
      } catch (error) {
        failures.push(`${what}: ${(error as Error).message.split('\n')[0]}`);
      }
    };
    const call = callsOf(sample)[0]!;
    const rest = build(name, call).slice(1);
    const takesNumbers = sample.cases.some(([first]) => typeof first === 'number');
    for (const no of ['tensor', ...(takesNumbers ? [] : [3]), null, undefined, {}])
      refuse([no, ...rest], `${name} of ${String(no)}`);
    for (const [args, message] of sample.bad ?? []) {
      const run: Call = { args, dtype: 'float32' as DTypeName, key: 'bad' };
      refuse(
        build(name, run),
        `${name}(${args.map((a) => JSON.stringify(isSpec(a) ? `${a.dtype ?? ''}[${a.shape}]` : a)).join(', ')})`,
        message,
      );
    }
    assert.deepEqual(failures, []);
  });
});
