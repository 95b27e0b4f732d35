// Dropout layers.
import { checkNumber } from '../errors.ts';
import { type Call, readArguments } from '../arguments.ts';
import { dropout, dropout1d, dropout2d, dropout3d } from '../functional/layers.ts';
import { alphaDropout, featureAlphaDropout } from '../functional/vision.ts';
import type { Tensor } from '../tensor.ts';
import { bool, float } from './internal.ts';
import { Module } from './module.ts';

/** Options of the dropout layers. */
export interface DropoutModuleOptions {
  p?: number | undefined;
  inplace?: boolean | undefined;
}
abstract class DropoutBase extends Module {
  p: number;
  readonly inplace: boolean;
  constructor(...args: Call<[p?: number, inplace?: boolean], DropoutModuleOptions>) {
    super();
    const { p = 0.5, inplace = false } = readArguments<DropoutModuleOptions>(new.target.name, args, ['p', 'inplace']);
    checkNumber(new.target.name, 'p', p);
    if (!(p >= 0 && p <= 1))
      throw new RangeError(`${new.target.name}: dropout probability has to be between 0 and 1, but got ${p}`);
    this.p = p;
    this.inplace = inplace;
  }
  override extraRepr(): string {
    return `p=${float(this.p)}, inplace=${bool(this.inplace)}`;
  }
}
/**
 * Zeroes elements with probability `p` (0.5) while training, and divides the others by `1 - p`
 * (https://arxiv.org/abs/1207.0580). Throws RangeError for other probabilities.
 * @example
 * torch.manualSeed(0)
 * new torch.nn.Dropout(0.2).forward(torch.ones(5)) // tensor([0.0000, 1.2500, 1.2500, 0.0000, 1.2500])
 * @example
 * new torch.nn.Dropout(0.2).eval().forward(torch.ones(2)) // tensor([1., 1.])
 */
export class Dropout extends DropoutBase {
  override forward(x: Tensor): Tensor {
    return dropout(x, this.p, this.training, this.inplace);
  }
}
/**
 * As {@link Dropout}, for whole channels of [N, C, L] or [C, L]. Throws ShapeError for other shapes.
 * @example
 * torch.manualSeed(0)
 * new torch.nn.Dropout1d().forward(torch.ones(3, 2))
 * // tensor([[0., 0.],
 * //         [0., 0.],
 * //         [2., 2.]])
 */
export class Dropout1d extends DropoutBase {
  override forward(x: Tensor): Tensor {
    return dropout1d(x, this.p, this.training, this.inplace);
  }
}
/**
 * As {@link Dropout}, for whole channels of [N, C, H, W].
 * @example
 * torch.manualSeed(0)
 * new torch.nn.Dropout2d().forward(torch.ones(1, 3, 1, 2))
 * // tensor([[[[0., 0.]],
 * //
 * //          [[0., 0.]],
 * //
 * //          [[2., 2.]]]])
 */
export class Dropout2d extends DropoutBase {
  override forward(x: Tensor): Tensor {
    return dropout2d(x, this.p, this.training, this.inplace);
  }
}
/**
 * As {@link Dropout}, for whole channels of [N, C, D, H, W] or [C, D, H, W].
 * @example
 * torch.manualSeed(0)
 * new torch.nn.Dropout3d().forward(torch.ones(3, 1, 1, 2)).sum([1, 2, 3]) // tensor([0., 0., 4.])
 */
export class Dropout3d extends DropoutBase {
  override forward(x: Tensor): Tensor {
    return dropout3d(x, this.p, this.training, this.inplace);
  }
}
/**
 * Sets elements with probability `p` (0.5) while training to what SELU saturates at, and scales so that mean and
 * variance stay (https://arxiv.org/abs/1706.02515). Throws RangeError for other probabilities.
 * @example
 * torch.manualSeed(0)
 * new torch.nn.AlphaDropout(0.5).forward(torch.tensor([1.5, 2])) // tensor([-0.7792, -0.7792])
 */
export class AlphaDropout extends DropoutBase {
  override forward(x: Tensor): Tensor {
    return alphaDropout(x, this.p, this.training, this.inplace);
  }
}
/**
 * As {@link AlphaDropout}, for whole channels of [N, C, *]. Throws ShapeError for less than 2 dims.
 * @example
 * new torch.nn.FeatureAlphaDropout().eval().forward(torch.ones(1, 2)) // tensor([[1., 1.]])
 */
export class FeatureAlphaDropout extends DropoutBase {
  override forward(x: Tensor): Tensor {
    return featureAlphaDropout(x, this.p, this.training, this.inplace);
  }
}
