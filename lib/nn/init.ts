// torch.nn.init: fills tensors in place, with PyTorch's own numbers for the same seed.
import { noGrad } from '../autograd/mode.ts';
import { type Call, type Named, readArguments } from '../arguments.ts';
import { randperm } from '../create.ts';
import { checkTensor } from '../dispatch.ts';
import { describe, ShapeError, checkNumber, inNameOf } from '../errors.ts';
import { qr } from '../linalg/factor.ts';
import type { Generator } from '../random.ts';
import { show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { fans, initialisation } from './internal.ts';

/** Options of the functions that draw numbers. */
export interface GeneratorOptions {
  generator?: Generator | null | undefined;
}
/** Options of {@link uniform_}. */
export interface UniformOptions extends GeneratorOptions {
  a?: number | undefined;
  b?: number | undefined;
}
/** Options of {@link normal_}. */
export interface NormalOptions extends GeneratorOptions {
  mean?: number | undefined;
  std?: number | undefined;
}
/** Options of {@link xavierUniform_} and {@link xavierNormal_}. */
export interface XavierOptions extends GeneratorOptions {
  gain?: number | undefined;
}
type XavierArguments = Call<[gain?: number, generator?: Generator | null], XavierOptions>;
/** Which size a variance is kept for. */
export type FanMode = 'fan_in' | 'fan_out';
/** The function that follows a layer, by its name in `nn.functional`. */
export type Nonlinearity =
  | 'linear'
  | 'conv1d'
  | 'conv2d'
  | 'conv3d'
  | 'conv_transpose1d'
  | 'conv_transpose2d'
  | 'conv_transpose3d'
  | 'sigmoid'
  | 'tanh'
  | 'relu'
  | 'leaky_relu'
  | 'selu';

/** Names in camelCase are understood too. */
const snake = (name: string): string =>
  (typeof name === 'string' ? name : '').replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

/**
 * Fills `x` with numbers uniform in [a, b). Throws RangeError if `a` is the larger one, DtypeError for integers.
 * @example
 * torch.manualSeed(0)
 * torch.nn.init.uniform_(torch.empty(3), 1, 2) // tensor([1.4963, 1.7682, 1.0885])
 */
export function uniform_(
  x: Tensor,
  ...args: Call<[a?: number, b?: number, generator?: Generator | null], UniformOptions>
): Tensor {
  checkTensor('uniform_', x);
  const { a = 0, b = 1, generator = null } = readArguments<UniformOptions>('uniform_', args, ['a', 'b', 'generator']);
  return initialisation.skipped ? x : noGrad(() => x.uniform_(a, b, { generator }));
}

/**
 * Fills `x` with normal numbers. Throws RangeError if `std` is negative, DtypeError for integers.
 * @example
 * torch.nn.init.normal_(torch.empty([3]), 0, 0) // tensor([0., 0., 0.])
 */
export function normal_(
  x: Tensor,
  ...args: Call<[mean?: number, std?: number, generator?: Generator | null], NormalOptions>
): Tensor {
  checkTensor('normal_', x);
  const names = ['mean', 'std', 'generator'];
  const { mean = 0, std = 1, generator = null } = readArguments<NormalOptions>('normal_', args, names);
  return initialisation.skipped ? x : noGrad(() => x.normal_(mean, std, { generator }));
}

/** The error function, by the series or the continued fraction; to about 1e-15. */
function erf(x: number): number {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  if (z < 2.5) {
    let term = z;
    let sum = z;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (-z * z) / n;
      sum += term / (2 * n + 1);
      if (term === 0) break;
    }
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (z + fraction);
  return Math.sign(x) * (1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction));
}

/**
 * Fills `x` with normal numbers, drawn again until they lie in [a, b]. Throws DtypeError for integers.
 * @example
 * torch.manualSeed(0)
 * torch.nn.init.truncNormal_(torch.empty(3)) // tensor([ 1.5410, -0.2934, -1.3986])
 */
