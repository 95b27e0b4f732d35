// The reductions of torch.distributed, in the order of native/mpi/ops.h. Used by collectives and transports.
import { describe, DtypeError } from '../errors.ts';
import { type DType, FLOATING } from '../dtype.ts';

/** A reduction: a member of {@link ReduceOp}. */
export type ReduceOp = 'SUM' | 'AVG' | 'PRODUCT' | 'MIN' | 'MAX' | 'BAND' | 'BOR' | 'BXOR';

/**
 * How values of several ranks become one. `AVG` is for floating point dtypes, the bitwise `BAND`, `BOR` and `BXOR` for
 * integers and bool, whose `SUM` and `MAX` are "or", and `PRODUCT` and `MIN` "and".
 * @example
 * torch.distributed.ReduceOp.SUM // SUM
 */
export const ReduceOp: { readonly [name in ReduceOp]: name } = Object.freeze({
  SUM: 'SUM',
  AVG: 'AVG',
  PRODUCT: 'PRODUCT',
  MIN: 'MIN',
  MAX: 'MAX',
  BAND: 'BAND',
  BOR: 'BOR',
  BXOR: 'BXOR',
});

const order: readonly string[] = Object.keys(ReduceOp);

/** The number of a reduction, checked against the dtype that is reduced. */
export function reductionOf(where: string, op: unknown, dt: DType): number {
  if (op === undefined || op === null || op === 'SUM') return 0;
  const number = typeof op === 'string' ? order.indexOf(op) : -1;
  if (number < 0)
    throw new TypeError(`${where}: expected a ReduceOp (${order.join(', ')}) but received ${describe(op)}`);
  if (number === 1 && dt.kind !== FLOATING)
    throw new DtypeError(`${where}: ReduceOp.AVG is for floating point tensors, not ${dt.name}: divide a SUM`);
  if (number >= 5 && dt.kind === FLOATING)
    throw new DtypeError(`${where}: ReduceOp.${op as string} is for integers and bool, not ${dt.name}`);
  return number;
}
