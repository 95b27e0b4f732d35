// Sorting and selecting by rank along one dim; gradients go back to where the elements were.
import { type Call, type Named, readArguments } from '../arguments.ts';
import { recordMany } from '../history.ts';
import { checkTensor, runStruct } from '../dispatch.ts';
import { int64 } from '../dtype.ts';
import { describe, inNameOf } from '../errors.ts';
import { kernel } from '../native.ts';
import { type Shape, wrapDim } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import { type ValuesIndices, valuesIndices } from './internal/named.ts';
import { flag, scatterBack } from './internal/reducing.ts';
import { operators } from './internal/register.ts';

/** Options of sort and argsort. */
export interface SortOptions {
  dim?: number | undefined;
  descending?: boolean | undefined;
  /** Equal elements keep their order; here they always do. */
  stable?: boolean | undefined;
}

/** Runs a kernel that gives values and indices of one shape; records that the values come from there. */
function pick(
  where: string,
  k: number,
  x: Tensor,
  dim: number,
  sizes: Shape,
  params: readonly number[],
): ValuesIndices {
  const shape = x.sizes;
  const [values, indices] = [emptyTensor(sizes, x.dt, x.device), emptyTensor(sizes, int64, x.device)];
  if (values.count > 0) runStruct(k, [values, indices, x], [dim, ...params]);
  recordMany(where, [values, indices], [x], [indices], ([g], n) => [
    !g || shape.length === 0 ? g! : scatterBack(g, n.unpack(0), shape, dim),
  ]);
  return valuesIndices(where, values, indices);
}

const sortKernel = kernel('sort');
/**
 * The elements in order along `dim` (the last one), and where they were. NaN is the largest. Always stable. Throws
 * RangeError if there is no such dim.
 * @example
 * torch.sort(torch.tensor([3, 1, 2])).indices // tensor([1, 2, 0])
 */
export function sort(
  x: Tensor,
  ...args: Call<[dim?: number, descending?: boolean, stable?: boolean], SortOptions>
): ValuesIndices {
  checkTensor('sort', x);
  const options = readArguments<SortOptions>('sort', args, ['dim', 'descending', 'stable']);
  const dim = wrapDim('sort', options.dim ?? -1, x.sizes.length);
  const descending = flag('sort', 'descending', options.descending, false);
  return pick('sort', sortKernel, x, dim, x.sizes, [
    descending ? 1 : 0,
    flag('sort', 'stable', options.stable, false) ? 1 : 0,
  ]);
}
/**
 * Where the elements in order come from; see sort. Throws RangeError if there is no such dim.
 * @example
 * torch.argsort(torch.tensor([3, 1, 2]), { descending: true }) // tensor([0, 2, 1])
 */
export function argsort(
  x: Tensor,
  ...args: Call<[dim?: number, descending?: boolean, stable?: boolean], SortOptions>
): Tensor {
  return inNameOf('argsort', () => {
    checkTensor('argsort', x);
    const options = readArguments<SortOptions>('argsort', args, ['dim', 'descending', 'stable']);
    return sort(x.detach(), options).indices;
  });
}
/**
 * The rows in order along the first dim.
 * @example
 * torch.msort(torch.tensor([3, 1, 2])) // tensor([1, 2, 3])
 */
export function msort(x: Tensor): Tensor {
  return inNameOf('msort', () => sort(x, 0).values);
}

/** Options of topk. */
export interface TopkOptions {
  dim?: number | undefined;
  largest?: boolean | undefined;
  sorted?: boolean | undefined;
}
const topkKernel = kernel('topk');
/**
 * The `k` largest (or smallest) elements along `dim` (the last one), and where they are. Throws RangeError for too many.
 * @example
 * torch.topk(torch.tensor([1, 4, 2, 3]), 2).values // tensor([4, 3])
 */
export function topk(
  x: Tensor,
  ...args: Named<[k: number], ['k'], [dim?: number, largest?: boolean, sorted?: boolean], TopkOptions>
): ValuesIndices {
  checkTensor('topk', x);
  const options = readArguments<TopkOptions & { k: number }>('topk', args, ['k', 'dim', 'largest', 'sorted']);
  const { k } = options;
  if (k === undefined || !Number.isInteger(k))
    throw new TypeError(`topk: expected a whole number for k but received ${describe(k)}`);
  const dim = wrapDim('topk', options.dim ?? -1, x.sizes.length);
  const n = x.sizes.length === 0 ? 1 : x.sizes[dim]!;
  if (k < 0 || k > n) throw new RangeError(`topk: selected index k out of range: ${k} is not in [0, ${n}]`);
  const sizes = x.sizes.slice();
  if (sizes.length > 0) sizes[dim] = k;
  const [largest, sorted] = [
    flag('topk', 'largest', options.largest, true),
    flag('topk', 'sorted', options.sorted, true),
  ];
  return pick('topk', topkKernel, x, dim, sizes, [largest ? 1 : 0, sorted ? 1 : 0]);
}

operators({ sort, topk });
operators({ msort });
operators({ argsort }, { differentiable: false });