export function truncNormal_(
  x: Tensor,
  ...args: Call<
    [mean?: number, std?: number, a?: number, b?: number, generator?: Generator | null],
    NormalOptions & UniformOptions
  >
): Tensor {
  return inNameOf('truncNormal_', () => {
    checkTensor('truncNormal_', x);
    const names = ['mean', 'std', 'a', 'b', 'generator'];
    const options = readArguments<NormalOptions & UniformOptions>('truncNormal_', args, names);
    const { mean = 0, std = 1, a = -2, b = 2, generator = null } = options;
    for (const [name, v] of Object.entries({ mean, std, a, b })) checkNumber('truncNormal_', name, v);
    if (!(a < b)) throw new RangeError(`truncNormal_: expected a < b, but got ${a} and ${b}`);
    if (initialisation.skipped) return x;
    const cdf = (v: number): number => (1 + erf(v / Math.sqrt(2))) / 2;
    return noGrad(() => {
      if (cdf((b - mean) / std) - cdf((a - mean) / std) > 0.3) {
        let result = x.normal_(mean, std, { generator });
        for (;;) {
          const outside = result.lt(a).logicalOr(result.gt(b));
          if (!outside.any().item()) break;
          result = result.clone().normal_(mean, std, { generator }).where(outside, result);
        }
        return result === x ? x : x.copy_(result);
      }
      // little of the distribution lies within: draw uniformly and accept with the density
      const peak = -0.5 * ((Math.max(a, Math.min(mean, b)) - mean) / std) ** 2;
      const rejected = (candidates: Tensor): Tensor => {
        const density = candidates.sub(mean).div(std).pow(2).mul(-0.5).sub(peak);
        return candidates.clone().uniform_(0, 1, { generator }).log().gt(density);
      };
      let result = x.uniform_(a, b, { generator });
      let pending = rejected(result);
      while (pending.any().item()) {
        const candidates = result.clone().uniform_(a, b, { generator });
        result = candidates.where(pending, result);
        pending = rejected(candidates).logicalAnd(pending);
      }
      return result === x ? x : x.copy_(result);
    });
  });
}

/**
 * Fills `x` with one value.
 * @example
 * torch.nn.init.constant_(torch.empty([2]), 1.5) // tensor([1.5000, 1.5000])
 */
export function constant_(x: Tensor, ...args: Named<[val: number], ['val'], [], object>): Tensor {
  return inNameOf('constant_', () => {
    checkTensor('constant_', x);
    const { val } = readArguments<{ val: number }>('constant_', args, ['val']);
    return initialisation.skipped ? x : noGrad(() => x.fill_(val as number));
  });
}
/**
 * Fills `x` with ones.
 * @example
 * torch.nn.init.ones_(torch.empty([2])) // tensor([1., 1.])
 */
export const ones_ = (x: Tensor): Tensor => inNameOf('ones_', () => constant_(x, 1));
/**
 * Fills `x` with zeros.
 * @example
 * torch.nn.init.zeros_(torch.empty([2])) // tensor([0., 0.])
 */
export const zeros_ = (x: Tensor): Tensor => inNameOf('zeros_', () => constant_(x, 0));

/**
 * Makes a matrix the identity. Throws ShapeError for other tensors.
 * @example
 * torch.nn.init.eye_(torch.empty([2, 2]))
 * // tensor([[1., 0.],
 * //         [0., 1.]])
 */
export function eye_(x: Tensor): Tensor {
  checkTensor('eye_', x);
  if (x.ndim !== 2) throw new ShapeError(`eye_: only tensors with 2 dimensions are supported, not ${show(x.sizes)}`);
  return noGrad(() => {
    x.zero_();
    x.diagonal().fill_(1);
    return x;
  });
}

/**
 * Makes a convolution's weight pass on as many channels of each group as it can. Throws ShapeError unless it has 3 to 5
 * dims and the groups divide the first.
 * @example
 * torch.nn.init.dirac_(torch.empty([1, 1, 3])) // tensor([[[0., 1., 0.]]])
 */
export function dirac_(x: Tensor, ...args: Call<[groups?: number], { groups?: number | undefined }>): Tensor {
  checkTensor('dirac_', x);
  const { groups = 1 } = readArguments<{ groups: number }>('dirac_', args, ['groups']);
  if (x.ndim < 3 || x.ndim > 5)
    throw new ShapeError(`dirac_: only tensors with 3, 4, or 5 dimensions are supported, not ${show(x.sizes)}`);
  if (!Number.isInteger(groups) || groups < 1 || x.sizes[0]! % groups !== 0)
    throw new ShapeError(`dirac_: dim 0 of ${show(x.sizes)} must be divisible by groups=${groups}`);
  const out = x.sizes[0]! / groups;
  return noGrad(() => {
    x.zero_();
    for (let g = 0; g < groups; g++) {
      for (let d = 0; d < Math.min(out, x.sizes[1]!); d++) {
        let at = x.select(0, g * out + d).select(0, d);
        for (let k = 2; k < x.ndim; k++) at = at.select(0, Math.floor(x.sizes[k]! / 2));
        at.fill_(1);
      }
    }
    return x;
  });
}

