// Dropout: zeroes elements, or whole channels, at random.
import { generatorId } from '../random.ts';
import { type Call, readArguments } from '../arguments.ts';
import { record } from '../history.ts';
import { checkTensor, nonOverlappingAndDense, runMap } from '../dispatch.ts';
import { requireFloating } from '../dtype.ts';
import { describe, ShapeError } from '../errors.ts';
import { kernel } from '../native.ts';
import { show } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { operators } from './internal/register.ts';

const dropoutKernel = kernel('dropout');
const bernoulliKernel = kernel('bernoulli');

/** Options of {@link dropout} and {@link featureDropout}. */
export interface DropoutOptions {
  p?: number | undefined;
  training?: boolean | undefined;
}
type DropoutArguments = Call<[p?: number, training?: boolean], DropoutOptions>;

function read(where: string, x: Tensor, args: readonly unknown[]): { p: number; active: boolean } {
  const { p = 0.5, training = true } = readArguments<DropoutOptions>(where, args, ['p', 'training']);
  checkTensor(where, x);
  if (typeof p !== 'number') throw new TypeError(`${where}: expected a number for p but received ${describe(p)}`);
  if (!(p >= 0 && p <= 1))
    throw new RangeError(`${where}: dropout probability has to be between 0 and 1, but got ${p}`);
  const active = training && p > 0 && x.count > 0;
  if (active) requireFloating(where, x.dt);
  return { p, active };
}

/**
 * `x` with each element zeroed with probability `p` and the others divided by `1 - p`; `x` itself when not `training`.
 * The same draws as PyTorch's on the CPU. Throws RangeError if `p` is no probability.
 * @example
 * torch.dropout(torch.tensor([1.5, 2]), 1) // tensor([0., 0.])
 */
export function dropout(x: Tensor, ...args: DropoutArguments): Tensor {
  const { p, active } = read('dropout', x, args);
  if (!active) return x;
  // numbers are drawn in the order of memory, as for PyTorch's empty_like
  const whole = x.dense || nonOverlappingAndDense(x.sizes, x.strides);
  const source = whole ? x : x.detach().contiguous();
  const y = emptyTensor([x.count], x.dt, x.device);
  const mask = emptyTensor([x.count], x.dt, x.device);
  const flat = new Tensor(source.storage, source.dt, [x.count], null, source.offset);
  runMap(dropoutKernel, y.sizes, [y, mask, flat], x.dt, [generatorId('dropout', null, x.device), p]);
  const shaped = (t: Tensor): Tensor =>
    new Tensor(t.storage, t.dt, x.sizes, source.dense ? null : source.strides, t.offset, x.count);
  return record('mul', shaped(y), [x], [shaped(mask)], (g, n) => [g.mul(n.unpack(0))]);
}

/**
 * As {@link dropout}, but zeroes whole channels of x [N, C, *]. Throws ShapeError for fewer than 2 dims.
 * @example
 * torch.featureDropout(torch.ones([1, 1, 2]), 1) // tensor([[[0., 0.]]])
 */
export function featureDropout(x: Tensor, ...args: DropoutArguments): Tensor {
  const { p, active } = read('featureDropout', x, args);
  if (!active) return x;
  if (x.ndim < 2)
    throw new ShapeError(
      `featureDropout: feature dropout requires at least 2 dimensions in the input, but got ${show(x.sizes)}`,
    );
  const noise = emptyTensor(
    x.sizes.map((n, d) => (d < 2 ? n : 1)),
    x.dt,
    x.device,
  );
  if (p === 1) return x.mul(0);
  runMap(bernoulliKernel, noise.sizes, [noise], x.dt, [generatorId('dropout', null, x.device), 1 - p]);
  return x.mul(noise.div(1 - p));
}

operators({ dropout, featureDropout });
