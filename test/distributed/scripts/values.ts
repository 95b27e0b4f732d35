// What the scripts of the tests share: values that every rank knows of every other, tensors of all layouts, and comparison with
// what is computed by hand.
import assert from 'node:assert/strict';
import * as torch from '../../../lib/index.ts';
import type { DTypeName } from '../../../lib/dtype.ts';

export const dtypes: readonly DTypeName[] = [
  'float32',
  'float64',
  'float16',
  'bfloat16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint8',
  'bool',
];
export const isFloat = (dtype: DTypeName): boolean => dtype.includes('float');

/** Small whole numbers, exact in each dtype, also as products of four. */
export function valuesOf(rank: number, count: number, dtype: DTypeName, salt = 0): number[] {
  const most = dtype === 'bool' ? 2 : 3;
  const least = dtype === 'bool' ? 0 : 1;
  return Array.from({ length: count }, (_, i) => ((rank * 5 + i * 7 + salt * 3 + ((i * rank) >> 1)) % most) + least);
}

type Make = (dtype: DTypeName) => torch.Tensor;
/** Tensors of zeros whose elements lie in different ways. */
export const layouts: Readonly<Record<string, Make>> = {
  dense: (dtype) => torch.zeros(4, 6, { dtype }),
  offset: (dtype) => torch.zeros(7, 6, { dtype }).narrow(0, 2, 4),
  transposed: (dtype) => torch.zeros(6, 4, { dtype }).t(),
  sliced: (dtype) => torch.zeros(4, 12, { dtype }).index(':', '::2'),
  large: (dtype) => torch.zeros(60, 70, { dtype }),
  empty: (dtype) => torch.zeros(0, 3, { dtype }),
  scalar: (dtype) => torch.zeros([], { dtype }),
  buffer: (dtype) => torch.frombuffer(new ArrayBuffer(192), { dtype }),
};
/** A tensor of a layout with these values; zeros for none. */
export function filled(layout: string, dtype: DTypeName, values: (count: number) => readonly number[]): torch.Tensor {
  const x = layouts[layout]!(dtype);
  const list = values(x.numel());
  if (list.length > 0) x.copy_(torch.tensor([...list], { dtype }).reshape(...x.shape));
  return x;
}
const numbers = (x: torch.Tensor): number[] => [x.reshape(-1).tolist()].flat(9).map(Number);
/** Compares the elements of a tensor with numbers, as its dtype has them. */
export function same(name: string, x: torch.Tensor, expected: readonly number[]): void {
  assert.deepEqual(
    numbers(x),
    expected.length === 0 ? [] : numbers(torch.tensor([...expected], { dtype: x.dtype })),
    name,
  );
}

/** Reductions of the values of several ranks. */
export const reductions: Readonly<Record<torch.distributed.ReduceOp, (a: number, b: number) => number>> = {
  SUM: (a, b) => a + b,
  AVG: (a, b) => a + b,
  PRODUCT: (a, b) => a * b,
  MIN: Math.min,
  MAX: Math.max,
  BAND: (a, b) => a & b,
  BOR: (a, b) => a | b,
  BXOR: (a, b) => a ^ b,
};
/** Which of them a dtype has. */
export const opsOf = (dtype: DTypeName): torch.distributed.ReduceOp[] =>
  isFloat(dtype) ? ['SUM', 'AVG', 'PRODUCT', 'MIN', 'MAX'] : ['SUM', 'PRODUCT', 'MIN', 'MAX', 'BAND', 'BOR', 'BXOR'];
/** The plain computation. */
export function reduced(
  op: torch.distributed.ReduceOp,
  dtype: DTypeName,
  lists: readonly (readonly number[])[],
): number[] {
  const total = lists[0]!.map((_, i) => lists.map((list) => list[i]!).reduce((a, b) => reductions[op](a, b)));
  if (op === 'AVG') return total.map((v) => v / lists.length);
  return dtype === 'bool' ? total.map((v) => (v === 0 ? 0 : 1)) : total;
}