/**
 * The factor by which a layer's weights should grow for the function that follows it. Throws TypeError if that is unknown.
 * @example
 * torch.nn.init.calculateGain('relu') // 1.4142135623730951
 */
export function calculateGain(
  nonlinearity: string,
  ...args: Call<[param?: number | null], { param?: number | null | undefined }>
): number {
  const { param = null } = readArguments<{ param: number | null }>('calculateGain', args, ['param']);
  if (param !== null) checkNumber('calculateGain', 'param', param);
  const name = snake(nonlinearity);
  if (name === 'tanh') return 5 / 3;
  if (name === 'relu') return Math.sqrt(2);
  if (name === 'leaky_relu') return Math.sqrt(2 / (1 + (param ?? 0.01) ** 2));
  if (name === 'selu') return 3 / 4;
  if (name === 'linear' || name === 'sigmoid' || /^conv(_transpose)?[123]d$/.test(name)) return 1;
  throw new TypeError(`calculateGain: unsupported nonlinearity ${describe(nonlinearity)}`);
}

/**
 * Uniform numbers with variance `2 gain² / (fan in + fan out)` (Glorot and Bengio, 2010). Throws ShapeError for less
 * than 2 dims.
 * @example
 * torch.manualSeed(0)
 * torch.nn.init.xavierUniform_(torch.empty(1, 3)) // tensor([[-0.0092,  0.6570, -1.0080]])
 */
export function xavierUniform_(x: Tensor, ...args: XavierArguments): Tensor {
  return inNameOf('xavierUniform_', () => {
    checkTensor('xavierUniform_', x);
    const { gain = 1, generator } = readArguments<XavierOptions>('xavierUniform_', args, ['gain', 'generator']);
    checkNumber('xavierUniform_', 'gain', gain);
    const { fanIn, fanOut } = fans('xavierUniform_', x);
    const bound = Math.sqrt(3) * (gain * Math.sqrt(2 / (fanIn + fanOut)));
    return uniform_(x, -bound, bound, { generator });
  });
}
/**
 * Normal numbers with variance `2 gain² / (fan in + fan out)` (Glorot and Bengio, 2010). Throws ShapeError for less
 * than 2 dims.
 * @example
 * torch.nn.init.xavierNormal_(torch.empty([2, 4]), 0).sum() // tensor(0.)
 */
export function xavierNormal_(x: Tensor, ...args: XavierArguments): Tensor {
  return inNameOf('xavierNormal_', () => {
    checkTensor('xavierNormal_', x);
    const { gain = 1, generator } = readArguments<XavierOptions>('xavierNormal_', args, ['gain', 'generator']);
    checkNumber('xavierNormal_', 'gain', gain);
    const { fanIn, fanOut } = fans('xavierNormal_', x);
    return normal_(x, 0, gain * Math.sqrt(2 / (fanIn + fanOut)), { generator });
  });
}

/** Options of {@link kaimingUniform_} and {@link kaimingNormal_}. */
export interface KaimingOptions extends GeneratorOptions {
  /** The slope below zero of the leaky relu that follows. */
  a?: number | undefined;
  mode?: FanMode | 'fanIn' | 'fanOut' | undefined;
  nonlinearity?: Nonlinearity | 'leakyRelu' | undefined;
}
type KaimingArguments = Call<
  [
    a?: number,
    mode?: FanMode | 'fanIn' | 'fanOut',
    nonlinearity?: Nonlinearity | 'leakyRelu',
    generator?: Generator | null,
  ],
  KaimingOptions
>;
const readKaiming = (where: string, args: readonly unknown[]): Partial<KaimingOptions> =>
  readArguments<KaimingOptions>(where, args, ['a', 'mode', 'nonlinearity', 'generator']);
function kaimingStd(where: string, x: Tensor, options: Partial<KaimingOptions>): number {
  const { a = 0, mode = 'fan_in', nonlinearity = 'leaky_relu' } = options;
  checkNumber(where, 'a', a);
  const wanted = snake(mode);
  if (wanted !== 'fan_in' && wanted !== 'fan_out')
    throw new TypeError(`${where}: mode ${describe(mode)} not supported, please use one of fan_in, fan_out`);
  const { fanIn, fanOut } = fans(where, x);
  return calculateGain(nonlinearity, a) / Math.sqrt(wanted === 'fan_in' ? fanIn : fanOut);
}
/**
 * Uniform numbers with variance `gain² / fan` (https://arxiv.org/abs/1502.01852); `a` is the slope of the leaky relu
 * that follows. Throws ShapeError for less than 2 dims.
 * @example
 * torch.manualSeed(0)
 * torch.nn.init.kaimingUniform_(torch.empty(1, 3)) // tensor([[-0.0106,  0.7586, -1.1640]])
 */
