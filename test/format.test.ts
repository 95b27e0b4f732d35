// Printing against PyTorch's own output, which scripts/oracle-printing.py has stored.
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { DTypeName } from '../lib/dtype.ts';
import { formatSize, formatTensor, getPrintoptions, setPrintoptions, toExponential, toFixed } from '../lib/format.ts';
import type { PrintOptionsInput } from '../lib/format.ts';

type Stored = number | string | boolean;
interface Flags {
  requiresGrad?: boolean;
  gradFn?: string;
  defaultDtype?: DTypeName;
  device?: string;
}
type Case = [DTypeName, number[], Stored[] | ['repeat', Stored[]], Flags, PrintOptionsInput, string];

const file = process.env.FLAMBEAU_PRINTING ?? new URL('./oracle/printing.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[];
const words: Record<string, number> = { inf: Infinity, '-inf': -Infinity, nan: NaN, '-0': -0 };

function value(stored: Stored): number | bigint | boolean {
  return typeof stored === 'string' ? (words[stored] ?? BigInt(stored)) : stored;
}

function print([dtype, sizes, stored, flags, options]: Case): string {
  setPrintoptions({ profile: 'default' });
  setPrintoptions(options);
  const values = (stored[0] === 'repeat' ? stored[1] : stored) as Stored[];
  return formatTensor({
    sizes,
    dtype,
    device: flags.device ?? 'cpu',
    isDefaultDevice: flags.device === undefined,
    defaultDtype: flags.defaultDtype ?? 'float32',
    requiresGrad: flags.requiresGrad ?? false,
    gradFnName: flags.gradFn ?? null,
    read: (i) => value(values[i % values.length] ?? 0),
  });
}

afterEach(() => setPrintoptions({ profile: 'default' }));

describe('formatTensor', () => {
  test(`prints ${cases.length} tensors as PyTorch does`, () => {
    const wrong = cases.flatMap((row) => {
      const printed = print(row);
      return printed === row[5] ? [] : [{ case: row.slice(0, 5), expected: row[5], printed }];
    });
    expect(wrong).toEqual([]);
  });

  test('reads only what it shows', () => {
    const read: number[] = [];
    const tensor = {
      sizes: [1000, 1000],
      dtype: 'float32' as const,
      device: 'cpu',
      isDefaultDevice: true,
      defaultDtype: 'float32' as const,
      requiresGrad: false,
      gradFnName: null,
      read: (i: number) => read.push(i),
    };
    formatTensor(tensor);
    expect(read.length).toBe(36);
    expect(read.at(-1)).toBe(999_999);
  });
});

test('ties go to even, as in Python', () => {
  expect([0.5, 1.5, 2.5, -0.5, -2.5, 1e22].map((x) => toFixed(x, 0))).toEqual([
    '0',
    '2',
    '2',
    '-0',
    '-2',
    '10000000000000000000000',
  ]);
  expect([0.125, 0.375, 0.15, -0.00001, -0].map((x) => toFixed(x, 2))).toEqual([
    '0.12',
    '0.38',
    '0.15',
    '-0.00',
    '-0.00',
  ]);
  expect([2.5, 3.5, 0.15, 1e100, -0].map((x) => toExponential(x, 0))).toEqual([
    '2e+00',
    '4e+00',
    '1e-01',
    '1e+100',
    '-0e+00',
  ]);
  expect([1.25, 1.75, 1.35].map((x) => toExponential(x, 1))).toEqual(['1.2e+00', '1.8e+00', '1.4e+00']);
});

test('formatSize', () => {
  expect(formatSize([2, 2])).toBe('torch.Size([2, 2])');
  expect(formatSize([])).toBe('torch.Size([])');
});

test('setPrintoptions checks what it is given, and changes nothing when it throws', () => {
  const before = getPrintoptions();
  const untyped = (json: string): PrintOptionsInput => JSON.parse(json) as PrintOptionsInput;
  expect(() => setPrintoptions({ precision: 2, edgeitems: 1.5 })).toThrow(TypeError);
  expect(() => setPrintoptions({ precision: -1 })).toThrow(RangeError);
  expect(() => setPrintoptions(untyped('{"linewidth":"wide"}'))).toThrow(TypeError);
  expect(() => setPrintoptions(untyped('{"lineWidth":3}'))).toThrow("unknown option 'lineWidth'");
  expect(() => setPrintoptions(untyped('{"profile":"toString"}'))).toThrow(TypeError);
  expect(getPrintoptions()).toEqual(before);
});
