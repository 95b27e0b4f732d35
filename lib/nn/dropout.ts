// Dropout layers.
import { type Call, readArguments } from '../define.ts';
import { dropout, featureDropout } from '../ops/dropout.ts';
import type { Tensor } from '../tensor.ts';
import { bool, float, placed } from './internal.ts';
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
 * Zeroes elements with probability `p` while training.
 * @example
 * new torch.nn.Dropout(0.2) // Dropout(p=0.2, inplace=False)
 */
export class Dropout extends DropoutBase {
  override forward(x: Tensor): Tensor {
    return placed(x, dropout(x, this.p, this.training), this.inplace);
  }
}
/** What Dropout1d, 2d and 3d do: zeroes whole channels while training. */
abstract class ChannelDropout extends DropoutBase {
  /** Dims of an input that has no batch. */
  protected abstract readonly unbatched: number;
  override forward(x: Tensor): Tensor {
    const y =
      x.ndim === this.unbatched
        ? featureDropout(x.unsqueeze(0), this.p, this.training).squeeze(0)
        : featureDropout(x, this.p, this.training);
    return placed(x, y, this.inplace);
  }
}
/** Zeroes channels of [N, C, L] or [C, L] with probability `p` while training. */
export class Dropout1d extends ChannelDropout {
  protected override readonly unbatched = 2;
}
/** Zeroes channels of [N, C, H, W] with probability `p` while training. */
export class Dropout2d extends ChannelDropout {
  // as in PyTorch, [C, H, W] is taken for [N, C, L]
  protected override readonly unbatched = -1;
}
/** Zeroes channels of [N, C, D, H, W] or [C, D, H, W] with probability `p` while training. */
export class Dropout3d extends ChannelDropout {
  protected override readonly unbatched = 4;
}