export function kaimingUniform_(x: Tensor, ...args: KaimingArguments): Tensor {
  return inNameOf('kaimingUniform_', () => {
    checkTensor('kaimingUniform_', x);
    const options = readKaiming('kaimingUniform_', args);
    if (x.sizes.includes(0)) return x;
    const bound = Math.sqrt(3) * kaimingStd('kaimingUniform_', x, options);
    return uniform_(x, -bound, bound, { generator: options.generator });
  });
}
/**
 * Normal numbers with variance `gain² / fan` (https://arxiv.org/abs/1502.01852). Throws ShapeError for less than 2
 * dims.
 * @example
 * torch.nn.init.kaimingNormal_(torch.empty([2, 6])).shape // torch.Size([2, 6])
 */
export function kaimingNormal_(x: Tensor, ...args: KaimingArguments): Tensor {
  return inNameOf('kaimingNormal_', () => {
    checkTensor('kaimingNormal_', x);
    const options = readKaiming('kaimingNormal_', args);
    if (x.sizes.includes(0)) return x;
    return normal_(x, 0, kaimingStd('kaimingNormal_', x, options), { generator: options.generator });
  });
}

/**
 * Fills `x` with a matrix of orthonormal rows or columns times `gain` (https://arxiv.org/abs/1312.6120); dims behind the
 * first count as one. Throws ShapeError for less than 2 dims.
 * @example
 * torch.manualSeed(0)
 * const w = torch.nn.init.orthogonal_(torch.empty(2, 5))
 * w.matmul(w.T).sub(torch.eye(2)).abs().max().item() < 1e-6 // true
 */
export function orthogonal_(
  x: Tensor,
  ...args: Call<[gain?: number, generator?: Generator | null], XavierOptions>
): Tensor {
  return inNameOf('orthogonal_', () => {
    checkTensor('orthogonal_', x);
    const { gain = 1, generator } = readArguments<XavierOptions>('orthogonal_', args, ['gain', 'generator']);
    checkNumber('orthogonal_', 'gain', gain);
    if (x.ndim < 2)
      throw new ShapeError(`orthogonal_: Only tensors with 2 or more dimensions are supported, not ${show(x.sizes)}`);
    if (x.count === 0 || initialisation.skipped) return x;
    return noGrad(() => {
      const rows = x.sizes[0]!;
      const cols = x.count / rows;
      const drawn = x.newEmpty([rows, cols]).normal_(0, 1, { generator });
      const tall = rows < cols ? drawn.t() : drawn;
      const { Q, R } = qr(tall);
      const q = Q.mul(R.diagonal().sign());
      return x.copy_((rows < cols ? q.t() : q).reshape(x.sizes)).mul_(gain);
    });
  });
}

/** Options of {@link sparse_}. */
export interface SparseOptions extends GeneratorOptions {
  std?: number | undefined;
}
/**
 * Fills a matrix with normal numbers, of which the share `sparsity` of each column is zero. Throws ShapeError for other
 * tensors.
 * @example
 * torch.manualSeed(0)
 * torch.nn.init.sparse_(torch.empty(4, 3), 0.5).ne(0).sum(0) // tensor([2, 2, 2])
 */
export function sparse_(
  x: Tensor,
  ...args: Named<[sparsity: number], ['sparsity'], [std?: number, generator?: Generator | null], SparseOptions>
): Tensor {
  return inNameOf('sparse_', () => {
    checkTensor('sparse_', x);
    const names = ['sparsity', 'std', 'generator'];
    const {
      sparsity,
      std = 0.01,
      generator,
    } = readArguments<SparseOptions & { sparsity: number }>('sparse_', args, names);
    checkNumber('sparse_', 'sparsity', sparsity);
    if (x.ndim !== 2)
      throw new ShapeError(`sparse_: Only tensors with 2 dimensions are supported, not ${show(x.sizes)}`);
    if (!(sparsity >= 0 && sparsity <= 1))
      throw new RangeError(`sparse_: expected a share from 0 to 1 for sparsity, not ${sparsity}`);
    if (initialisation.skipped) return x;
    return noGrad(() => {
      const [rows, cols] = x.sizes as readonly [number, number];
      const zeros = Math.ceil(sparsity * rows);
      x.normal_(0, std, { generator });
      for (let c = 0; c < cols; c++)
        x.select(1, c).indexFill_(0, randperm(rows, { device: x.device }).narrow(0, 0, zeros), 0);
      return x;
    });
  });
}
