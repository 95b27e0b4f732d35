// Quantiles and covariances.
import { castCall, casting } from '../autocast.ts';
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { float32, float64, FLOATING } from '../dtype.ts';
import { checkNumber, DtypeError, inNameOf, ShapeError } from '../errors.ts';
import { show, wrapDim } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { oneOf, requireInteger } from './internal/checks.ts';
import { flag } from './internal/reducing.ts';
import { operators } from './internal/register.ts';

/** What a quantile between two elements is. */
export type Interpolation = 'linear' | 'lower' | 'higher' | 'midpoint' | 'nearest';
const INTERPOLATIONS: readonly Interpolation[] = ['linear', 'lower', 'higher', 'midpoint', 'nearest'];
/** Options of quantile and nanquantile. */
export interface QuantileOptions {
  /** The dim to reduce; by default all of them. */
  dim?: number | null | undefined;
  keepdim?: boolean | undefined;
  interpolation?: Interpolation | undefined;
}
type QuantileArgs = Call<[dim?: number | null, keepdim?: boolean], QuantileOptions>;

/** The fractions as [n], of the input's dtype and in [0, 1]. */
function fractions(where: string, q: number | Tensor, x: Tensor): Tensor {
  if (!(q instanceof Tensor)) {
    checkNumber(where, 'q', q);
    if (!(q >= 0 && q <= 1)) throw new RangeError(`${where}: q must be in the range [0, 1] but got ${q}`);
    return emptyTensor([1], x.dt, x.device).fill_(q);
  }
  if (q.sizes.length > 1)
    throw new ShapeError(`${where}: q must be a scalar or 1D tensor, but got shape ${show(q.sizes)}`);
  if (q.dt !== x.dt)
    throw new DtypeError(
      `${where}: q tensor must be same dtype as the input tensor, but got ${q.dt.name} and ${x.dt.name}`,
    );
  if (!q.detach().ge(0).logicalAnd(q.detach().le(1)).all().item())
    throw new RangeError(`${where}: q values must be in the range [0, 1]`);
  return q.reshape(-1);
}

function quantiles(where: string, x: Tensor, q: number | Tensor, args: readonly unknown[]): Tensor {
  return inNameOf(where, () => {
    checkTensor(where, x);
    const options = readArguments<QuantileOptions>(where, args, ['dim', 'keepdim'], ['interpolation']);
    if (x.dt !== float32 && x.dt !== float64)
      throw new DtypeError(`${where}: input tensor must be either float32 or float64, but got ${x.dt.name}`);
    if (x.count === 0 && (options.dim ?? null) === null)
      throw new RangeError(`${where}: input tensor must be non-empty`);
    const at = fractions(where, q, x);
    const how = oneOf(where, 'interpolation', options.interpolation ?? 'linear', INTERPOLATIONS);
    const keepdim = flag(where, 'keepdim', options.keepdim, false);
    const given = options.dim ?? null;
    const d = given === null ? 0 : wrapDim(where, given, x.sizes.length);
    const source = given === null || x.sizes.length === 0 ? x.reshape(-1) : x.movedim(d, -1);
    const n = source.sizes[source.sizes.length - 1]!;
    if (n === 0)
      throw new RangeError(`${where}: quantile of dimension ${d} of ${show(x.sizes)}, which has no elements`);
    const sorted = source.sort(-1).values;
    const nan = sorted.detach().isnan();
    // [rows, 1] times [n] fractions: the places between the elements
    const last = emptyTensor([1], x.dt, x.device).fill_(n - 1);
    const highest = where === 'nanquantile' ? last.sub(nan.sum(-1, true)).clampMin(0) : last;
    let places = at.mul(highest);
    if (where === 'quantile') {
      const rows = [...sorted.sizes.slice(0, -1), at.count];
      // NaN are the last ones: of a row that has one, the quantile is NaN
      places = places.expand(rows).where(nan.narrow(-1, n - 1, 1).logicalNot(), n - 1);
    }
    if (how === 'lower') places = places.floor();
    else if (how === 'higher') places = places.ceil();
    else if (how === 'nearest') places = places.round();
    const below = places.floor();
    let out = sorted.gather(-1, below.long());
    if (how === 'linear' || how === 'midpoint') {
      const weights = how === 'midpoint' ? places.ne(below).to(x.dtype).mul(0.5) : places.sub(below);
      out = out.lerp(sorted.gather(-1, places.ceil().long()), weights);
    }
    // [rows, fractions] to [fractions, rows]
    out = out.movedim(-1, 0);
    if (keepdim)
      out =
        given === null
          ? out.reshape(at.count, ...x.sizes.map(() => 1))
          : out.unsqueeze(x.sizes.length === 0 ? 1 : d + 1);
    if (keepdim && x.sizes.length === 0) out = out.reshape(at.count);
    return q instanceof Tensor && q.sizes.length === 1 ? out : out.squeeze(0);
  });
}
/**
 * What a fraction `q` of the elements is less than, along `dim` or of all; with several fractions, in a 1-d tensor, they
 * are the first dim of the result. NaN if there is one. Throws RangeError unless 0 ≤ q ≤ 1.
 * @example
 * torch.quantile(torch.tensor([1, 2.5, 4, 7]), 0.5) // tensor(3.2500)
 */
