// Norms of differences: dist, cdist; and renorm, which bounds norms.
import { castCall, casting } from '../autocast.ts';
import { noGrad } from '../autograd/mode.ts';
import { type Call, readArguments } from '../arguments.ts';
import { record } from '../history.ts';
import { checkTensor, commonDevice, resultType } from '../dispatch.ts';
import { requireFloating } from '../dtype.ts';
import { checkNumber, inNameOf, ShapeError } from '../errors.ts';
import { broadcastShapes, type Shape, show, wrapDim } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import { oneOf } from './internal/checks.ts';
import { operators } from './internal/register.ts';
import { cat } from './join.ts';

/**
 * The `p`-norm (2) of the difference of both tensors, broadcasting.
 * @example
 * torch.dist(torch.tensor([1.5, 2]), torch.tensor([4.5, 6])) // tensor(5.)
 */
export function dist(a: Tensor, b: Tensor, ...args: Call<[p?: number], { p?: number | undefined }>): Tensor {
  return inNameOf('dist', () => {
    checkTensor('dist', a);
    checkTensor('dist', b, 'other');
    const { p = 2 } = readArguments<{ p: number }>('dist', args, ['p']);
    checkNumber('dist', 'p', p);
    return a.sub(b).norm(p);
  });
}

const MODES = [
  'use_mm_for_euclid_dist_if_necessary',
  'use_mm_for_euclid_dist',
  'donot_use_mm_for_euclid_dist',
] as const;
/** How cdist computes Euclidean distances: by a matrix product (faster, less exact), never, or for more than 25 vectors. */
export type ComputeMode = (typeof MODES)[number];
/** Options of cdist. */
export interface CdistOptions {
  p?: number | undefined;
  computeMode?: ComputeMode | null | undefined;
}
/** Differences that are held at a time. */
const BLOCK = 2 ** 22;
/** Distances of [b, n, m] from [b, n, 1, k] and [b, 1, m, k], without the differences in memory where nobody needs them. */
function distances(a: Tensor, b: Tensor, p: number): Tensor {
  const [n, m, k] = [a.sizes[a.sizes.length - 2]!, b.sizes[b.sizes.length - 2]!, a.sizes[a.sizes.length - 1]!];
  const all = (x: Tensor): Tensor => x.unsqueeze(-2).sub(b.unsqueeze(-3)).norm(p, -1);
  const rows = Math.max(1, Math.floor(BLOCK / Math.max(1, m * k)));
  if (rows >= n) return all(a);
  return cat(
    a.split(rows, -2).map((part) => all(part)),
    -2,
  );
}
/** By |a|² + |b|² - 2ab, as one product. */
function byProduct(a: Tensor, b: Tensor): Tensor {
  const [p, q] = [a.square().sum(-1, true), b.square().sum(-1, true)];
  const ones = (x: Tensor): Tensor => emptyTensor(x.sizes, x.dt, x.device).fill_(1);
  const left = cat([a.mul(-2), p, ones(p)], -1);
  return left
    .matmul(cat([b, ones(q), q], -1).mT)
    .clampMin(0)
    .sqrt();
}
/**
 * The `p`-norms (2) of the differences of all pairs of vectors: [*, n, k] and [*, m, k] make [*, n, m]. Throws
 * ShapeError where the vectors differ in length.
 * @example
 * torch.cdist(torch.tensor([[0, 0], [3, 4.0]]).float(), torch.tensor([[0, 0.0]]).float())
 * // tensor([[0.],
 * //         [5.]])
 */
export function cdist(
  x1: Tensor,
  x2: Tensor,
  ...args: Call<[p?: number, computeMode?: ComputeMode | null], CdistOptions>
): Tensor {
  if (casting.on) return castCall('cdist', cdist, [x1, x2, ...args]);
  const where = 'cdist';
  return inNameOf(where, () => {
    checkTensor(where, x1, 'x1');
    checkTensor(where, x2, 'x2');
    commonDevice(where, [x1, x2]);
    const options = readArguments<CdistOptions>(where, args, ['p', 'computeMode']);
    const { p = 2 } = options;
    checkNumber(where, 'p', p);
    const how = oneOf(where, 'computeMode', options.computeMode ?? MODES[0], MODES);
    for (const x of [x1, x2]) requireFloating(where, x.dt);
    if (x1.sizes.length < 2 || x2.sizes.length < 2)
      throw new ShapeError(
        `${where}: only supports at least 2D tensors, but got ${show(x1.sizes)} and ${show(x2.sizes)}`,
      );
    const k = x1.sizes[x1.sizes.length - 1]!;
    if (k !== x2.sizes[x2.sizes.length - 1])
      throw new ShapeError(
        `${where}: X1 and X2 must have the same number of columns, but got ${show(x1.sizes)} and ${show(x2.sizes)}`,
      );
    if (!(p >= 0)) throw new RangeError(`${where}: only supports non-negative p values, not ${p}`);
    const { name } = resultType(x1, x2);
    const batch = broadcastShapes(where, x1.sizes.slice(0, -2), x2.sizes.slice(0, -2));
    const wide = (x: Tensor): Tensor => x.to(name).expand([...batch, ...x.sizes.slice(-2)]);
    const [a, b] = [wide(x1), wide(x2)];
    const large = a.sizes[a.sizes.length - 2]! > 25 || b.sizes[b.sizes.length - 2]! > 25;
    const product = p === 2 && k > 0 && (how === MODES[1] || (how === MODES[0] && large));
    if (p !== 2) return distances(a, b, p);
    const out = noGrad(() => (product ? byProduct(a, b) : distances(a, b, 2)));
    return record(where, out, [a, b], [a, b, out], (g, n) => {
      const [u, v, d] = [n.unpack(0), n.unpack(1), n.unpack(2)];
      // g (u - v) / d, and zero where they meet
      const share = g.div(d).where(d.detach().ne(0), 0);
      const back = (s: Tensor, self: Tensor, other: Tensor): Tensor => self.mul(s.sum(-1, true)).sub(s.matmul(other));
      return [n.needs(0) ? back(share, u, v) : null, n.needs(1) ? back(share.mT, v, u) : null];
    });
  });
}
/**
 * `x` with each slice along `dim` scaled down to a `p`-norm of at most `maxnorm`. Throws DtypeError if not floating
 * point, ShapeError for less than 2 dims.
 * @example
 * torch.renorm(torch.tensor([[3, 4], [0.3, 0.4]]), 2, 0, 1)
 * // tensor([[0.6000, 0.8000],
 * //         [0.3000, 0.4000]])
 */
export function renorm(x: Tensor, p: number, dim: number, maxnorm: number): Tensor {
  const where = 'renorm';
  return inNameOf(where, () => {
    checkTensor(where, x);
    checkNumber(where, 'p', p);
    checkNumber(where, 'maxnorm', maxnorm);
    requireFloating(where, x.dt);
    if (!(p > 0)) throw new RangeError(`${where}: non-positive norm ${p} is not supported`);
    if (!(maxnorm >= 0)) throw new RangeError(`${where}: expected maxnorm to be >= 0 but got ${maxnorm}`);
    if (x.sizes.length < 2)
      throw new ShapeError(`${where}: input needs at least 2 dimensions, got ${x.sizes.length} dimensions`);
    const d = wrapDim(where, dim, x.sizes.length);
    const others: Shape = x.sizes.map((_, i) => i).filter((i) => i !== d);
    const size = x.norm(p, others, true);
    const scale = size.add(1e-7).reciprocal().mul(maxnorm);
    return x.mul(scale.where(size.detach().gt(maxnorm), 1));
  });
}

operators({ dist, cdist, renorm });
