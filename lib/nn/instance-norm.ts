// Instance, root-mean-square and local response normalization layers.
import { type Named, readArguments } from '../arguments.ts';
import { checkNumber, ShapeError } from '../errors.ts';
import { instanceNorm } from '../functional/vision.ts';
import { localResponseNorm, type LocalResponseNormOptions, rmsNorm } from '../ops/response-norm.ts';
import { type Shape, show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { ones_ } from './init.ts';
import { bool, FACTORY, type FactoryOptions, factoryOf, float, tuple, whole } from './internal.ts';
import { Module } from './module.ts';
import { checkDims, type NormArguments, NormBase } from './norm-base.ts';
import { emptyParameter, type Parameter } from './parameter.ts';

abstract class InstanceNorm extends NormBase {
  /** How many dims an input without a batch has. */
  protected abstract get unbatched(): number;
  constructor(...args: NormArguments) {
    super(new.target.name, args, false);
  }
  override forward(x: Tensor): Tensor {
    const where = this.constructor.name;
    const { unbatched, numFeatures, training, trackRunningStats } = this;
    checkDims(where, x, [unbatched, unbatched + 1]);
    const channels = x.sizes[x.ndim - unbatched];
    if (channels !== numFeatures) {
      const message = `expected input's size at dim=${x.ndim - unbatched} to match num_features (${numFeatures}), but got: ${channels}`;
      if (this.affine) throw new ShapeError(`${where}: ${message}`);
      process.emitWarning(`${where}: ${message}; it is not used because affine is false`);
    }
    const alone = x.ndim === unbatched;
    const y = instanceNorm(
      alone ? x.unsqueeze(0) : x,
      this.runningMean,
      this.runningVar,
      this.weight,
      this.bias,
      training || !trackRunningStats,
      this.momentum ?? 0,
      this.eps,
    );
    return alone ? y.squeeze(0) : y;
  }
}
/**
 * Normalization of each channel of each sample of [N, C, L] or [C, L] to mean 0 and variance 1
 * (https://arxiv.org/abs/1607.08022), then, if `affine` (false), times `weight` plus `bias`. Throws ShapeError for other
 * shapes.
 * @example
 * new torch.nn.InstanceNorm1d(1).forward(torch.tensor([[0.5, 1, 3]])) // tensor([[-0.9258, -0.4629,  1.3887]])
 * @example
 * new torch.nn.InstanceNorm1d(3)
 * // InstanceNorm1d(3, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=False)
 */
export class InstanceNorm1d extends InstanceNorm {
  protected override get unbatched(): number {
    return 2;
  }
}
/**
 * As {@link InstanceNorm1d}, of [N, C, H, W] or [C, H, W].
 * @example
 * new torch.nn.InstanceNorm2d(1).forward(torch.tensor([[[0.5, 1, 3]]])) // tensor([[[-0.9258, -0.4629,  1.3887]]])
 */
export class InstanceNorm2d extends InstanceNorm {
  protected override get unbatched(): number {
    return 3;
  }
}
/**
 * As {@link InstanceNorm1d}, of [N, C, D, H, W] or [C, D, H, W].
 * @example
 * new torch.nn.InstanceNorm3d(1).forward(torch.tensor([[[[0.5, 1, 3]]]])).flatten() // tensor([-0.9258, -0.4629,  1.3887])
 */
export class InstanceNorm3d extends InstanceNorm {
  protected override get unbatched(): number {
    return 4;
  }
}

/** Options of {@link RMSNorm}. */
export interface RMSNormOptions extends FactoryOptions {
  eps?: number | null | undefined;
  elementwiseAffine?: boolean | undefined;
}
/**
 * `x / sqrt(mean(x²) + eps) * weight` over the last dims, whose sizes are `normalizedShape`
 * (https://arxiv.org/abs/1910.07467). Throws ShapeError where the sizes are others.
 * @example
 * new torch.nn.RMSNorm(2).forward(torch.tensor([[3, 4.5]])).detach() // tensor([[0.7845, 1.1767]])
 * @example
 * new torch.nn.RMSNorm(4) // RMSNorm((4,), eps=None, elementwise_affine=True)
 */
export class RMSNorm extends Module {
  readonly normalizedShape: Shape;
  readonly eps: number | null;
  readonly elementwiseAffine: boolean;
  weight: Parameter | null;
  constructor(
    ...args: Named<
      [normalizedShape: number | Shape],
      ['normalizedShape'],
      [eps?: number | null, elementwiseAffine?: boolean],
      RMSNormOptions
    >
  ) {
    super();
    const options = readArguments<RMSNormOptions & { normalizedShape: number | Shape }>('RMSNorm', args, [
      'normalizedShape',
      'eps',
      'elementwiseAffine',
      ...FACTORY,
    ]);
    const shape: unknown = options.normalizedShape;
    this.normalizedShape = (Array.isArray(shape) ? (shape as unknown[]) : [shape]).map((n) =>
      whole('RMSNorm', 'normalizedShape', n),
    );
    this.eps = options.eps ?? null;
    this.elementwiseAffine = options.elementwiseAffine ?? true;
    const [dt, device] = factoryOf('RMSNorm', options);
    this.weight = this.elementwiseAffine ? emptyParameter(this.normalizedShape, dt, device) : null;
    this.resetParameters();
  }
  /** Sets the weight to ones. */
  resetParameters(): void {
    if (this.weight) ones_(this.weight);
  }
  override forward(x: Tensor): Tensor {
    return rmsNorm(x, this.normalizedShape, this.weight, this.eps);
  }
  override extraRepr(): string {
    return `${tuple(this.normalizedShape)}, eps=${float(this.eps)}, elementwise_affine=${bool(this.elementwiseAffine)}`;
  }
}

type ResponseArguments = Named<
  [size: number],
  ['size'],
  [alpha?: number, beta?: number, k?: number],
  LocalResponseNormOptions
>;
abstract class ResponseNorm extends Module {
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly k: number;
  constructor(...args: ResponseArguments) {
    super();
    const where = new.target.name;
    const options = readArguments<LocalResponseNormOptions & { size: number }>(where, args, [
      'size',
      'alpha',
      'beta',
      'k',
    ]);
    const { alpha = 1e-4, beta = 0.75, k = 1 } = options;
    this.size = whole(where, 'size', options.size, 1);
    for (const [name, value] of Object.entries({ alpha, beta, k })) checkNumber(where, name, value);
    this.alpha = alpha;
    this.beta = beta;
    this.k = k;
  }
}
/**
 * `x / (k + alpha mean(x²))^beta`, the mean over `size` neighbouring channels of [N, C, *]. Throws ShapeError for less
 * than 3 dims.
 * @example
 * new torch.nn.LocalResponseNorm(2) // LocalResponseNorm(2, alpha=0.0001, beta=0.75, k=1.0)
 */
export class LocalResponseNorm extends ResponseNorm {
  override forward(x: Tensor): Tensor {
    const { alpha, beta, k } = this;
    return localResponseNorm(x, this.size, { alpha, beta, k });
  }
  override extraRepr(): string {
    return `${this.size}, alpha=${float(this.alpha)}, beta=${float(this.beta)}, k=${float(this.k)}`;
  }
}
/**
 * As {@link LocalResponseNorm}, of [N, C, H, W], in the way of older networks: the sum of squares is over the channels
 * nearer than `(size + 1) / 2`, and, as in PyTorch, the first channel stays in it to the last. Throws ShapeError for
 * other shapes.
 * @example
 * new torch.nn.CrossMapLRN2d(3) // CrossMapLRN2d(3, alpha=0.0001, beta=0.75, k=1)
 */
export class CrossMapLRN2d extends ResponseNorm {
  override forward(x: Tensor): Tensor {
    checkDims('CrossMapLRN2d', x, [4]);
    const [n, c, h, w] = x.sizes as readonly [number, number, number, number];
    if (x.count === 0) return x;
    if (c > 1 << 14) throw new ShapeError(`CrossMapLRN2d: too many channels: ${show(x.sizes)}`);
    const reach = Math.trunc((this.size - 1) / 2 + 1);
    // which channels' squares each channel adds up
    const rows = Array.from({ length: c }, (_, i) =>
      Array.from({ length: c }, (__, j) => (Math.abs(i - j) < reach || (j === 0 && i >= reach) ? 1 : 0)),
    );
    const band = x.newTensor(rows, { dtype: x.dtype });
    const sums = band.matmul(x.square().reshape([n, c, h * w])).view(x.sizes);
    return x.mul(
      sums
        .mul(this.alpha / this.size)
        .add(this.k)
        .pow(-this.beta),
    );
  }
  override extraRepr(): string {
    return `${this.size}, alpha=${float(this.alpha)}, beta=${float(this.beta)}, k=${this.k}`;
  }
}
