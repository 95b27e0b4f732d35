// Convolutions and poolings of whole numbers, and other calls with dtypes that scripts rarely use: against PyTorch's stored
// answers (scripts/oracle-whole.py).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import type { DTypeName } from '../lib/dtype.ts';
import * as torch from '../lib/index.ts';
import { expectClose, expectRefusal, flat, TOLERANCE, tensorsOf } from './helpers.ts';

interface Stored {
  readonly t: DTypeName;
  readonly s: readonly number[];
  readonly v: readonly (number | string | boolean)[];
}
type Plain = Stored | number | string | boolean | readonly Plain[];
interface Call {
  readonly name: string;
  readonly args: readonly Plain[];
  readonly options: Readonly<Record<string, Plain>>;
  readonly result?: Stored | readonly Stored[];
}
const calls = JSON.parse(readFileSync(new URL('./oracle/whole.json', import.meta.url), 'utf8')) as readonly Call[];
const camel = (name: string): string => name.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase());
const isStored = (x: Plain): x is Stored => typeof x === 'object' && 't' in x;
function build(x: Plain): unknown {
  if (isStored(x))
    return torch
      .tensor(
        x.v.map((v) => (typeof v === 'string' ? BigInt(v) : v)),
        { dtype: x.t },
      )
      .reshape([...x.s]);
  if (Array.isArray(x)) return (x as readonly Plain[]).map(build);
  return x === 'Infinity' ? Number.POSITIVE_INFINITY : x;
}
type Fn = (...args: readonly unknown[]) => unknown;
const places: Readonly<Record<string, unknown>> = { ...torch, ...torch.nn.functional };

describe('as in PyTorch', () => {
  test.each(
    calls.map(
      (c, i) =>
        [`${i} ${c.name}(${c.args.map((a) => (isStored(a) ? `${a.t}[${a.s}]` : JSON.stringify(a)))})`, c] as const,
    ),
  )('%s', (what, { name, args, options, result }) => {
    const given = Object.fromEntries(Object.entries(options).map(([k, v]) => [camel(k), build(v)]));
    const run = (): unknown =>
      (places[camel(name)] as Fn)(...args.map(build), ...(Object.keys(given).length > 0 ? [given] : []));
    if (result === undefined) return expectRefusal(run, camel(name));
    const wanted = (Array.isArray(result) ? result : [result]) as readonly Stored[];
    const got = tensorsOf(run());
    assert.equal(got.length, wanted.length);
    wanted.forEach((w, i) => {
      assert.equal(`${got[i]!.dtype}[${got[i]!.sizes}]`, `${w.t}[${w.s}]`, `${what} [${i}]`);
      expectClose(flat(got[i]!), w.v.map(Number), TOLERANCE[w.t] ?? 0, `${what} [${i}]`);
    });
  });
});

test('the nuclear norm has a gradient', () => {
  const x = torch.tensor(
    [
      [3, 0],
      [0, 4],
    ],
    { dtype: 'float64', requiresGrad: true },
  );
  torch.norm(x, 'nuc').backward();
  expectClose(flat(x.grad!), [1, 0, 0, 1], 1e-12, 'gradient');
});