export function quantile(x: Tensor, q: number | Tensor, ...args: QuantileArgs): Tensor {
  if (casting.on) return castCall('quantile', quantile, [x, q, ...args]);
  return quantiles('quantile', x, q, args);
}
/**
 * As {@link quantile}, of the elements that are not NaN. Throws RangeError unless 0 ≤ q ≤ 1.
 * @example
 * torch.nanquantile(torch.tensor([1, torch.nan, 4]), 0.5) // tensor(2.5000)
 */
export function nanquantile(x: Tensor, q: number | Tensor, ...args: QuantileArgs): Tensor {
  if (casting.on) return castCall('nanquantile', nanquantile, [x, q, ...args]);
  return quantiles('nanquantile', x, q, args);
}

/** Options of cov. */
export interface CovOptions {
  /** What the sum is divided by is the number of observations less this: 1, or 0 for the mean. */
  correction?: number | undefined;
  /** How often each observation counts: whole numbers. */
  fweights?: Tensor | null | undefined;
  /** How much each observation counts. */
  aweights?: Tensor | null | undefined;
}
function checkWeights(where: string, name: string, w: Tensor | null | undefined, n: number): Tensor | null {
  if (w === null || w === undefined) return null;
  checkTensor(where, w, name);
  if (w.sizes.length > 1)
    throw new ShapeError(`${where}: expected ${name} to have one or fewer dimensions, but got shape ${show(w.sizes)}`);
  if (w.count !== n)
    throw new ShapeError(
      `${where}: expected ${name} to have the same numel as there are observations, but got ${w.count} and ${n}`,
    );
  if (name === 'fweights') requireInteger(where, w, name);
  else if (w.dt.kind !== FLOATING)
    throw new DtypeError(`${where}: expected ${name} to be floating point, but got ${w.dt.name}`);
  if (w.count > 0 && w.lt(0).any().item()) throw new RangeError(`${where}: ${name} cannot be negative`);
  return w;
}
/**
 * The covariance matrix of variables, a row each, with an observation in each column. Throws ShapeError for more than 2
 * dims.
 * @example
 * torch.cov(torch.tensor([[1, 2, 3], [3, 2, 1.0]]).float())
 * // tensor([[ 1., -1.],
 * //         [-1.,  1.]])
 */
export function cov(x: Tensor, ...args: Call<[], CovOptions>): Tensor {
  const where = 'cov';
  return inNameOf(where, () => {
    checkTensor(where, x);
    const options = readArguments<CovOptions>(where, args, [], ['correction', 'fweights', 'aweights']);
    const { correction = 1 } = options;
    checkNumber(where, 'correction', correction);
    if (x.sizes.length > 2)
      throw new ShapeError(`${where}: expected input to have two or fewer dimensions, but got shape ${show(x.sizes)}`);
    if (x.dt.kind === 0) throw new DtypeError(`${where}: bool dtype is not supported for input`);
    const rows = x.sizes.length < 2 ? x.reshape(1, -1) : x;
    const n = rows.sizes[1]!;
    const times = checkWeights(where, 'fweights', options.fweights, n);
    const shares = checkWeights(where, 'aweights', options.aweights, n);
    const weights = times && shares ? times.mul(shares) : (times ?? shares);
    const total = weights ? weights.sum() : emptyTensor([], float64, x.device).fill_(n);
    const mean = weights ? rows.mul(weights).sum(1, true).div(total) : rows.sum(1, true).div(n);
    const centred = rows.sub(mean);
    let freedom = total.sub(correction);
    if (weights && shares && correction !== 0)
      freedom = total.sub(weights.mul(shares).sum().mul(correction).div(total));
    const sums = centred.mm((weights ? centred.mul(weights) : centred).t());
    const by = weights ? freedom.clampMin(0) : Math.max(n - correction, 0);
    return sums.div(by).squeeze();
  });
}
/**
 * The matrix of correlation coefficients of variables, a row each, with an observation in each column. Throws ShapeError
 * for more than 2 dims.
 * @example
 * torch.corrcoef(torch.tensor([[1, 2, 3], [3, 2, 1.0]]).float())
 * // tensor([[ 1., -1.],
 * //         [-1.,  1.]])
 */
export function corrcoef(x: Tensor): Tensor {
  const where = 'corrcoef';
  return inNameOf(where, () => {
    const c = cov(x);
    if (c.sizes.length === 0) return c.div(c);
    const deviations = c.diagonal().sqrt();
    return c.div(deviations.unsqueeze(1)).div(deviations.unsqueeze(0)).clamp(-1, 1);
  });
}

operators({ quantile, nanquantile, cov, corrcoef });
