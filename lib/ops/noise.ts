// Activations and dropout that draw random numbers: alpha dropout and randomized leaky ReLU.
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { float64, requireFloating } from '../dtype.ts';
import { checkNumber, describe, inNameOf, ShapeError } from '../errors.ts';
import { kernel } from '../native.ts';
import { draw, generatorId } from '../random.ts';
import type { GeneratorOption } from '../methods.ts';
import { show } from '../shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import type { DropoutOptions } from './dropout.ts';
import { flag } from './internal/reducing.ts';
import { operators } from './internal/register.ts';

const bernoulliKernel = kernel('bernoulli');
const uniformKernel = kernel('uniform');
/** What SELU saturates at: what dropped elements are set to, before mean and variance are brought back. */
const ALPHA = 1.7580993408473766;

function alphaDropped(where: string, x: Tensor, args: readonly unknown[], feature: boolean): Tensor {
  const { p = 0.5, training = true } = readArguments<DropoutOptions>(where, args, ['p', 'training']);
  checkTensor(where, x);
  checkNumber(where, 'p', p);
  const active = flag(where, 'training', training, true);
  if (!(p >= 0 && p <= 1))
    throw new RangeError(`${where}: dropout probability has to be between 0 and 1, but got ${p}`);
  if (!active || p === 0 || x.count === 0) return x;
  requireFloating(where, x.dt);
  if (feature && x.ndim < 2)
    throw new ShapeError(
      `${where}: feature dropout requires at least 2 dimensions in the input, but got ${show(x.sizes)}`,
    );
  if (p === 1) return x.mul(0);
  // drawn in the order of memory, as PyTorch does
  const channels = x.sizes.map((n, d) => (d < 2 ? n : 1));
  const memory = feature || x.dense ? emptyTensor(feature ? channels : x.sizes, x.dt, x.device) : x.detach().clone();
  const noise = draw(bernoulliKernel, memory, [generatorId(where, null, x.device), 1 - p]);
  const a = 1 / Math.sqrt((ALPHA * ALPHA * p + 1) * (1 - p));
  const b = noise
    .sub(1)
    .mul(ALPHA * a)
    .add(ALPHA * a * p);
  return x.mul(noise.mul(a)).add(b);
}

/**
 * Sets elements with probability `p` to what SELU saturates at, and scales so that mean and variance stay
 * (https://arxiv.org/abs/1706.02515); `x` itself when not `training`. Throws RangeError if `p` is no probability.
 * @example
 * torch.manualSeed(0)
 * torch.alphaDropout(torch.tensor([1.5, 2])) // tensor([-0.7792, -0.7792])
 */
export function alphaDropout(x: Tensor, ...args: Call<[p?: number, training?: boolean], DropoutOptions>): Tensor {
  return inNameOf('alphaDropout', () => alphaDropped('alphaDropout', x, args, false));
}
/**
 * As {@link alphaDropout}, for whole channels of x [N, C, *]. Throws ShapeError for fewer than 2 dims.
 * @example
 * torch.manualSeed(0)
 * torch.featureAlphaDropout(torch.tensor([[[1.5, 2]]])) // tensor([[[-0.7792, -0.7792]]])
 */
export function featureAlphaDropout(
  x: Tensor,
  ...args: Call<[p?: number, training?: boolean], DropoutOptions>
): Tensor {
  return inNameOf('featureAlphaDropout', () => alphaDropped('featureAlphaDropout', x, args, true));
}

/** Options of {@link rrelu}. */
export interface RreluOptions extends GeneratorOption {
  lower?: number | undefined;
  upper?: number | undefined;
  training?: boolean | undefined;
}
/**
 * `x` above zero, below it `x` times a slope: drawn between `lower` (1/8) and `upper` (1/3) for each element when
 * `training` (false), else their mean (https://arxiv.org/abs/1505.00853). Throws DtypeError for integers.
 * @example
 * torch.rrelu(torch.tensor([-1, 1.5]), 0.1, 0.3) // tensor([-0.2000,  1.5000])
 */
export function rrelu(
  x: Tensor,
  ...args: Call<[lower?: number, upper?: number, training?: boolean], RreluOptions>
): Tensor {
  const where = 'rrelu';
  return inNameOf(where, () => {
    const options = readArguments<RreluOptions>(where, args, ['lower', 'upper', 'training'], ['generator']);
    const { lower = 1 / 8, upper = 1 / 3 } = options;
    checkTensor(where, x);
    requireFloating(where, x.dt);
    checkNumber(where, 'lower', lower);
    checkNumber(where, 'upper', upper);
    if (!Number.isFinite(lower) || !Number.isFinite(upper) || lower > upper) {
      throw new RangeError(
        `${where}: lower bound should be less than or equal to the upper bound, but got ${describe(lower)} and ${describe(upper)}`,
      );
    }
    const id = generatorId(where, options.generator, x.device);
    if (!flag(where, 'training', options.training, false)) return x.leakyRelu((lower + upper) / 2);
    // PyTorch draws a double for each element that is not positive, in order
    const below = x.detach().le(0);
    const count = Number(below.sum().item());
    const slopes = draw(uniformKernel, emptyTensor([count], float64, x.device), [id, lower, upper]).to(x.dtype);
    return x.mul(emptyTensor(x.sizes, x.dt, x.device).fill_(1).maskedScatter(below, slopes));
  });
}

operators({ alphaDropout, featureAlphaDropout, rrelu });
